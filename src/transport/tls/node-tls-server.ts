import { constants, createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import type {
  HandshakeHandler,
  Handshaking,
  ServerCertificate,
  TlsServer,
  TlsServerSettings,
  Wire,
} from '../../core/network.ts'
import { NodeWire } from '../node-wire.ts'
import { clientTlsFacts } from './client-facts.ts'
import { ServerNames } from './server-names.ts'

/** What Node takes for no limit: the listener has one of its own, on its clock. */
const NO_TIMEOUT_MS = 2 ** 31 - 1

/**
 * Answers TLS handshakes with Node's own server, which listens nowhere: it is given sockets that were accepted elsewhere.
 * Settings that change make another one; handshakes that are under way end on the one that they began on.
 */
export class NodeTlsServer implements TlsServer {
  #settings: TlsServerSettings
  #server: Server

  constructor(settings: TlsServerSettings) {
    this.#settings = settings
    this.#server = makeServer(settings, settings.ticketKeys)
  }

  update(settings: TlsServerSettings): void {
    // Sessions go on, whichever certificate they began with.
    this.#server = makeServer(settings, settings.ticketKeys ?? this.#server.getTicketKeys())
    this.#settings = settings
  }

  rotateTicketKeys(): void {
    if (this.#settings.ticketKeys === undefined) this.#server = makeServer(this.#settings, undefined)
  }

  accept(wire: Wire, early: Buffer | undefined, handler: HandshakeHandler): Handshaking {
    if (!(wire instanceof NodeWire))
      throw new TypeError('TLS needs a wire that the same network has accepted')
    return new NodeHandshake(wire.release(), early, this.#server, this.#settings.clientCertificates, handler)
  }
}

function emit(from: Server, event: string, args: readonly unknown[]): boolean {
  return EventEmitter.prototype.emit.call(from, event, ...args)
}

/** One handshake, and what Node's server says of it. */
class NodeHandshake implements Handshaking {
  readonly #socket: Socket
  readonly #clientCertificates: TlsServerSettings['clientCertificates']
  readonly #handler: HandshakeHandler
  #over = false
  #error: Error | undefined

  constructor(
    socket: Socket,
    early: Buffer | undefined,
    server: Server,
    clientCertificates: TlsServerSettings['clientCertificates'],
    handler: HandshakeHandler,
  ) {
    this.#socket = socket
    this.#clientCertificates = clientCertificates
    this.#handler = handler
    socket.on('error', (error) => {
      this.#error ??= error
    })
    // Node's server tells what was wrong when it sees the end of the socket, too.
    socket.once('close', () => queueMicrotask(() => this.#closed()))
    if (early !== undefined && early.length > 0) {
      socket.pause()
      socket.unshift(early)
    }
    // Who ends in the middle of a handshake has left. Behind it, a half-close is one.
    socket.allowHalfOpen = false
    // Of all that the server has to tell, only what concerns this connection comes here: no look-up by its socket.
    const ofThisConnection: Server = Object.create(server, {
      emit: { value: (event: string, ...args: unknown[]) => this.#told(server, event, args) },
    })
    emit(ofThisConnection, 'connection', [socket])
  }

  abort(error: Error): void {
    if (this.#over) return
    this.#error ??= error
    this.#socket.destroy()
  }

  #told(server: Server, event: string, args: readonly unknown[]): boolean {
    switch (event) {
      case 'secureConnection':
        this.#secured(args[0] as TLSSocket)
        return true
      case 'tlsClientError':
        this.#failed(args[0] as Error, args[1] as TLSSocket)
        return true
      default:
        return emit(server, event, args)
    }
  }

  #secured(socket: TLSSocket): void {
    if (this.#socket.destroyed) {
      socket.destroy()
      return
    }
    const shown = this.#clientCertificates === 'off' ? undefined : socket.getPeerX509Certificate()
    if (shown === undefined && this.#clientCertificates === 'require') {
      // A session that is resumed must not bring less than a full handshake has to.
      this.#failed(new ClientCertificateError('MISSING'), socket)
      return
    }
    socket.allowHalfOpen = true
    const wire = new NodeWire(socket, clientTlsFacts(socket, shown), this.#socket)
    this.#over = true
    this.#handler.onSecure(wire)
    wire.readEvents()
  }

  #failed(error: Error, socket: TLSSocket): void {
    const { authorizationError } = socket
    // Node closes the connection of an untrusted client and says no more than that it is closed.
    this.#error ??= authorizationError ? new ClientCertificateError(String(authorizationError)) : error
    socket.destroy()
  }

  #closed(): void {
    if (this.#over) return
    this.#over = true
    this.#handler.onFailed(this.#error ?? new Error('the client closed the connection in the handshake'))
  }
}

/** A client must show a certificate that is trusted, and did not. */
class ClientCertificateError extends Error {
  /** OpenSSL's, or `MISSING`. */
  readonly code: string

  constructor(code: string) {
    super(`the client's certificate was not accepted: ${code}`)
    this.name = 'ClientCertificateError'
    this.code = code
  }
}

function makeServer(settings: TlsServerSettings, ticketKeys: Buffer | undefined): Server {
  const { certificates, clientCertificates, alpn } = settings
  const [first, ...others] = certificates
  if (first === undefined) throw new TypeError('a TLS server needs a certificate')
  const shared = sharedOptions(settings)
  const options: TlsOptions = {
    ...shared,
    ...pairOptions(first),
    ...(ticketKeys === undefined ? {} : { ticketKeys }),
    ALPNProtocols: [...alpn],
    handshakeTimeout: NO_TIMEOUT_MS,
    requestCert: clientCertificates !== 'off',
    rejectUnauthorized: clientCertificates === 'require',
  }
  // One certificate is for all names, and no name has to be looked up.
  if (others.length > 0) options.SNICallback = byName(first, others, shared)
  const server = createServer(options)
  if (certificates.some(({ ocspResponse }) => ocspResponse !== undefined)) staple(server, certificates)
  return server
}

function sharedOptions(settings: TlsServerSettings): SecureContextOptions {
  const { minVersion, ciphers, curves, preferServerCiphers, clientCertificates, clientCa, sessionMs } =
    settings
  return {
    minVersion,
    ciphers,
    ecdhCurve: curves,
    honorCipherOrder: preferServerCiphers,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (sessionMs === 0 ? constants.SSL_OP_NO_TICKET : 0),
    // None at all, where none was given: those of the system vouch for servers, not for anyone's clients.
    ca: [...clientCa],
    sessionTimeout: Math.max(1, Math.round(sessionMs / 1_000)),
    // Whoever was let in by other rules must not come in again by a session: CVE-2025-23419 was such a door in nginx.
    sessionIdContext: createHash('sha256')
      .update(JSON.stringify([clientCertificates, clientCa]))
      .digest('hex')
      .slice(0, 32),
  }
}

function pairOptions({ cert, key, passphrase }: ServerCertificate): SecureContextOptions {
  return { cert, key, ...(passphrase === undefined ? {} : { passphrase }) }
}

function byName(
  first: ServerCertificate,
  others: readonly ServerCertificate[],
  shared: SecureContextOptions,
): NonNullable<TlsOptions['SNICallback']> {
  const names = new ServerNames<SecureContext | null>()
  // The context of the first is the server's own: for its names there is nothing to change.
  for (const name of first.names) names.add(name, null)
  for (const certificate of others) {
    const context = createSecureContext({ ...shared, ...pairOptions(certificate) })
    for (const name of certificate.names) names.add(name, context)
  }
  return (name, done) => done(null, names.find(name) ?? undefined)
}

/** Sends along what the authority says of a certificate, where the client asks for it (RFC 6066 section 8). */
function staple(server: Server, certificates: readonly ServerCertificate[]): void {
  const responses = new Map<string, Buffer>()
  for (const { cert, ocspResponse } of certificates)
    if (ocspResponse !== undefined) responses.set(bodyOf(cert), ocspResponse)
  server.on('OCSPRequest', (certificate, _issuer, done) => {
    done(null, responses.get(certificate.toString('base64')) ?? null!)
  })
}

/** The first certificate of a PEM text, in base64 without line ends. */
function bodyOf(pem: string): string {
  const [, base64 = ''] = /-----BEGIN CERTIFICATE-----([^-]+)/.exec(pem) ?? []
  return base64.replace(/\s/g, '')
}
