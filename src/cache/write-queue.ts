import { CallGuard } from '../core/call-guard.ts'
import type { Clock } from '../core/clock.ts'

/** Writes that wait, at most: in number, and in bytes of what they hold. */
const MAX_WAITING = 10_000
const MAX_BYTES = 67_108_864
/** Writes of different keys that are under way at once, beside those that are streamed. */
const MAX_RUNNING = 8
/** What takes longer is given up on. */
const WRITE_MS = 10_000
const RETRY_MS = 1_000
const MAX_STREAMED = 32
/** One that is streamed goes on for as long as its content comes; this is for one that never ends. */
const STREAMED_MS = 3_600_000
const STREAMED_RETRY_MS = 10_000

export interface Write {
  readonly clock: Clock
  readonly key: string
  /** What it holds until it is over. */
  readonly bytes: number
  readonly work: () => Promise<unknown>
  /** Its content comes while it is written: it takes no other's place, and rejects here when it is not to be waited for. */
  readonly streamed?: Promise<never>
  /** Told whether the write was made. */
  readonly settled?: (done: boolean) => void
}

/**
 * Writes behind answers: those of one key in their order, and only so much of them; what is too much is left out. What is given
 * up on may be done later all the same: until then no other write of its key is made.
 */
export class WriteQueue {
  readonly #guard: CallGuard
  readonly #streamedGuard: CallGuard
  /** By key, the one that is under way first. */
  readonly #waiting = new Map<string, Write[]>()
  /** Keys of which none is under way. */
  readonly #ready = new Set<string>()
  /** Keys of what was given up on, and is not over. */
  readonly #late = new Set<string>()
  #running = 0
  #count = 0
  #bytes = 0
  #dropped = 0
  #onIdle: (() => void) | undefined
  #closed: Promise<void> | undefined

  constructor(name: string) {
    this.#guard = new CallGuard({ name, timeoutMs: WRITE_MS, maxPending: MAX_RUNNING * 4, retryMs: RETRY_MS })
    this.#streamedGuard = new CallGuard({
      name,
      timeoutMs: STREAMED_MS,
      maxPending: MAX_STREAMED,
      retryMs: STREAMED_RETRY_MS,
    })
  }

  /** Writes that were left out: there was no room, or the store is left alone. */
  get dropped(): number {
    return this.#dropped
  }

  /** Bytes that are held by what is not over. */
  get bytes(): number {
    return this.#bytes
  }

  add(write: Write): void {
    const { key, bytes, settled } = write
    const isTooMuch = this.#count >= MAX_WAITING || this.#bytes + bytes > MAX_BYTES
    if (isTooMuch || this.#closed !== undefined || this.#late.has(key)) {
      this.#dropped++
      settled?.(false)
      return
    }
    this.#count++
    this.#bytes += bytes
    const others = this.#waiting.get(key)
    if (others !== undefined) {
      others.push(write)
      return
    }
    this.#waiting.set(key, [write])
    this.#isReady(write)
  }

  /** No more is taken; resolves when what is here is done, or was given up on. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#count === 0) resolve()
      else this.#onIdle = resolve
    })
    return this.#closed
  }

  #isReady(write: Write): void {
    if (write.streamed === undefined) {
      this.#ready.add(write.key)
      this.#next()
    } else void this.#run(write, this.#streamedGuard)
  }

  #next(): void {
    for (const key of this.#ready) {
      if (this.#running >= MAX_RUNNING) return
      this.#ready.delete(key)
      this.#running++
      void this.#run(this.#waiting.get(key)![0]!, this.#guard)
    }
  }

  async #run(write: Write, guard: CallGuard): Promise<void> {
    const { clock, key, work, streamed } = write
    const made: { late: Promise<void> | undefined } = { late: undefined }
    const call = (): Promise<unknown> => {
      const over = () => {
        made.late = undefined
      }
      const promise = Promise.resolve(work())
      made.late = promise.then(over, over)
      return streamed === undefined ? promise : Promise.race([promise, streamed])
    }
    let done = true
    try {
      await guard.run(clock, call)
    } catch {
      done = false
    }
    if (streamed === undefined) this.#running--
    if (made.late === undefined) this.#bytes -= write.bytes
    else this.#isLate(write, made.late)
    this.#ended(write, done)
    const others = this.#waiting.get(key)!
    others.shift()
    if (this.#late.has(key)) for (const other of others.splice(0)) this.#leaveOut(other)
    if (others.length === 0) this.#waiting.delete(key)
    else this.#isReady(others[0]!)
    this.#next()
  }

  #isLate({ key, bytes }: Write, over: Promise<void>): void {
    this.#late.add(key)
    void over.then(() => {
      this.#late.delete(key)
      this.#bytes -= bytes
    })
  }

  #leaveOut(write: Write): void {
    this.#bytes -= write.bytes
    this.#ended(write, false)
  }

  #ended({ settled }: Write, done: boolean): void {
    this.#count--
    if (!done) this.#dropped++
    settled?.(done)
    if (this.#count === 0) this.#onIdle?.()
  }
}
