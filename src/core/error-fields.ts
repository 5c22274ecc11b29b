import { type Attribute, attribute } from './attribute.ts'
import type { Exchange } from './exchange.ts'
import { HeaderList } from './headers.ts'
import type { ResponseMessage } from './message.ts'

/**
 * Fields that an error answer to the exchange must have, whoever makes it: error answers pass no filter on their way back, and
 * a browser does not show a page one that lacks the fields of CORS.
 */
const errorFields: Attribute<HeaderList> = attribute<HeaderList>('errorFields')

/** One that stands alone. Where a filter further out has set it already, that one decides, as it does for all other answers. */
export function setErrorField(exchange: Exchange, name: string, value: string): void {
  const fields = fieldsOf(exchange)
  if (!fields.has(name)) fields.append(name, value)
}

/** One that may stand beside others of its name. The same one is not added again, by another attempt for example. */
export function addErrorField(exchange: Exchange, name: string, value: string): void {
  const fields = fieldsOf(exchange)
  if (!fields.getAll(name).includes(value)) fields.append(name, value)
}

function fieldsOf(exchange: Exchange): HeaderList {
  let fields = exchange.get(errorFields)
  if (fields === undefined) {
    fields = new HeaderList()
    exchange.set(errorFields, fields)
  }
  return fields
}

/** Adds them, in the place of what the answer has of the same names; `Vary` says more than one thing. */
export function withErrorFields(answer: ResponseMessage, exchange: Exchange): ResponseMessage {
  const fields = exchange.get(errorFields)
  if (fields === undefined) return answer
  const { headers } = answer
  for (const [name] of fields) if (name.toLowerCase() !== 'vary') headers.delete(name)
  for (const [name, value] of fields) headers.append(name, value)
  return answer
}
