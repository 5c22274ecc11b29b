import type { ProxyError } from './errors.ts'

/** One end's address. */
export interface Address {
  readonly address: string
  readonly port: number
}

/**
 * What became of the memory of a chunk, when the call that brought it returns. `true`: nobody holds it, it may be read
 * into again. `false`: it is lent: only a wire holds it, until its bytes have left. `undefined`: someone keeps it.
 */
export type MemoryUse = boolean | undefined

/** Up to this size, bytes are copied rather than that the memory of a whole read is held for them. */
export const SMALL_BYTES = 16_384

/** Called by a wire. One handler at a time owns a wire and everything that happens on it. */
export interface WireHandler {
  /** Bytes came. */
  onData(chunk: Buffer): MemoryUse
  /** The peer will send no more. */
  onEnd(): void
  /** What was written has left; write again. Called after a write that returned `false`. */
  onDrain(): void
  /** It is over, once, whoever ended it. `error` is why, unless the end was an orderly one. */
  onClose(error: Error | undefined): void
}

/** A connection that carries bytes both ways: a TCP or TLS socket, or one end of an in-memory pair. */
export interface Wire {
  handler: WireHandler
  readonly remote: Address
  readonly local: Address
  readonly tls: TlsFacts | undefined
  /** Bytes written and not yet taken by the operating system. */
  readonly pendingBytes: number
  /** A string is written as latin1. `false`: wait for `onDrain` before writing more. */
  write(data: Uint8Array | string): boolean
  /** Holds writes back until `uncork`, so that they leave together. */
  cork(): void
  uncork(): void
  pause(): void
  resume(): void
  /** Sends what is pending, then the end of the stream. Reading goes on. */
  end(): void
  /** Closes at once. `onClose` follows. */
  destroy(): void
  /** Closes at once with a reset, so that the peer cannot mistake it for an orderly end. */
  reset(): void
}

/** What was agreed on for a TLS connection. */
export interface TlsFacts {
  /** `TLSv1.3`, for example. */
  readonly protocol: string
  /** The application protocol that both sides agreed on, `http/1.1` for example. */
  readonly alpn: string | undefined
  /** The host name that the client asked for (SNI). */
  readonly servername: string | undefined
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** Present for TLS. */
  readonly tls?: TlsConnectOptions | undefined
}

/** How connections to `https:` endpoints are made safe. */
export interface TlsConnectOptions {
  /** The name that the certificate must be for, and that is asked for (SNI). Default: the host of the endpoint's url. */
  readonly servername?: string | undefined
  /** Certificate authorities to trust in place of the default: PEM text or bytes. Default: those that Node trusts. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** Accepts any certificate: no protection against anyone between proxy and service. Off. */
  readonly dangerouslyAcceptAnyCertificate?: boolean | undefined
  /** @internal Protocols to offer, the one preferred first. Default none. */
  readonly alpn?: readonly string[] | undefined
}

export interface Connecting {
  /** Gives up. No further call is made. */
  cancel(): void
}

export interface ConnectHandler {
  /** The connection is made, and TLS begins on it. Called before the others, where TLS was asked for. */
  onSecuring?(): void
  /** Gives the open wire; the callee sets its `handler` before it returns. */
  onConnect(wire: Wire): void
  onConnectError(error: Error): void
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly backlog?: number | undefined
}

export interface BoundListener {
  readonly address: Address
  /** Accepts no more. Open wires stay as they are. */
  close(): Promise<void>
  /** The same at once: who waits to be accepted is refused. */
  destroy(): void
}

/** Where the engine takes connections from: the operating system, or memory. */
export interface Network {
  connect(options: ConnectOptions, handler: ConnectHandler): Connecting
  listen(options: ListenOptions, onWire: (wire: Wire) => void): Promise<BoundListener>
}

/** What follows a 101 answer: the bytes of both sides, joined by whoever sends that answer. */
export interface Tunnel {
  /** The protocol that was switched to. */
  readonly protocol: string
  /** Joins the client's wire to the other side. `early` are bytes of the client that were read already. */
  join(downstream: Wire, early: Buffer | undefined, onClose: (end: TunnelEnd) => void): void
  /** Gives the other side up, when the tunnel was not joined. */
  abort(): void
}

export interface TunnelEnd {
  readonly bytesUp: number
  readonly bytesDown: number
  /** Whose fault it is that it ended, unless the end was an orderly one. */
  readonly error: ProxyError | undefined
}
