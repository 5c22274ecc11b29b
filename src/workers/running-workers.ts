import type { Duration } from '../core/options.ts'
import type { DrainOptions } from '../proxy/drain-options.ts'

/** One worker, as `RunningWorkers` shows it. */
export interface WorkerStatus {
  /** From 1 on. */
  readonly number: number
  readonly pid: number
  readonly phase: 'starting' | 'serving' | 'draining'
  /** Milliseconds since 1970 UTC. */
  readonly startedAt: number
  /** How often one of this number was started anew because the one before had ended by itself. */
  readonly restarts: number
}

/** Several processes that serve as one, seen from the one that looks after them. Ends with `drain` or `close`. */
export interface RunningWorkers extends AsyncDisposable {
  /** The first listener's address, as `RunningProxy.url`. */
  readonly url: string
  /** The url of each listener. */
  readonly urls: readonly string[]
  /** Those that run, by number; during a roll, several may have one number. */
  readonly workers: readonly WorkerStatus[]
  /**
   * Has every worker read its description again and serve that: by `load`, in place, where it was given; else by `roll`.
   * Rejects with the first failure; a worker that fails goes on as before.
   */
  reload(): Promise<void>
  /**
   * Replaces the workers one by one by new processes; each old one drains when the new one serves, and may still when this
   * resolves. Rejects where a new one cannot start: the one that it was to replace goes on, and so do those behind it.
   */
  roll(): Promise<void>
  /**
   * As `RunningProxy.drain`, of all. A worker that has not ended 5 s after the limit is killed.
   * @throws `ERR_OPTION_INVALID`
   */
  drain(options?: Duration | DrainOptions): Promise<void>
  /** Ends all at once. A worker that has not ended after 5 s is killed. */
  close(): Promise<void>
  /** Resolves when the last worker has ended, for whatever reason all were to. */
  readonly closed: Promise<void>
}
