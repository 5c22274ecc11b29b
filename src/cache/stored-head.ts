import { FieldKind } from '../core/field-name.ts'
import { HeaderList, trimWhiteSpace } from '../core/headers.ts'
import { ageValue } from './age.ts'
import { formatHttpDate, parseHttpDate } from './http-date.ts'
import { singleValue } from './single-value.ts'

/**
 * The head of a response as it is stored (RFC 9111 section 3.1): without the fields of its connection, those that its
 * `Connection` names, and those in `without` (lower case). It has a `Date` that can be read, of when it came if need be (RFC 9110
 * section 6.6.1).
 */
export function storedHead(
  headers: HeaderList,
  without: readonly string[],
  responseTime: number,
): HeaderList {
  const left = leftOut(headers)
  for (const name of without) left.add(name)
  const stored = new HeaderList()
  for (const [name, value] of headers) if (!left.has(name.toLowerCase())) stored.append(name, value)
  const date = singleValue(stored, 'date')
  if (date === undefined || parseHttpDate(date, responseTime) === undefined)
    stored.set('Date', formatHttpDate(responseTime))
  return stored
}

/** The head of an answer from the store: with its age of now (RFC 9111 section 5.1), in ms. */
export function reusedHead(stored: HeaderList, ageMs: number): HeaderList {
  return stored.clone().set('Age', ageValue(ageMs))
}

/** The lower-case names of the fields that end at this hop. */
export function leftOut(headers: HeaderList): Set<string> {
  const names = new Set<string>()
  for (const field of headers.fields) if ((field.kind & FieldKind.hopByHop) !== 0) names.add(field.lower)
  for (const line of headers.getAll('connection'))
    for (const name of line.split(',')) names.add(trimWhiteSpace(name).toLowerCase())
  return names
}
