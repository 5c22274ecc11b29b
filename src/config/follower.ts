import { bounded } from '../core/bounded-text.ts'
import type { Clock, Timer } from '../core/clock.ts'
import type { ConfigurationControl, ConfigurationStatus } from '../core/configuration-control.ts'
import type { LogWriter } from '../core/log.ts'
import { fingerprint } from './fingerprint.ts'
import { type Loaded, type Seen, settledLoad } from './settled-load.ts'

export interface FollowerOptions<L extends Loaded> {
  /** What the files are, for people: `gateway.yaml`. */
  readonly title: string
  /** Reads and checks all files. `before`: what is served, if anything is. Rejects where they cannot be used. */
  readonly load: (before: L | undefined) => Promise<L>
  /** Serves it in the place of what is served. Rejects where that cannot be; then that must go on. */
  readonly apply: (loaded: L) => Promise<void>
  readonly clock: Clock
  readonly log: LogWriter
  /** How often files are looked at. `undefined`: only when somebody asks for a reload. */
  readonly everyMs: number | undefined
  /** Looks at a file. Default `fingerprint`. */
  readonly look?: typeof fingerprint
}

/** Of a failure, as it is shown: a file can have as many things wrong as it has lines. */
const MAX_MESSAGE = 8_000

/** More than anybody has. What is beyond is not looked at. */
const MAX_FILES = 10_000

/**
 * Serves what files say, as they change. A change is one of the content: it is looked for once in `everyMs`, and is then read
 * and checked as a whole before any of it is served. What cannot be used is told of once, stands in `status.failure` until it
 * is mended, and changes nothing. There is one reload at a time; what changes meanwhile is served by the next one.
 */
export class Follower<L extends Loaded> implements ConfigurationControl {
  readonly #options: FollowerOptions<L>
  #served: L
  #status: ConfigurationStatus
  /** What files are compared with, to find that they have changed. */
  #seen: Seen
  #last: Promise<void> = Promise.resolve()
  /** The one that has not begun yet. */
  #next: Promise<void> | undefined
  #timer: Timer | undefined
  #phase: 'waiting' | 'following' | 'ended' = 'waiting'

  private constructor(options: FollowerOptions<L>, first: L, seen: Seen) {
    this.#options = options
    this.#served = first
    this.#seen = seen
    this.#status = { files: first.files, loadedAt: this.#now, reloads: 0, failure: undefined }
  }

  /**
   * Loads for the first time: `served` is to be served, and followed from `begin` on. Rejects with what `load` rejects with.
   *
   * `files`: those that are known before anything is read.
   */
  static async load<L extends Loaded>(
    files: readonly string[],
    options: FollowerOptions<L>,
  ): Promise<Follower<L>> {
    let before: L | undefined
    const load = await settledLoad(
      files,
      (all) => lookAt(all, options),
      async () => {
        before = await options.load(before)
        return before
      },
    )
    if (load.error !== undefined) throw load.error
    return new Follower(options, load.loaded, load.seen)
  }

  get status(): ConfigurationStatus {
    return this.#status
  }

  /** What is served. */
  get served(): L {
    return this.#served
  }

  /** Follows from now on: what was loaded is served. */
  begin(): void {
    if (this.#phase !== 'waiting') return
    this.#phase = 'following'
    this.#schedule()
  }

  /**
   * Reads all files again, and serves what they say. Rejects where that cannot be; then what was served goes on. One that is
   * under way may have read the files already, so that this is another one behind it.
   */
  reload(): Promise<void> {
    if (this.#phase !== 'following') return Promise.reject(this.#doesNotFollow())
    this.#next ??= this.#behindTheLast()
    return this.#next
  }

  /** Looks at no file any more. Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#phase = 'ended'
    this.#timer?.clear()
    this.#timer = undefined
    await this.#last
  }

  get #now(): number {
    return Math.round(this.#options.clock.wallTime())
  }

  #doesNotFollow(): Error {
    return new Error(this.#phase === 'ended' ? 'the proxy has ended' : 'the proxy has not started yet')
  }

  async #behindTheLast(): Promise<void> {
    await this.#last
    this.#next = undefined
    if (this.#phase !== 'following') throw this.#doesNotFollow()
    const reload = this.#reload()
    this.#last = reload.catch(() => {})
    return reload
  }

  async #reload(): Promise<void> {
    const { load, apply, log, title } = this.#options
    const settled = await settledLoad(
      new Set([...this.#seen.keys(), ...this.#served.files]),
      (all) => lookAt(all, this.#options, this.#seen),
      () => load(this.#served),
    )
    this.#seen = settled.seen
    if (settled.error !== undefined) throw this.#failed(settled.error)
    const { loaded } = settled
    try {
      await apply(loaded)
    } catch (thrown) {
      throw this.#failed(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
    const { reloads, failure } = this.#status
    this.#served = loaded
    this.#status = { files: loaded.files, loadedAt: this.#now, reloads: reloads + 1, failure: undefined }
    log.info(
      failure === undefined ? `${title} has been reloaded` : `${title} is mended and has been reloaded`,
    )
  }

  #failed(error: Error): Error {
    const message = bounded(error.message, MAX_MESSAGE)
    this.#status = { ...this.#status, failure: { at: this.#now, message } }
    // At the end, that is no news.
    if (this.#phase === 'following')
      this.#options.log.error(
        `${this.#options.title} is not served as it is now, and what was served before goes on:\n${message}`,
      )
    return error
  }

  #schedule(): void {
    const { clock, everyMs } = this.#options
    if (everyMs === undefined || this.#phase !== 'following') return
    this.#timer = clock.setTimeout(() => void this.#tick(), everyMs)
  }

  async #tick(): Promise<void> {
    // One that is under way looks by itself.
    await this.#last
    const seen = this.#seen
    const now = await lookAt(seen.keys(), this.#options, seen)
    // Unless one has begun meanwhile: it has seen at least as much as this.
    if (this.#phase === 'following' && this.#next === undefined && seen === this.#seen) {
      const hasChanged = [...now].some(([file, { content }]) => seen.get(file)?.content !== content)
      // What fails was told of.
      if (hasChanged) await this.reload().catch(() => {})
      else this.#seen = now
    }
    this.#schedule()
  }
}

async function lookAt<L extends Loaded>(
  files: Iterable<string>,
  { clock, look = fingerprint }: FollowerOptions<L>,
  seen?: Seen,
): Promise<Seen> {
  const wallTime = clock.wallTime()
  const looked = [...files].slice(0, MAX_FILES).map(async (file) => {
    return [file, await look(file, wallTime, seen?.get(file))] as const
  })
  return new Map(await Promise.all(looked))
}
