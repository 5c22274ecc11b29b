import { STATUS_CODES } from 'node:http'
import { FieldKind, type HeaderList } from '../../core/headers.ts'

/** What never goes on from a request as it came: the proxy writes these itself, or they end here. */
export const REQUEST_DROPPED: number =
  FieldKind.hopByHop | FieldKind.framing | FieldKind.host | FieldKind.expect | FieldKind.forwarding

/** As above, from a response. */
export const RESPONSE_DROPPED: number = FieldKind.hopByHop | FieldKind.framing

/** Field lines as they go to the next hop, in their order, without those of the `dropped` kinds. */
export function fieldLines(headers: HeaderList, dropped: number): string {
  const { fields, values } = headers
  let lines = ''
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!
    if ((field.kind & dropped) === 0) lines += `${field.wire}: ${values[i]!}\r\n`
  }
  return lines
}

const statusLines = new Map<number, string>()

/** The status line, with the usual reason phrase unless another is given. */
export function statusLine(status: number, reason: string | undefined): string {
  let line = statusLines.get(status)
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
    // At most one entry for each of the 500 codes there are.
    statusLines.set(status, line)
  }
  if (reason === undefined || reason === '' || reason === STATUS_CODES[status]) return line
  return `HTTP/1.1 ${status} ${reason}\r\n`
}
