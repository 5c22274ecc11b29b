import { FieldKind } from '../../core/field-name.ts'
import { HeaderList } from '../../core/headers.ts'
import { ConnectionOptions } from './connection-options.ts'
import {
  CR,
  contentLength,
  FIELD_VALUE,
  FieldLines,
  incomplete,
  isValueByte,
  LF,
  malformed,
  NO_BYTE,
} from './syntax.ts'

export interface ResponseHeadLimits {
  readonly headBytes: number
  readonly headers: number
}

/** A response head that was read strictly, and what it says about its framing and connection. */
export class ResponseHead {
  status = 0
  reason = ''
  minor: 0 | 1 = 1
  headers: HeaderList = NO_FIELDS
  /** -1 when the head names none. */
  contentLength = -1
  chunked = false
  keepAlive = true
  /** `Keep-Alive: timeout=n`, in milliseconds; -1 when there is none. */
  keepAliveMs = -1
  /** The protocol of an `Upgrade` that `Connection` also names. */
  upgrade: string | undefined = undefined
  nominated: readonly string[] | undefined = undefined
  end = 0
}

const lines = new FieldLines()
/** Until the fields of a head were read. */
const NO_FIELDS = new HeaderList()
const VERSION = Buffer.from('HTTP/1.')

/** Reads a response head from `bytes`. As `parseRequestHead`. */
export function parseResponseHead(
  bytes: Buffer,
  start: number,
  available: number,
  limits: ResponseHeadLimits,
): ResponseHead | undefined {
  const end = Math.min(available, start + limits.headBytes)
  let i = start
  for (const expected of VERSION) {
    if (i >= end) return incomplete(end, available, NO_BYTE)
    if (bytes[i] !== expected) throw malformed('a status line that does not begin with HTTP/1.')
    i++
  }
  if (i + 5 >= end) return incomplete(end, available, NO_BYTE)
  const minor = bytes[i]! - 0x30
  if (minor !== 0 && minor !== 1) throw malformed('an HTTP version other than 1.0 and 1.1')
  if (bytes[i + 1] !== 0x20) throw malformed('a status line without a space after the version')
  const status = digit(bytes[i + 2]!) * 100 + digit(bytes[i + 3]!) * 10 + digit(bytes[i + 4]!)
  if (status < 100 || status > 599) throw malformed('a status code out of range')
  i += 5
  // RFC 9112 section 4 wants the space even before an empty reason; servers that leave it out are common, and nothing
  // depends on it.
  if (bytes[i] === 0x20) i++
  else if (bytes[i] !== CR) throw malformed('a status code of more than three digits')
  const reasonAt = i
  while (i < end && isValueByte(bytes[i]!)) i++
  const reasonEnd = i
  if (i >= end) return incomplete(end, available, FIELD_VALUE)
  if (bytes[i] !== CR) throw malformed('a control character in the reason phrase')
  if (i + 1 >= end) return incomplete(end, available, NO_BYTE)
  if (bytes[i + 1] !== LF) throw malformed('a carriage return without a line feed')
  i += 2

  const behind = lines.scan(bytes, i, end, limits.headers)
  if (behind < 0) return incomplete(end, available, lines.awaits)

  const head = new ResponseHead()
  const text = bytes.toString('latin1', reasonAt, behind)
  head.end = behind
  head.status = status
  head.minor = minor
  head.reason = text.substring(0, reasonEnd - reasonAt)
  head.headers = lines.list(text, reasonAt)
  readFields(head, bytes, text, reasonAt)
  return head
}

function digit(byte: number): number {
  if (byte < 0x30 || byte > 0x39) throw malformed('a status code that is no number')
  return byte - 0x30
}

function readFields(head: ResponseHead, bytes: Buffer, text: string, base: number): void {
  let connection: ConnectionOptions | undefined
  let upgrade: string | undefined
  let hasCoding = false
  for (let line = 0; line < lines.marked; line++) {
    const kind = lines.kind(line)
    if ((kind & (FieldKind.hopByHop | FieldKind.framing)) === 0) continue
    const value = lines.value(line, text, base)
    if ((kind & FieldKind.framing) !== 0) {
      if (lines.endsInTab(line, bytes)) throw malformed('a tab behind a value that frames the message')
      if ((kind & FieldKind.hopByHop) === 0) {
        if (head.contentLength >= 0) throw malformed('more than one Content-Length')
        head.contentLength = contentLength(value)
      } else {
        if (hasCoding || value.toLowerCase() !== 'chunked')
          throw malformed('a Transfer-Encoding that is not "chunked" alone')
        if (head.minor === 0) throw malformed('Transfer-Encoding in HTTP/1.0')
        hasCoding = true
      }
    } else if ((kind & FieldKind.connection) !== 0) {
      connection ??= new ConnectionOptions()
      connection.add(value)
    } else {
      const lower = lines.lowerName(line, text, base)
      if (lower === 'upgrade') upgrade = upgrade === undefined ? value : `${upgrade}, ${value}`
      else if (lower === 'keep-alive') head.keepAliveMs = keepAliveMs(value)
    }
  }
  if (hasCoding && head.contentLength >= 0) throw malformed('both Content-Length and Transfer-Encoding')
  head.chunked = hasCoding
  head.keepAlive = connection === undefined ? head.minor === 1 : connection.persistent(head.minor)
  head.nominated = connection?.nominated
  if (upgrade !== undefined && connection?.upgrade === true) head.upgrade = upgrade
}

/** The hint of `Keep-Alive: timeout=5`; a form that is not understood is no hint. */
function keepAliveMs(value: string): number {
  const found = /(?:^|[,\s])timeout\s*=\s*"?(\d{1,9})/i.exec(value)
  return found === null ? -1 : Number(found[1]) * 1000
}
