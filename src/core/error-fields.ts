import { type Attribute, attribute } from './attribute.ts'
import type { Exchange } from './exchange.ts'
import type { HeaderList } from './headers.ts'
import type { ResponseMessage } from './message.ts'

/**
 * Fields that an error answer to the exchange must have, whoever makes it: error answers pass no filter on their way back, and
 * a browser does not show a page one that lacks the fields of CORS.
 */
const errorFields: Attribute<HeaderList> = attribute<HeaderList>('errorFields')

/**
 * Asks for more of them. Where a filter further out has asked for one of the same name, that one stands, as it does in all other
 * answers; `Vary` says more than one thing. The list is not changed, so that many exchanges may share it.
 */
export function addErrorFields(exchange: Exchange, fields: HeaderList): void {
  const earlier = exchange.get(errorFields)
  if (earlier === undefined) {
    exchange.set(errorFields, fields)
    return
  }
  const all = earlier.clone()
  for (const [name, value] of fields)
    if (isVary(name) ? !all.getAll(name).includes(value) : !earlier.has(name)) all.append(name, value)
  exchange.set(errorFields, all)
}

/** Adds them, in the place of what the answer has of the same names; `Vary` says more than one thing. */
export function withErrorFields(answer: ResponseMessage, exchange: Exchange): ResponseMessage {
  const fields = exchange.get(errorFields)
  if (fields === undefined) return answer
  const { headers } = answer
  for (const [name] of fields) if (!isVary(name)) headers.delete(name)
  for (const [name, value] of fields) headers.append(name, value)
  return answer
}

function isVary(name: string): boolean {
  return name.toLowerCase() === 'vary'
}
