import { type Attribute, attribute } from './attribute.ts'
import type { Exchange } from './exchange.ts'
import type { HeaderList } from './headers.ts'
import type { ResponseMessage } from './message.ts'

/**
 * Fields that an error answer to the exchange must have, whoever makes it: error answers pass no filter on their way back, and
 * a browser does not show a page one that lacks the fields of CORS.
 */
const errorFields: Attribute<HeaderList> = attribute<HeaderList>('errorFields')

/** Asks for more of them. The list is not changed, so that many exchanges may share it. */
export function addErrorFields(exchange: Exchange, fields: HeaderList): void {
  const earlier = exchange.get(errorFields)
  if (earlier === undefined) exchange.set(errorFields, fields)
  else exchange.set(errorFields, merged(earlier.clone(), fields))
}

/** Adds them. */
export function withErrorFields(answer: ResponseMessage, exchange: Exchange): ResponseMessage {
  const fields = exchange.get(errorFields)
  if (fields !== undefined) merged(answer.headers, fields)
  return answer
}

function merged(into: HeaderList, fields: HeaderList): HeaderList {
  for (const [name, value] of fields)
    if (name.toLowerCase() === 'vary') into.append(name, value)
    else into.set(name, value)
  return into
}
