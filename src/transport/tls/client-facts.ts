import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificate, TlsFacts } from '../../core/network.ts'
import { subjectAltNames } from './subject-alt-names.ts'

/** What was agreed on, as Node's socket knows it now: once it is closed, it has forgotten. */
export function tlsFacts(socket: TLSSocket, clientCertificate?: ClientCertificate): TlsFacts {
  const { alpnProtocol, servername } = socket as TLSSocket & { servername?: unknown }
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    alpn: typeof alpnProtocol === 'string' ? alpnProtocol : undefined,
    servername: typeof servername === 'string' ? servername : undefined,
    resumed: socket.isSessionReused(),
    clientCertificate,
  }
}

/** The same of a client's connection that a server of Node's has accepted, with the certificate that it has shown. */
export function clientTlsFacts(socket: TLSSocket, shown: X509Certificate | undefined): TlsFacts {
  const error = socket.authorized ? undefined : String(socket.authorizationError)
  return tlsFacts(socket, shown && new ShownCertificate(shown, error))
}

/** A certificate that a client has shown. Its fields are read out of it when they are asked for: few ever are. */
class ShownCertificate implements ClientCertificate {
  readonly authorizationError: string | undefined
  readonly #certificate: X509Certificate

  constructor(certificate: X509Certificate, authorizationError: string | undefined) {
    this.#certificate = certificate
    this.authorizationError = authorizationError
  }

  get authorized(): boolean {
    return this.authorizationError === undefined
  }

  get subject(): string {
    return distinguishedName(this.#certificate.subject)
  }

  get issuer(): string {
    return distinguishedName(this.#certificate.issuer)
  }

  get subjectAltNames(): readonly string[] {
    return subjectAltNames(this.#certificate).map(({ kind, value }) => `${kind}:${value}`)
  }

  get fingerprint256(): string {
    return this.#certificate.fingerprint256
  }

  get serialNumber(): string {
    return this.#certificate.serialNumber
  }

  get validFrom(): Date {
    return new Date(this.#certificate.validFrom)
  }

  get validTo(): Date {
    return new Date(this.#certificate.validTo)
  }

  get raw(): Buffer {
    return this.#certificate.raw
  }
}

/** Node has one part on each line, the most general first, and escaped as RFC 4514 wants it: there, it is the last. */
function distinguishedName(lines: string | undefined): string {
  return (lines ?? '').split('\n').reverse().join(',')
}
