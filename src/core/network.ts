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
  /** What a trusted proxy has said of the connection that it carries on, where it spoke the PROXY protocol. */
  forwarded?: ForwardedConnection | undefined
  /** Bytes written and not yet taken by the operating system. */
  readonly pendingBytes: number
  /** What is written may be kept beside any wire: `pendingBytes` does not tell when its memory is free. */
  readonly keeps?: boolean
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

/** A client's connection to a proxy in front of this one, as that proxy has told of it by the PROXY protocol. */
export interface ForwardedConnection {
  /** Who has connected to it. */
  readonly source: Address
  /** What they have connected to. */
  readonly destination: Address
  /** The host name that the client asked for: of TLS (SNI), for example. */
  readonly authority?: string
  /** The application protocol that the client and it agreed on. */
  readonly alpn?: string
  /** What it calls the connection, in its logs for example. At most 128 bytes. */
  readonly uniqueId?: Buffer
}

/** Who is at the other end: of the connection that a trusted proxy carries on, where there is one. */
export function peerOf({ forwarded, remote }: Pick<Wire, 'forwarded' | 'remote'>): Address {
  return forwarded?.source ?? remote
}

/** What was agreed on for a TLS connection. */
export interface TlsFacts {
  /** `TLSv1.3`, for example. */
  readonly protocol: string
  /** The cipher suite by its IANA name, `TLS_AES_128_GCM_SHA256` for example. */
  readonly cipher: string
  /** The application protocol that both sides agreed on, `http/1.1` for example. */
  readonly alpn: string | undefined
  /** The host name that the client asked for (SNI). */
  readonly servername: string | undefined
  /** Whether it goes on with an earlier session: without a full handshake. */
  readonly resumed: boolean
  /** What the client has shown of itself; `undefined` where it was not asked, or had nothing to show. */
  readonly clientCertificate: ClientCertificate | undefined
}

/** The certificate of a client. Read when it is first asked for. */
export interface ClientCertificate {
  /** Whether an authority that the listener trusts vouches for it, and it is in date. */
  readonly authorized: boolean
  /** Why not: a code of OpenSSL's, such as `CERT_HAS_EXPIRED` or `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly authorizationError: string | undefined
  /** Its distinguished name as in RFC 4514: `CN=client,O=Example`. */
  readonly subject: string
  /** That of the one who vouches for it. */
  readonly issuer: string
  /** Its other names, each with its kind: `DNS:a.example`, `URI:spiffe://example/a`, `email:a@example`, `IP Address:10.0.0.1`. */
  readonly subjectAltNames: readonly string[]
  /** SHA-256 of the whole certificate: pairs of capital hex digits, with colons between. */
  readonly fingerprint256: string
  /** Capital hex digits. */
  readonly serialNumber: string
  readonly validFrom: Date
  readonly validTo: Date
  /** All of it, in DER. */
  readonly raw: Buffer
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** Present for TLS. */
  readonly tls?: TlsConnectOptions | undefined
  /** Which addresses may be connected to: asked of each that `host` is, or stands for. The rest fails with `EADDRDENIED`. */
  readonly allows?: ((address: string) => boolean) | undefined
  /** Sent as soon as the connection is made, before anything else: before TLS, too. */
  readonly preamble?: Uint8Array | undefined
}

/** How connections to `https:` endpoints are made safe. */
export interface TlsConnectOptions {
  /** The name that is asked for (SNI), and that the certificate must be for. Default: the host of the endpoint's url. */
  readonly servername?: string | undefined
  /** The name or address that the certificate must be for, where that is not `servername`. */
  readonly verifyName?: string | undefined
  /** Certificate authorities to trust in place of the default: PEM text or bytes. Default: those that Node trusts. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** The proxy's own certificate, for services that ask for one: PEM text or bytes, with what stands between it and the authority. */
  readonly cert?: string | Uint8Array | undefined
  /** The private key to it, in PEM. */
  readonly key?: string | Uint8Array | undefined
  /** What the key is encrypted with. */
  readonly passphrase?: string | undefined
  /**
   * Keys of which at least one must be the certificate's own, or that of an authority in its chain: the SHA-256 of the
   * public key (SPKI) in base64, as in RFC 7469. Asked beside all else, and also where any certificate is accepted.
   */
  readonly pins?: readonly string[] | undefined
  /** Default `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  /** Accepts any certificate: no protection against anyone between proxy and service. Off. */
  readonly dangerouslyAcceptAnyCertificate?: boolean | undefined
  /** Protocols to offer, the one preferred first. Of `tls:` endpoints alone, where the default is none. */
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
  /**
   * Makes what answers TLS handshakes on wires that this network has accepted. A network without it has none.
   * @throws what OpenSSL says of a key, a certificate or a list of ciphers that it cannot use
   */
  tlsServer?(settings: TlsServerSettings): TlsServer
}

/** How handshakes are answered. */
export interface TlsServerSettings {
  /** At least one. The first is shown to clients that name no server, or one that none is for. */
  readonly certificates: readonly ServerCertificate[]
  readonly minVersion: 'TLSv1' | 'TLSv1.2' | 'TLSv1.3'
  /** Cipher suites in OpenSSL's words. */
  readonly ciphers: string
  /** Groups for the key exchange in OpenSSL's words, the one preferred first. */
  readonly curves: string
  /** Whether our order of ciphers counts, and not the client's. */
  readonly preferServerCiphers: boolean
  /** Protocols that can be agreed on, the one preferred first. */
  readonly alpn: readonly string[]
  /** Whether clients are asked for a certificate. `require`: those without one that is trusted are refused. */
  readonly clientCertificates: 'off' | 'request' | 'require'
  /** Who vouches for clients, in PEM. */
  readonly clientCa: readonly string[]
  /** 48 bytes that protect session tickets; `undefined` makes some. */
  readonly ticketKeys: Buffer | undefined
  /** How long a session can be resumed. 0: no tickets. */
  readonly sessionMs: number
}

/** A certificate with its key, checked. */
export interface ServerCertificate {
  /** Names of servers that it is for, in lower case; `*.` stands for exactly one label. */
  readonly names: readonly string[]
  /** PEM: the certificate, then what stands between it and the authority. */
  readonly cert: string
  readonly key: string
  readonly passphrase: string | undefined
  /** What the authority says of it (OCSP), in DER. */
  readonly ocspResponse: Buffer | undefined
  /** When it is over: milliseconds since 1970 UTC. */
  readonly endsAt: number
}

/** Answers TLS handshakes. */
export interface TlsServer {
  /** Answers later handshakes by other settings. Throws as `tlsServer` does, and then all stays as it was. */
  update(settings: TlsServerSettings): void
  /** Makes new keys for session tickets, unless they were given. Sessions that began before cannot be resumed. */
  rotateTicketKeys(): void
  /**
   * Begins a handshake on a wire that was accepted, and that nobody else may use from now on. `early` are bytes that came
   * on it already. `onSecure` or `onFailed` follows, once.
   */
  accept(wire: Wire, early: Buffer | undefined, handler: HandshakeHandler): Handshaking
}

export interface Handshaking {
  /** Closes the connection. `onFailed` follows with this error, unless the handshake has ended. */
  abort(error: Error): void
}

export interface HandshakeHandler {
  /** Gives the wire that carries what was encrypted; the callee sets its `handler` before it returns. */
  onSecure(wire: Wire): void
  /** There was no agreement. The connection is closed. */
  onFailed(error: Error): void
}

/** What follows a 101 answer: the bytes of both sides, joined by whoever sends that answer. */
export interface Tunnel {
  /** The protocol that was switched to. */
  readonly protocol: string
  /** Joins the client's wire to the other side. `early` are bytes of the client that were read already. */
  join(downstream: Wire, early: Buffer | undefined, onClose: (end: TunnelEnd) => void): void
  /** Gives the other side up, when the tunnel was not joined. */
  abort(): void
  /** Tells both sides to end, where the protocol has words for it. It is over soon after. */
  drain?(): void
}

export interface TunnelEnd {
  readonly bytesUp: number
  readonly bytesDown: number
  /** Whose fault it is that it ended, unless the end was an orderly one. */
  readonly error: ProxyError | undefined
}
