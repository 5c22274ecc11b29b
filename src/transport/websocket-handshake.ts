import { createHash } from 'node:crypto'
import type { Random } from '../core/random.ts'

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A key for a handshake over HTTP/1.1, which has to be answered with `acceptOf`. It is no secret. */
export function newKey(random: Random): string {
  return Buffer.from(Array.from({ length: 16 }, () => random() * 256)).toString('base64')
}

/** The `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`: proof that the handshake was understood. */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}
