import type { Clock } from '../core/clock.ts'
import { HeaderList } from '../core/headers.ts'
import type { FoundResponse } from './cache-store.ts'
import type { KnownHead } from './held-response.ts'
import { PieceReader } from './piece-reader.ts'
import type { Bytes, Stored } from './stored.ts'
import type { StoredHead } from './stored-response.ts'

/** What a store has found. Whoever reads it gets the bytes that it has said to have, or an error. */
export class FoundEntry implements Stored {
  readonly level: string
  readonly head: KnownHead
  readonly length: number
  sequence: number | undefined
  readonly #found: FoundResponse
  readonly #clock: Clock
  /** The first bytes, where they were read beforehand. */
  readonly #begin: Uint8Array

  constructor(
    level: string,
    found: FoundResponse,
    head: KnownHead,
    clock: Clock,
    begin: Uint8Array = NO_BYTES,
  ) {
    this.level = level
    this.head = head
    this.length = found.length
    this.#found = found
    this.#clock = clock
    this.#begin = begin
  }

  read(from: number, to: number): Bytes {
    const here = this.#begin.subarray(from, to)
    const rest = () => this.#reader(from + here.byteLength, to)
    if (here.byteLength === 0) return rest()
    return here.byteLength === to - from ? [here] : behind(here, rest())
  }

  #reader(from: number, to: number): PieceReader {
    const settings = { name: this.level, clock: this.#clock, bytes: Math.max(0, to - from) }
    return new PieceReader(() => this.#found.read(from, to), settings)
  }

  withHead(head: KnownHead): FoundEntry {
    return this.#like(head, this.#begin)
  }

  /** Its first bytes, for `begun`. */
  first(bytes: number): PieceReader {
    return this.#reader(0, Math.min(bytes, this.length))
  }

  /** The same, whose first bytes are here. */
  begun(begin: readonly Uint8Array[]): FoundEntry {
    return this.#like(this.head, Buffer.concat(begin))
  }

  #like(head: KnownHead, begin: Uint8Array): FoundEntry {
    const other = new FoundEntry(this.level, this.#found, head, this.#clock, begin)
    other.sequence = this.sequence
    return other
  }
}

const NO_BYTES = new Uint8Array(0)

/** Bytes that are here, and those that come behind them. */
function behind(here: Uint8Array, rest: PieceReader): AsyncIterableIterator<Uint8Array> {
  let first = true
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next() {
      if (!first) return rest.next()
      first = false
      return Promise.resolve({ done: false, value: here })
    },
    return() {
      first = false
      return rest.return()
    },
  }
}

/** Whether it can be what a store was given: anything may come out of a store that others write to. */
export function isFound(found: FoundResponse): boolean {
  const { head, length } = found
  return Number.isSafeInteger(length) && length >= 0 && typeof found.read === 'function' && isHead(head)
}

function isHead({ status, reason, headers, requestTime, responseTime, variant, tags }: StoredHead): boolean {
  return (
    Number.isInteger(status) &&
    status >= 200 &&
    status <= 599 &&
    (reason === undefined || (typeof reason === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(reason))) &&
    headers instanceof HeaderList &&
    Number.isFinite(requestTime) &&
    Number.isFinite(responseTime) &&
    typeof variant === 'string' &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string')
  )
}
