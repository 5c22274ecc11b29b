import { type Attribute, attribute } from './attribute.ts'
import type { Exchange } from './exchange.ts'
import type { HeaderList } from './headers.ts'
import type { ResponseMessage } from './message.ts'

/**
 * Fields that an error answer to the exchange must have, whoever makes it: error answers pass no filter on their way back, and
 * a browser does not show a page one that lacks the fields of CORS.
 */
export const errorFields: Attribute<HeaderList> = attribute<HeaderList>('errorFields')

/** Adds them. */
export function withErrorFields(answer: ResponseMessage, exchange: Exchange): ResponseMessage {
  const fields = exchange.get(errorFields)
  if (fields !== undefined)
    for (const [name, value] of fields)
      if (name.toLowerCase() === 'vary') answer.headers.append(name, value)
      else answer.headers.set(name, value)
  return answer
}
