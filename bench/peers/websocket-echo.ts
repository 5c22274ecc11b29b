import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'

/** Of each message; so short that a frame's head has two bytes. */
export const MESSAGE_BYTES = 100
const MASK_BYTES = 4

/** Answers a handshake, and from then on every message with the same. */
export function echoWebSocket(socket: Socket, head: string): void {
  const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.removeAllListeners('data')
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (bytes.length - at >= 2) {
      const size = bytes[at + 1]! & 0x7f
      const begin = at + 2 + MASK_BYTES
      if (bytes.length < begin + size) break
      const frame = Buffer.allocUnsafe(2 + size)
      frame[0] = bytes[at]!
      frame[1] = size
      for (let i = 0; i < size; i++) frame[2 + i] = bytes[begin + i]! ^ bytes[at + 2 + (i % MASK_BYTES)]!
      socket.write(frame)
      at = begin + size
    }
    rest = bytes.subarray(at)
  })
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
}
