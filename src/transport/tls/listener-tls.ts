import { type Clock, Deadline } from '../../core/clock.ts'
import { log } from '../../core/log.ts'
import type { Network, ServerCertificate, TlsServer, TlsServerSettings } from '../../core/network.ts'
import { CertificateError } from './certificate-error.ts'
import type { CertificateReload, TlsSettings } from './listen-options.ts'
import { FileState } from './made-of-files.ts'

/** Whoever gets hold of the key of tickets can read the sessions that were resumed with them. */
export const TICKET_ROTATION_MS = 12 * 3_600_000

/** The certificates of an open listener: looks whether their files have changed, and goes on with what is new. */
export class ListenerTls {
  readonly server: TlsServer
  readonly #files: TlsFiles
  /** Told of files that were taken over, and of those that could not be. */
  onReload: TlsSettings['onReload']
  readonly #watchMs: number
  readonly #nextLook: Deadline
  readonly #nextRotation: Deadline
  #looking: Promise<unknown> = Promise.resolve()
  #closed = false

  private constructor(settings: TlsSettings, files: TlsFiles, server: TlsServer, clock: Clock) {
    this.server = server
    this.#files = files
    this.onReload = settings.onReload
    this.#watchMs = settings.watchMs
    this.#nextLook = new Deadline(clock, () => void this.#look())
    this.#nextRotation = new Deadline(clock, () => this.#rotate())
    if (files.watched.length > 0) this.#nextLook.arm(this.#watchMs)
    if (settings.ticketKeys === undefined && settings.policy.sessionMs > 0)
      this.#nextRotation.arm(TICKET_ROTATION_MS)
  }

  /** Reads the files. @throws CertificateError */
  static async open(settings: TlsSettings, network: Network, clock: Clock): Promise<ListenerTls> {
    if (network.tlsServer === undefined) throw new CertificateError('this network has no TLS for listeners')
    const files = new TlsFiles(settings)
    await files.load()
    try {
      return new ListenerTls(settings, files, network.tlsServer(files.serverSettings), clock)
    } catch (thrown) {
      throw refused(thrown)
    }
  }

  /** When the first of its certificates is over: milliseconds since 1970 UTC. */
  get certificatesEndAt(): number {
    return Math.min(...this.#files.certificates.map(({ endsAt }) => endsAt))
  }

  /** Reads all files now, and goes on with what is new. Rejects with the first that cannot be used; the others count. */
  async reload(): Promise<void> {
    const failed = await this.#next(1)
    if (failed !== undefined) throw failed
  }

  close(): void {
    this.#closed = true
    this.#nextLook.close()
    this.#nextRotation.close()
  }

  async #look(): Promise<void> {
    // At the first time, someone may be writing; at the third, it was told.
    const failed = await this.#next(2)
    if (failed !== undefined) log.warn(`${failed.message}; what was there before goes on`)
    if (!this.#closed) this.#nextLook.arm(this.#watchMs)
  }

  #rotate(): void {
    this.server.rotateTicketKeys()
    this.#nextRotation.arm(TICKET_ROTATION_MS)
  }

  /** One look after the other: two at a time would each see half of what the other does. */
  #next(tellAt: number): Promise<CertificateError | undefined> {
    const looked = this.#looking.then(() => this.#update(tellAt))
    this.#looking = looked.catch(() => {})
    return looked
  }

  async #update(tellAt: number): Promise<CertificateError | undefined> {
    const reloads: CertificateReload[] = []
    const failed = (files: readonly string[], error: CertificateError, times: number): void => {
      if (tellAt === 1 || times === tellAt) reloads.push({ result: 'failed', files, error })
    }
    const changed: FileState<unknown>[] = []
    for (const one of this.#files.watched) {
      const look = await one.look()
      if (look.kind === 'changed') changed.push(one)
      else if (look.kind === 'failed') failed(one.files, look.error, look.times)
    }
    if (this.#closed) return undefined
    if (changed.length > 0) {
      try {
        this.server.update(this.#files.serverSettings)
        for (const one of changed) {
          one.commit()
          reloads.push({ result: 'loaded', files: one.files, error: undefined })
        }
      } catch (thrown) {
        const error = refused(thrown)
        for (const one of changed) failed(one.files, error, one.drop(error))
      }
    }
    for (const reload of reloads) this.#tell(reload)
    return reloads.find(({ error }) => error !== undefined)?.error as CertificateError | undefined
  }

  #tell(reload: CertificateReload): void {
    const { result, files } = reload
    if (result === 'loaded') log.info(`certificates were loaded anew: ${files.join(', ')}`)
    try {
      this.onReload?.(reload)
    } catch (thrown) {
      log.error('onReload threw', thrown)
    }
  }
}

/** What a listener's certificates are made of, and what was made of it. */
class TlsFiles {
  /** Those that can change. */
  readonly watched: readonly FileState<unknown>[]
  readonly #settings: TlsSettings
  readonly #certificates: readonly FileState<ServerCertificate>[]
  readonly #clientCa: FileState<readonly string[]>
  readonly #ticketKeys: FileState<Buffer> | undefined

  constructor(settings: TlsSettings) {
    const { certificates, clientCa, ticketKeys } = settings
    this.#settings = settings
    this.#certificates = certificates.map((one) => new FileState(one))
    this.#clientCa = new FileState(clientCa)
    this.#ticketKeys = ticketKeys && new FileState(ticketKeys)
    this.watched = this.#all.filter(({ files }) => files.length > 0)
  }

  async load(): Promise<void> {
    for (const one of this.#all) {
      const look = await one.look()
      if (look.kind === 'failed') throw look.error
      one.commit()
    }
  }

  get certificates(): readonly ServerCertificate[] {
    return this.#certificates.map(({ value }) => value)
  }

  get serverSettings(): TlsServerSettings {
    const { certificates } = this
    const nameless = certificates.findIndex(({ names }, i) => i > 0 && names.length === 0)
    if (nameless > 0)
      throw new CertificateError(
        `tls.certificates[${nameless}] names no server, so it would never be shown: give it "names", or put it first`,
      )
    return {
      ...this.#settings.policy,
      certificates,
      clientCa: this.#clientCa.value,
      ticketKeys: this.#ticketKeys?.value,
    }
  }

  get #all(): FileState<unknown>[] {
    return [
      ...this.#certificates,
      this.#clientCa,
      ...(this.#ticketKeys === undefined ? [] : [this.#ticketKeys]),
    ]
  }
}

/** OpenSSL has rules of its own, on the length of keys for example. */
function refused(thrown: unknown): CertificateError {
  if (thrown instanceof CertificateError) return thrown
  const { reason, message } = thrown as Error & { readonly reason?: string }
  return new CertificateError(`OpenSSL does not accept the certificate: ${reason ?? message}`, undefined, {
    cause: thrown,
  })
}
