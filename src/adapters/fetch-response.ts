import { Body } from '../core/body.ts'
import { FieldKind } from '../core/field-name.ts'
import { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { StreamSource } from './stream-source.ts'

const DIGITS = /^\d{1,15}$/

/** A response of the Fetch standard as the engine has it. Throws what will be answered as an error of the app's. */
export function responseMessage(response: Response): ResponseMessage {
  if (!isResponse(response))
    throw new TypeError(`a fetch-style app must return a Response, got ${shown(response)}`)
  const { status, statusText, body } = response
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    // `Response.error()` has 0. A status of 1xx cannot be in a `Response` that is one.
    dropStream(body)
    throw new TypeError(`a fetch-style app answered with the status ${String(status)}`)
  }
  if (response.bodyUsed || body?.locked === true)
    throw new TypeError('a fetch-style app answered with a Response of which the body was read already')
  let headers: HeaderList
  try {
    headers = fieldsOf(response)
  } catch (thrown) {
    dropStream(body)
    throw thrown
  }
  return new ResponseMessage(
    status,
    headers,
    body === null ? Body.empty() : new Body(new StreamSource(body, lengthOf(headers))),
    statusText === '' ? undefined : statusText,
  )
}

function fieldsOf(response: Response): HeaderList {
  const list = new HeaderList()
  for (const [name, value] of response.headers) if (name !== 'set-cookie') list.append(name, value)
  for (const cookie of response.headers.getSetCookie()) list.append('set-cookie', cookie)
  for (const name of list.fields
    .filter(({ kind }) => (kind & FieldKind.hopByHop) !== 0)
    .map((it) => it.lower))
    list.delete(name)
  if (wasDecoded(response)) list.delete('content-encoding').delete('content-length')
  const length = list.get('content-length')
  if (length !== undefined && !DIGITS.test(length)) list.delete('content-length')
  return list
}

function lengthOf(headers: HeaderList): number | undefined {
  const length = headers.get('content-length')
  return length === undefined ? undefined : Number(length)
}

/** What `fetch` gives says how the body came, and not what it is now: it has been decoded. */
function wasDecoded({ type, body, headers }: Response): boolean {
  return type !== 'default' && body !== null && headers.has('content-encoding')
}

function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true
  // Some frameworks have a class of their own.
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Response).status === 'number' &&
    typeof (value as Response).headers?.getSetCookie === 'function' &&
    isStreamOrNull((value as Response).body)
  )
}

function isStreamOrNull(body: unknown): boolean {
  return body === null || body instanceof ReadableStream
}

function dropStream(body: ReadableStream | null): void {
  // A stream that fails over its end, or that someone else reads, is the app's affair.
  if (body !== null && !body.locked) body.cancel().catch(() => {})
}

function shown(value: unknown): string {
  return value === null
    ? 'null'
    : typeof value === 'object'
      ? (value.constructor?.name ?? 'an object')
      : typeof value
}
