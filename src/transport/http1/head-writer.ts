import { STATUS_CODES } from 'node:http'
import { FieldKind } from '../../core/field-name.ts'

/** What never goes on from a request as it came: the proxy writes these itself, or they end here. */
export const REQUEST_DROPPED: number =
  FieldKind.hopByHop |
  FieldKind.framing |
  FieldKind.host |
  FieldKind.expect |
  FieldKind.forwarding |
  FieldKind.disguised

/** As above, from a response. */
export const RESPONSE_DROPPED: number = FieldKind.hopByHop | FieldKind.framing

/** RFC 9112 section 4. A filter may set any text; one with a line break would begin another field. */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/

const statusLines = new Map<number, string>()

/** The status line, with the usual reason phrase unless another is given. */
export function statusLine(status: number, reason: string | undefined): string {
  let line = statusLines.get(status)
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
    // At most one entry for each of the 500 codes there are.
    statusLines.set(status, line)
  }
  if (reason === undefined || reason === '' || reason === STATUS_CODES[status] || !REASON.test(reason))
    return line
  return `HTTP/1.1 ${status} ${reason}\r\n`
}
