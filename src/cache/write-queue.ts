import { CallGuard } from '../core/call-guard.ts'
import type { Clock } from '../core/clock.ts'

/** Writes that wait, at most: in number, and in bytes of contents. */
const MAX_WAITING = 10_000
const MAX_BYTES = 67_108_864
/** Writes of different keys that are under way at once. */
const MAX_RUNNING = 8
/** What takes longer is given up on. */
const WRITE_MS = 10_000
const RETRY_MS = 1_000

interface Write {
  readonly clock: Clock
  readonly key: string
  readonly bytes: number
  readonly work: () => Promise<unknown>
  readonly settled: ((done: boolean) => void) | undefined
}

/** Writes behind answers: those of one key in their order, and only so much of them; what is too much is left out. */
export class WriteQueue {
  readonly #guard: CallGuard
  /** By key, in the order in which keys came. */
  readonly #waiting = new Map<string, Write[]>()
  readonly #running = new Set<string>()
  #count = 0
  #bytes = 0
  #dropped = 0

  constructor(name: string) {
    this.#guard = new CallGuard({ name, timeoutMs: WRITE_MS, maxPending: MAX_RUNNING * 4, retryMs: RETRY_MS })
  }

  /** Writes that were left out: there was no room, or the store is left alone. */
  get dropped(): number {
    return this.#dropped
  }

  /** Bytes of contents that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** `settled` is told whether the write was made. */
  add(
    clock: Clock,
    key: string,
    bytes: number,
    work: () => Promise<unknown>,
    settled?: (done: boolean) => void,
  ): void {
    if (this.#count >= MAX_WAITING || (bytes > 0 && this.#bytes + bytes > MAX_BYTES)) {
      this.#dropped++
      settled?.(false)
      return
    }
    this.#count++
    this.#bytes += bytes
    const write = { clock, key, bytes, work, settled }
    const others = this.#waiting.get(key)
    if (others === undefined) this.#waiting.set(key, [write])
    else others.push(write)
    this.#next()
  }

  #next(): void {
    for (const [key, [write]] of this.#waiting) {
      if (this.#running.size >= MAX_RUNNING) return
      if (!this.#running.has(key)) void this.#run(key, write!)
    }
  }

  async #run(key: string, write: Write): Promise<void> {
    this.#running.add(key)
    let done = true
    try {
      await this.#guard.run(write.clock, write.work)
    } catch {
      done = false
      this.#dropped++
    }
    this.#running.delete(key)
    this.#count--
    this.#bytes -= write.bytes
    const others = this.#waiting.get(key)!
    others.shift()
    if (others.length === 0) this.#waiting.delete(key)
    write.settled?.(done)
    this.#next()
  }
}
