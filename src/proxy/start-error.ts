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

/** What the system said of a listener, in one line that says what to change. */
export function startError(error: NodeJS.ErrnoException, { host, port }: ListenerSettings): Error {
  if (error instanceof CertificateError) return new StartError(error.message, error.code)
  const at = `${host}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        `${at} is in use: stop what listens there, or choose another port with .listen(${port + 1})`,
        error.code,
      )
    case 'EACCES':
      return new StartError(
        `${at} may not be opened by this user: choose a port above 1023, for example .listen(8080)`,
        error.code,
      )
    case 'EADDRNOTAVAIL':
      return new StartError(
        `${host} is no address of this machine: use .listen({ host: '127.0.0.1' }) or '0.0.0.0'`,
        error.code,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(
        `the host "${host}" is unknown: use an address of this machine, for example '127.0.0.1'`,
        error.code,
      )
    default:
      return error
  }
}
