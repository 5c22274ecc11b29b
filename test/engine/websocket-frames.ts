import { onTestFinished } from 'vitest'
import type { Filter } from '../../src/index.ts'
import {
  client,
  type Gateway,
  type GatewayOptions,
  gateway,
  type Peer,
  type RawUpstream,
  rawUpstream,
  SWITCHED,
  WEBSOCKET,
} from './support.ts'

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameParts {
  readonly opcode: number
  readonly data: Buffer
  readonly fin: boolean
  readonly rsv: number
  readonly masked: boolean
}

/** A frame by the book of RFC 6455 section 5.2, or against it. Masked, it is what clients send. */
export function frame(
  opcode: number,
  data: string | Buffer = '',
  {
    fin = true,
    rsv = 0,
    masked = true,
    length,
  }: { fin?: boolean; rsv?: number; masked?: boolean; length?: number | bigint } = {},
): Buffer {
  const payload = Buffer.from(data)
  const size = length ?? payload.length
  const head = Buffer.alloc(2)
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  let extended = Buffer.alloc(0)
  if (typeof size === 'bigint' || size > 0xffff) {
    head[1] = 127
    extended = Buffer.alloc(8)
    extended.writeBigUInt64BE(BigInt(size))
  } else if (size > 125) {
    head[1] = 126
    extended = Buffer.alloc(2)
    extended.writeUInt16BE(size)
  } else head[1] = size
  if (!masked) return Buffer.concat([head, extended, payload])
  head[1]! |= 0x80
  const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d])
  const hidden = payload.map((byte, i) => byte ^ mask[i % 4]!)
  return Buffer.concat([head, extended, mask, hidden])
}

/** The content of a close frame. */
export function closing(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  return payload
}

/** The next frame that a peer was sent. */
export async function nextFrame(peer: Peer): Promise<FrameParts> {
  const [first, second] = (await peer.bytes(2)) as unknown as [number, number]
  let size = second & 0x7f
  if (size === 126) size = (await peer.bytes(2)).readUInt16BE()
  else if (size === 127) size = Number((await peer.bytes(8)).readBigUInt64BE())
  const masked = (second & 0x80) !== 0
  const mask = masked ? await peer.bytes(4) : Buffer.alloc(4)
  const data = (await peer.bytes(size)).map((byte, i) => byte ^ mask[i % 4]!) as Buffer
  return {
    opcode: first & 0x0f,
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 7,
    masked,
    data: Buffer.from(data),
  }
}

/** The next text that a peer was sent. */
export async function nextText(peer: Peer): Promise<string> {
  const { opcode, data } = await nextFrame(peer)
  if (opcode !== Opcode.text) throw new Error(`opcode ${opcode} in place of a text`)
  return data.toString()
}

/** The code with which a peer is closed next. */
export async function closeCode(peer: Peer): Promise<number | undefined> {
  const { opcode, data } = await nextFrame(peer)
  if (opcode !== Opcode.close) throw new Error(`opcode ${opcode} in place of a close frame`)
  return data.length === 0 ? undefined : data.readUInt16BE()
}

export interface OpenWebSocket {
  readonly app: Gateway
  readonly upstream: RawUpstream
  readonly from: Peer
  readonly peer: Peer
}

/** A connection through a filter, with the test at both ends. `extensions`: what both have agreed on; `early`: what comes
 * with the heads. */
export async function openWebSocket(
  filter: Filter,
  {
    extensions,
    earlyUp = Buffer.alloc(0),
    earlyDown = Buffer.alloc(0),
    ...options
  }: GatewayOptions & { extensions?: string; earlyUp?: Buffer; earlyDown?: Buffer } = {},
): Promise<OpenWebSocket> {
  const upstream = await rawUpstream()
  const app = await gateway(upstream, { filters: [filter], ...options })
  const from = await client(app)
  const line = extensions === undefined ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`
  // What comes early may be more than is taken yet.
  void from.send(Buffer.concat([Buffer.from(WEBSOCKET.replace(/\r\n$/, `${line}\r\n`)), earlyUp]))
  const peer = await upstream.accept()
  await peer.request()
  await peer.send(Buffer.concat([Buffer.from(SWITCHED.replace(/\r\n$/, `${line}\r\n`)), earlyDown]))
  await from.until('\r\n\r\n')
  onTestFinished(() => {
    from.close()
    peer.close()
  })
  return { app, upstream, from, peer }
}
