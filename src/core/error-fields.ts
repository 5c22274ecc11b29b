import { type Attribute, attribute } from './attribute.ts'
import type { ProxyError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { HeaderList } from './headers.ts'
import type { ResponseMessage } from './message.ts'
import { errorStatusMember, usualStatusMember } from './proxy-status.ts'

/**
 * Fields that an error answer to the exchange must have, whoever makes it: error answers pass no filter on their way back, and
 * a browser does not show a page one that lacks the fields of CORS. A list for each filter that asks, outermost first.
 */
const errorFields: Attribute<readonly HeaderList[]> = attribute<readonly HeaderList[]>('errorFields')

/**
 * Asks for more of them. Where a filter further out has asked for one of the same name, that one stands, as it does in all other
 * answers; `Vary` says more than one thing. The list is not changed, so that many exchanges may share it.
 */
export function addErrorFields(exchange: Exchange, fields: HeaderList): void {
  // A new list: what a call of a filter asks for must not stand in the answer to the exchange that it was made for.
  exchange.set(errorFields, [...(exchange.get(errorFields) ?? []), fields])
}

/** Adds them, in the place of what the answer has of the same names; `Vary` says more than one thing. */
export function withErrorFields(
  answer: ResponseMessage,
  error: ProxyError,
  exchange: Exchange,
): ResponseMessage {
  const { headers } = answer
  const member = exchange.get(errorStatusMember)
  const usual = member && usualStatusMember(error)
  // What an error handler says of its own accord stands.
  if (member !== undefined && usual !== undefined && headers.get('proxy-status') === usual)
    headers.set('Proxy-Status', member(error, exchange))
  const said = new Set<string>()
  for (const fields of exchange.get(errorFields) ?? []) {
    const names = new Set<string>()
    for (const [name, value] of fields) {
      const lower = name.toLowerCase()
      if (lower === 'vary') {
        if (!headers.getAll(name).includes(value)) headers.append(name, value)
      } else if (!said.has(lower)) {
        if (!names.has(lower)) headers.delete(name)
        headers.append(name, value)
        names.add(lower)
      }
    }
    for (const name of names) said.add(name)
  }
  return answer
}
