import type { Exchange, Outcome } from '../../core/exchange.ts'
import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../../core/options.ts'
import type { AccessLogEntry } from './access-log-entry.ts'

/** What is logged whatever `sample` says, beside all that failed. */
export interface AlwaysLogged {
  /** Responses of this status and above. Default 500. `Infinity`: none for that. */
  status?: number
  /** Exchanges that have lasted for longer. Default 1 s. `Infinity`: none for that. */
  slowerThanMs?: Duration
}

export type LogSample = number | ((entry: AccessLogEntry) => boolean)

/** Which exchanges are logged. */
export class LogSampling {
  readonly #sample: LogSample
  readonly #status: number
  readonly #slowerThanMs: number
  readonly #failed: (error: unknown, exchange: Exchange) => void

  /** @throws `ERR_OPTION_INVALID` */
  constructor(
    owner: string,
    sample: LogSample,
    always: AlwaysLogged,
    failed: (error: unknown, exchange: Exchange) => void,
  ) {
    if (typeof sample !== 'function' && !(typeof sample === 'number' && sample >= 0 && sample <= 1))
      throw invalidOption(owner, 'sample', 'a number from 0 to 1, or a function of the entry', sample)
    knownOptions(`${owner}: always`, always, ['status', 'slowerThanMs'] satisfies (keyof AlwaysLogged)[])
    this.#sample = sample
    this.#status = integer(owner, 'always.status', always.status ?? 500, { min: 100, unlimited: true })
    this.#slowerThanMs = durationMs(owner, 'always.slowerThanMs', always.slowerThanMs ?? 1_000, {
      unlimited: true,
    })
    this.#failed = failed
  }

  /** Whether it is, as far as that can be said before there is an entry. `undefined`: the entry decides. */
  ofOutcome({ random }: Exchange, { result, status, error, durationMs }: Outcome): boolean | undefined {
    if (this.#sample === 1) return true
    if (
      result === 'failed' ||
      (status ?? error?.status ?? 0) >= this.#status ||
      durationMs > this.#slowerThanMs
    )
      return true
    return typeof this.#sample === 'function' ? undefined : random() < this.#sample
  }

  ofEntry(entry: AccessLogEntry, exchange: Exchange): boolean {
    if (typeof this.#sample !== 'function') return true
    try {
      return this.#sample(entry)
    } catch (error) {
      this.#failed(error, exchange)
      return true
    }
  }
}
