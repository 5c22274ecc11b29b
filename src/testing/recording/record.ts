import { type Filter, named } from '../../core/handler.ts'
import { invalidOption, knownOptions, OptionError, type Size, sizeBytes } from '../../core/options.ts'
import type { Pool, RoutedProxy, Target } from '../../index.ts'
import { AttemptNote } from './attempt-note.ts'
import { gapOf, type RecordedExchange, RecordingWriter } from './recording-file.ts'
import { type Redaction, Redactor } from './redaction.ts'

export interface RecordOptions {
  /**
   * The file. Its folder is made where there is none. An earlier recording is replaced; a file of another kind is refused.
   */
  readonly to: string
  /** Further places of secrets, beside those that are known by default: see `record`. */
  readonly redact?: readonly Redaction[] | undefined
  /**
   * Media types of bodies that are kept as they are, `model/*` for all of a kind. Nobody looks into them: what secrets they
   * hold, whatever their kind, will stand in the file, unless a `text` rule finds one, which leaves the body out. Default
   * none; pictures, sound, video and fonts are kept in this way at any time.
   */
  readonly keepBodies?: readonly string[] | undefined
  /** A longer body is left out. Without its response's body an exchange cannot be replayed. Default 1 MiB. */
  readonly maxBodyBytes?: Size | undefined
  /** Switches off what is redacted by default; the rules of `redact` still hold. Default false. */
  readonly dangerouslyKeepSecrets?: boolean | undefined
}

/** A recording that is being made. */
export interface Recording extends AsyncDisposable {
  /** The proxy to start in place of the one that was given. Routes that are added to it later are not recorded. */
  readonly app: RoutedProxy
  /** How many exchanges are in the file. */
  readonly exchanges: number
  /** What a replay will not be able to answer, and why: one line each, in the order of the file. */
  readonly gaps: readonly string[]
  /**
   * Ends the recording: once it has resolved, every exchange with an endpoint is in the file. What is still under way is
   * noted as a gap, so close the proxy first. Rejects if something could not be written.
   */
  close(): Promise<void>
}

/**
 * Notes every exchange between a proxy and the endpoints of its pools in a file, for `replayUpstream` to answer from.
 *
 * Each attempt is noted as it goes to the endpoint and comes back, inside all filters, as soon as the response has ended.
 * Bodies are copied while they stream. The file is pretty JSON, to be read, edited and kept under version control, and is
 * valid after each exchange. Not noted are interim (1xx) responses, what goes through a tunnel, the fields of the
 * connection (framing is decided anew on replay), and what handlers answer that are no pools.
 *
 * Secrets are replaced by `REDACTED`: the fields `Authorization`, `Proxy-Authorization`, `Cookie` and `Set-Cookie` (names are
 * kept), and what stands beside a name that contains `token`, `secret`, `session`, `password`, `passphrase`, `credential`,
 * `signature`, `authorization` or `key`, or has the word `auth`, `code`, `csrf`, `jwt`, `otp`, `pass`, `pin`, `pwd`, `sid` or
 * `sig`, among others. Names are those of fields, parameters, cookies, members of JSON (also line by line), of forms, XML,
 * HTML, YAML and of `name: value` or `name=value` in any text, encoded or not. Redacted by their shape are users in urls,
 * `Bearer` and `Basic` credentials, JWTs, private keys and tokens with a well-known prefix. For a doubt, more is taken out.
 *
 * gzip, deflate, br and zstd are unpacked for it. A body that cannot be looked into is left out, and is a gap: binary types,
 * unknown types, parts of a multipart body that hold a secret. See `keepBodies`. A body in which something was replaced is
 * written anew: numbers that JavaScript cannot hold are rounded, and source text may not run any more. What stands in a path,
 * or in prose, needs a rule: `{ text: /.../ }`. The file can be read by its owner alone; read it before others can.
 *
 * It resolves nothing and opens nothing but the file; the proxy is started, or reloaded, by the caller. The writes are
 * synchronous: a recording is not for production traffic.
 *
 * @example
 * await using recording = record(app, { to: 'fixtures/checkout.json', redact: [{ json: 'iban' }] })
 * await using running = await recording.app.start()
 *
 * @throws `ERR_OPTION_INVALID`, also for a proxy without a pool; the system's error when the file cannot be opened.
 */
export function record(app: RoutedProxy, options: RecordOptions): Recording {
  knownOptions('record', options, ['to', 'redact', 'keepBodies', 'maxBodyBytes', 'dangerouslyKeepSecrets'])
  const {
    to,
    redact = [],
    keepBodies = [],
    maxBodyBytes = 1_048_576,
    dangerouslyKeepSecrets = false,
  } = options
  if (typeof app?.mapTargets !== 'function') throw invalidOption('record', 'app', 'a proxy', app)
  if (typeof to !== 'string' || to === '') throw invalidOption('record', 'to', 'the path of a file', to)
  if (!Array.isArray(redact)) {
    throw invalidOption(
      'record',
      'redact',
      'a list of further rules (to keep secrets, which then go wherever the file goes, set dangerouslyKeepSecrets)',
      redact,
    )
  }
  if (!Array.isArray(keepBodies))
    throw invalidOption('record', 'keepBodies', 'a list of media types', keepBodies)
  if (typeof dangerouslyKeepSecrets !== 'boolean')
    throw invalidOption('record', 'dangerouslyKeepSecrets', 'true or false', dangerouslyKeepSecrets)
  const limit = sizeBytes('record', 'maxBodyBytes', maxBodyBytes)
  if (!app.description.routes.some(({ target }) => isPool(target)))
    throw new OptionError('record: "app" has no pool, so there is nothing to record', 'app')
  return new RunningRecording(app, to, limit, new Redactor(redact, !dangerouslyKeepSecrets, keepBodies))
}

class RunningRecording implements Recording {
  readonly app: RoutedProxy
  readonly gaps: string[] = []
  readonly #maxBodyBytes: number
  readonly #redactor: Redactor
  readonly #file: string
  readonly #writer: RecordingWriter
  readonly #underWay = new Set<AttemptNote>()
  #failure: Error | undefined
  #closed = false

  constructor(app: RoutedProxy, file: string, maxBodyBytes: number, redactor: Redactor) {
    this.#file = file
    this.#maxBodyBytes = maxBodyBytes
    this.#redactor = redactor
    // A pool that two routes share stays one pool.
    const recorded = new Map<Pool, Pool>()
    const recordedTarget = (target: Target): Target => {
      if (!isPool(target)) return target
      const pool =
        recorded.get(target) ?? target.use(this.#filter(target.describe().name)).mapFallback(recordedTarget)
      recorded.set(target, pool)
      return pool
    }
    this.app = app.mapTargets(recordedTarget)
    this.#writer = new RecordingWriter(file)
  }

  get exchanges(): number {
    return this.#writer.count
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      for (const note of this.#underWay) note.abandon('still under way when the recording was closed')
      this.#closed = true
      this.#writer.close()
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #write(exchange: RecordedExchange): void {
    this.#writer.append(exchange)
    const gap = gapOf(exchange)
    if (gap !== undefined) this.gaps.push(`${exchange.request.method} ${exchange.request.target}: ${gap}`)
  }

  #over(note: AttemptNote): void {
    this.#underWay.delete(note)
    if (this.#closed || this.#failure !== undefined) return
    try {
      this.#write(note.describe(this.#redactor))
    } catch (cause) {
      // The exchange that is going on has done nothing wrong; whoever closes the recording is told.
      const why = cause instanceof Error ? cause.message : String(cause)
      this.#failure = new Error(`record: ${this.#file} is not complete: ${why}`, { cause })
    }
  }

  /** The innermost filter of a pool: around one attempt, with what goes to the endpoint but for the connection's fields. */
  #filter(pool: string): Filter {
    const filter: Filter = async (exchange, next) => {
      if (this.#closed) return next(exchange)
      const note = new AttemptNote(pool, exchange, this.#maxBodyBytes, () => this.#over(note))
      this.#underWay.add(note)
      // What nobody reads and nobody discards is swept away silently.
      exchange.onComplete(() => note.abandon('not read to its end'))
      try {
        const response = await next(exchange)
        note.responded(response)
        return response
      } catch (thrown) {
        note.failed(thrown)
        throw thrown
      }
    }
    return named(filter, 'record')
  }
}

function isPool(target: Target): target is Pool {
  return typeof target !== 'function' && target.describe().kind === 'pool'
}
