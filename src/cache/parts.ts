import type { Clock } from '../core/clock.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { ByteRange, ContentRange } from './content-range.ts'
import { freshenedHead } from './freshen.ts'
import { type KnownHead, knownHead } from './held-response.ts'
import { type Levels, partsKey } from './levels.ts'
import type { Lookup } from './lookup.ts'
import { HeldResponse } from './memory-level.ts'
import { PartialResponse } from './partial-response.ts'
import { rangeAnswer } from './range.ts'
import type { Stored } from './stored.ts'
import { brokenOffPart, isPartOf } from './stored-parts.ts'
import { sameStrongValidator, type Validators } from './validators.ts'

/** A part of a representation whose size is known. */
export interface KnownPart extends ByteRange {
  readonly size: number
}

/** Parts of representations in memory: they are combined (RFC 9111 section 3.4), and answer for what is all there. */
export class Parts {
  readonly #settings: CacheSettings
  readonly #levels: Levels

  constructor(settings: CacheSettings, levels: Levels) {
    this.#settings = settings
    this.#levels = levels
  }

  /** Parts that have all that a request asks for, where nothing newer is stored whole. */
  held(lookup: Lookup, whole: Stored | undefined): PartialResponse | undefined {
    if (!lookup.headers.has('range')) return undefined
    const parts = this.find(lookup)
    if (parts === undefined || !hasAllOf(parts, lookup)) return undefined
    return whole === undefined || parts.head.date > whole.head.date ? parts : undefined
  }

  /** Whatever parts are there of what a request asks for. */
  find({ key, method, headers }: Lookup): PartialResponse | undefined {
    const isStored = method === 'GET' && this.#settings.storability.parts
    return isStored ? this.#levels.heldParts(key, headers) : undefined
  }

  /** Whether what came with these may be combined with what else comes. */
  isOfUse(validators: Validators): boolean {
    return this.#settings.storability.parts && sameStrongValidator(validators, validators)
  }

  /** What came of a response before it broke off (RFC 9111 section 3.3). Else as `add`. */
  addBrokenOff(
    key: string,
    head: KnownHead,
    chunks: readonly Uint8Array[],
    isComplete: boolean,
    clock: Clock,
  ): void {
    const part = knownPart(brokenOffPart(head, bytesOf(chunks)))
    if (part !== undefined) this.add(key, head, part, chunks, isComplete, clock)
  }

  /**
   * A part is here. `head` is of the response that it came with: it takes the place of the older one (RFC 9111 section 3.4).
   * `isComplete`: whether the head of the first part has all fields that the whole would have.
   */
  add(
    key: string,
    head: KnownHead,
    part: KnownPart,
    chunks: readonly Uint8Array[],
    isComplete: boolean,
    clock: Clock,
  ): void {
    const { first, last, size } = part
    // With another number of bytes than it says, it may be anything.
    if (bytesOf(chunks) !== last + 1 - first) return
    const before = this.#levels.partsOf(key, head.variant)
    let all: PartialResponse | undefined
    if (before !== undefined && isPartOf(knownOf(before), { ...head, range: part }))
      all = before.withPart({ first, last }, chunks, this.combinedHead(key, before, head))
    else if (isComplete)
      all = PartialResponse.of(
        partsKey(key),
        this.#headOfWhole(key, head, size),
        size,
        { first, last },
        chunks,
      )
    if (all === undefined || all.heldBytes > this.#settings.maxEntryBytes) return
    if (!all.has({ first: 0, last: size - 1 })) this.#levels.putParts(all)
    else {
      const content = { chunks: all.read(0, size), trailers: undefined }
      const entry = new HeldResponse(key, all.head, content)
      entry.sequence = this.#levels.purges.sequence
      this.#levels.put(entry, clock)
    }
  }

  /** The head of what is combined: the newest one, but for what the bytes are bound to. */
  combinedHead(key: string, { head }: PartialResponse, update: KnownHead): KnownHead {
    if (update.responseTime < head.responseTime) return head
    const { requestTime, responseTime } = update
    const tags = update.tags.length > 0 ? update.tags : head.tags
    const headers = freshenedHead(head.headers, update.headers, responseTime)
    const { status, reason, variant } = head
    return knownHead(
      { status, reason, headers, requestTime, responseTime, variant, tags },
      this.#settings,
      key,
    )
  }

  /** The head that all of it would have had. */
  #headOfWhole(key: string, head: KnownHead, size: number): KnownHead {
    const { requestTime, responseTime, variant, tags } = head
    const headers = head.headers.clone()
    headers.delete('Content-Range')
    headers.set('Content-Length', String(size))
    const whole = { status: 200, reason: undefined, headers, requestTime, responseTime, variant, tags }
    return knownHead(whole, this.#settings, key)
  }
}

/** Whether all that a request asks for is among them. */
export function hasAllOf(stored: PartialResponse, { method, headers }: Lookup): boolean {
  const plan = rangeAnswer({ method, headers }, stored.head, stored.length)
  return plan.answer === 'parts' && plan.ranges.every((range) => stored.has(range))
}

/** `undefined` where the size is not known: then nothing says when all of it is there. */
export function knownPart(range: ContentRange | undefined): KnownPart | undefined {
  if (range?.size === undefined) return undefined
  const { first, last, size } = range
  return { first, last, size }
}

function bytesOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function knownOf({ head: { validators }, length }: PartialResponse) {
  return { validators, size: length }
}
