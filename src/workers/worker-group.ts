import type { Channel } from './channel.ts'

/** One worker, as those see it who do something for all of them. */
export interface WorkerView {
  /** From 1 on. A worker that takes another's place has its number. */
  readonly number: number
  readonly pid: number
  /** `starting` until it serves; `draining` when another takes its place, or all end. */
  readonly phase: 'starting' | 'serving' | 'draining'
  /** Milliseconds since 1970 UTC. */
  readonly startedAt: number
  /** How often a worker of this number was started anew because the one before had ended by itself. */
  readonly restarts: number
  readonly channel: Channel
}

/** The workers of a supervisor. */
export interface WorkerGroup {
  /** Those that run, by number; during a roll, two may have one number. */
  readonly workers: readonly WorkerView[]
  /** How many there are to be. */
  readonly size: number
  /** Told when a worker has come to `starting`, `serving` or `draining`, and `gone` when its process has ended. */
  onChange(listener: (worker: WorkerView, now: WorkerView['phase'] | 'gone') => void): void
}
