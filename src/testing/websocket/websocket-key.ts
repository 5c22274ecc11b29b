import { createHash } from 'node:crypto'

/** @internal The answer to a `Sec-WebSocket-Key` (RFC 6455 section 4.2.2). */
export function webSocketAccept(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
