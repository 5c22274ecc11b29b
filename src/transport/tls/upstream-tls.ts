import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import { systemClock } from '../../core/clock.ts'
import type { TlsConnectOptions } from '../../core/network.ts'

/** A certificate is looked at again at least this often, however many sessions go on from one to the next. */
const SESSION_MS = 3_600_000

/** Longer than any chain is. One that issues itself in turns would never end. */
const MAX_CHAIN = 10

interface Session {
  readonly bytes: Buffer
  /** By the real date: until then, the certificate that was seen when it began counts. */
  readonly until: number
}

/** What the connections to one endpoint share: keys and authorities, read once, and the session that they go on with. */
class UpstreamTls {
  readonly options: TlsConnectOptions
  readonly context: SecureContext
  session: Session | undefined

  constructor(options: TlsConnectOptions) {
    const { ca, cert, key, passphrase, minVersion = 'TLSv1.2' } = options
    this.options = options
    this.context = createSecureContext({
      minVersion,
      ...(ca === undefined ? {} : { ca: ca as string | Buffer | (string | Buffer)[] }),
      ...(cert === undefined ? {} : { cert: cert as string | Buffer, key: key as string | Buffer }),
      ...(passphrase === undefined ? {} : { passphrase }),
    })
  }
}

const shared = new WeakMap<TlsConnectOptions, UpstreamTls>()

/** The handshake of one connection to an endpoint. Options that are another object are those of another endpoint. */
export class UpstreamHandshake {
  readonly #shared: UpstreamTls
  readonly #host: string
  /** What it tries to go on with. */
  readonly #resumes: Session | undefined
  /** Until when its sessions count. 0: they do not, for it was not accepted. */
  #until = 0

  constructor(host: string, options: TlsConnectOptions) {
    let found = shared.get(options)
    if (found === undefined) {
      found = new UpstreamTls(options)
      shared.set(options, found)
    }
    this.#shared = found
    this.#host = host
    const { session } = found
    if (session !== undefined && session.until > systemClock.wallTime()) this.#resumes = session
  }

  get connectionOptions(): ConnectionOptions {
    const { options, context } = this.#shared
    const { servername, verifyName, dangerouslyAcceptAnyCertificate, alpn = ['http/1.1'] } = options
    const name = verifyName ?? servername ?? this.#host
    return {
      secureContext: context,
      // RFC 6066 section 3: an address is no server name. The certificate must name it all the same.
      servername: servername === undefined || isIP(servername) !== 0 ? '' : servername,
      checkServerIdentity: (_asked, certificate) => checkServerIdentity(name, certificate),
      rejectUnauthorized: dangerouslyAcceptAnyCertificate !== true,
      ALPNProtocols: [...alpn],
      ...(this.#resumes === undefined ? {} : { session: this.#resumes.bytes }),
    }
  }

  /** Keeps the sessions that begin on a connection. Called before its handshake; Node tells of them behind it. */
  watch(socket: TLSSocket): void {
    socket.on('session', (bytes) => {
      if (this.#until > 0) this.#shared.session = { bytes, until: this.#until }
    })
  }

  /** The connection was made, and Node is content with it. Throws where its key is none of those that are pinned. */
  accept(socket: TLSSocket): void {
    if (socket.isSessionReused() && this.#resumes !== undefined) {
      // Its certificate has passed when it began.
      this.#until = this.#resumes.until
    } else {
      const { pins } = this.#shared.options
      if (pins !== undefined) requirePin(pins, socket.getPeerCertificate(true))
      const expires = Date.parse(socket.getPeerCertificate().valid_to)
      this.#until = Math.min(systemClock.wallTime() + SESSION_MS, expires || Number.POSITIVE_INFINITY)
    }
  }

  /** No connection came about. If that was for the session, the next one does without. */
  failed(): void {
    this.#shared.session = undefined
  }
}

/**
 * The pinned key must be the certificate's own, or have signed it, or have signed what has signed it, and so on. That a
 * certificate was sent along says nothing: anyone can send those of others.
 */
function requirePin(pins: readonly string[], leaf: DetailedPeerCertificate): void {
  let shown = leaf
  let certificate = new X509Certificate(shown.raw)
  for (let depth = 0; depth < MAX_CHAIN; depth++) {
    const pin = createHash('sha256')
      .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64')
    if (pins.includes(pin)) return
    const { issuerCertificate } = shown
    if (issuerCertificate === undefined || issuerCertificate === shown) break
    const issuer = new X509Certificate(issuerCertificate.raw)
    if (!certificate.verify(issuer.publicKey)) break
    shown = issuerCertificate
    certificate = issuer
  }
  throw new PinError()
}

/** None of the keys in the chain is pinned. */
class PinError extends Error {
  readonly code = 'ERR_TLS_CERT_NOT_PINNED'

  constructor() {
    super('the certificate is of another key than those that are pinned, and so is all that vouches for it')
    this.name = 'PinError'
  }
}
