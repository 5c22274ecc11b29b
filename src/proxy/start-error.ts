import type { ListenerSettings } from '../transport/listener.ts'
import { CertificateError } from '../transport/tls/certificate-error.ts'

/** A proxy could not start. The message is one line that says what to change. */
export class StartError extends Error {
  /** The system's, such as `EADDRINUSE`. */
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.name = 'StartError'
    this.code = code
    // Where in the engine it was found is of no help to whoever must choose another port.
    this.stack = `${this.name}: ${message}`
    Object.defineProperty(this, 'code', { enumerable: false })
  }
}

/**
 * What the system said of a listener, in one line that says what to change.
 * `owner`: whose listener it is, where that is not the proxy.
 */
export function startError(
  error: NodeJS.ErrnoException,
  { host, port }: ListenerSettings,
  owner: string | undefined,
): Error {
  if (error instanceof CertificateError) return new StartError(error.message, error.code)
  const of = owner === undefined ? '' : `, of ${owner},`
  const at = `${host}:${port}${of}`
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        `${at} is in use: stop what listens there, or choose another port, such as ${port + 1}`,
        error.code,
      )
    case 'EACCES':
      return new StartError(
        `${at} may not be opened by this user: choose a port above 1023, such as 8080`,
        error.code,
      )
    case 'EADDRNOTAVAIL':
      return new StartError(
        `${host}${of} is no address of this machine: use the host '127.0.0.1' or '0.0.0.0'`,
        error.code,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(
        `the host "${host}"${of} is unknown: use an address of this machine, for example '127.0.0.1'`,
        error.code,
      )
    default:
      return error
  }
}
