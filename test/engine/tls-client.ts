import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { Peer } from './peer.ts'
import { socketLine } from './test-network.ts'

export interface TlsClient {
  readonly peer: Peer
  readonly socket: TLSSocket
  /** What carries it. */
  readonly raw: Socket
}

/** Where a proxy listens. */
export function portOf({ url }: { readonly url: string }): number {
  return Number(new URL(url).port)
}

export interface TlsClientOptions extends ConnectionOptions {
  /** Called before the handshake. */
  readonly onSocket?: (socket: TLSSocket) => void
}

/** Connects by Node's own TLS; rejects when the handshake fails. Trusts anyone unless it is told whom. */
export async function tlsClient(
  to: { readonly url: string },
  { onSocket, ...options }: TlsClientOptions = {},
): Promise<TlsClient> {
  const raw = connectTcp({ host: '127.0.0.1', port: portOf(to), noDelay: true, allowHalfOpen: true })
  raw.on('error', () => {})
  const socket = connectTls({ rejectUnauthorized: options.ca !== undefined, ...options, socket: raw })
  onTestFinished(() => void raw.destroy())
  onSocket?.(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed in the handshake')))
  })
  return { peer: new Peer({ ...socketLine(socket), reset: () => void raw.resetAndDestroy() }), socket, raw }
}

/** A connection that speaks no TLS. */
export async function plainClient(to: { readonly url: string }): Promise<Peer> {
  const socket = connectTcp({ host: '127.0.0.1', port: portOf(to), noDelay: true, allowHalfOpen: true })
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const peer = new Peer(socketLine(socket))
  onTestFinished(() => peer.close())
  return peer
}

/** The session that a connection could be gone on with, when the server has given one. */
export function sessionOf({ socket }: TlsClient): Promise<Buffer> {
  return new Promise((resolve) => socket.once('session', resolve))
}
