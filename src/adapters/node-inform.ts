import type { OutgoingHttpHeaders } from 'node:http'
import { FieldKind } from '../core/field-name.ts'
import type { HeaderList } from '../core/headers.ts'
import { RESPONSE_DROPPED } from '../transport/http1/head-writer.ts'
import type { NodeResponse } from './node-response-writer.ts'

/** Sends an interim response, where this version of Node has the means to. */
export function informNode(response: NodeResponse, status: number, headers: HeaderList): void {
  if (response.headersSent || response.writableEnded) return
  const fields: Record<string, string | string[]> = Object.create(null)
  headers.fields.forEach(({ lower, kind }, i) => {
    if ((kind & (RESPONSE_DROPPED | FieldKind.handshake)) !== 0) return
    const before = fields[lower]
    fields[lower] = before === undefined ? headers.values[i]! : [before, headers.values[i]!].flat()
  })
  const { writeInformation } = response as Informing
  if (writeInformation !== undefined) writeInformation.call(response, status, fields)
  else if (status === 103) response.writeEarlyHints(fields)
}

/** Since Node 24.18; before that, it knows of 103 alone. */
interface Informing {
  writeInformation?: (status: number, fields: OutgoingHttpHeaders) => void
}
