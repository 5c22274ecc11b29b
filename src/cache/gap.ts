import { Body } from '../core/body.ts'
import { type BodySource, IterableSource } from '../core/body-source.ts'
import { ChunkReader } from '../core/chunk-reader.ts'
import { ProxyError } from '../core/errors.ts'
import type { HeaderList } from '../core/headers.ts'
import { withoutConditions } from './conditional.ts'
import type { ByteRange } from './content-range.ts'
import { formatEntityTag } from './entity-tag.ts'
import type { KnownHead } from './held-response.ts'
import type { Lookup } from './lookup.ts'
import type { PartialResponse } from './partial-response.ts'
import type { KnownPart } from './parts.ts'
import { rangeAnswer } from './range.ts'
import { formatRange, isPartOf, missingFrom } from './stored-parts.ts'

/** What is missing between what is stored and what is asked for. */
export interface Gap {
  readonly parts: PartialResponse
  /** Whether all of the representation is asked for. */
  readonly isWhole: boolean
  readonly wanted: ByteRange
  /** From the first to the last byte that is not here. */
  readonly missing: ByteRange
}

/** `undefined` where nothing of what is asked for is here, or it is asked for in a way that only the service can answer. */
export function gapOf({ method, headers }: Lookup, parts: PartialResponse): Gap | undefined {
  const size = parts.length
  const isWhole = !headers.has('range')
  let wanted: ByteRange = { first: 0, last: size - 1 }
  if (!isWhole) {
    if (headers.has('if-none-match') || headers.has('if-modified-since')) return undefined
    const plan = rangeAnswer({ method, headers }, parts.head, size)
    if (plan.answer !== 'parts' || plan.ranges.length > 1) return undefined
    wanted = plan.ranges[0]
  }
  const all = missingFrom(parts.parts, wanted)
  const [first] = all
  if (first === undefined) return undefined
  const missing = { first: first.first, last: all.at(-1)!.last }
  return bytesIn(missing) === bytesIn(wanted) ? undefined : { parts, isWhole, wanted, missing }
}

/** The head of a request for what is missing alone, if the representation is still the same (RFC 9110 section 13.1.5). */
export function gapRequest(asked: HeaderList, { parts, missing }: Gap): HeaderList {
  const { headers, validators } = parts.head
  const validator =
    validators.etag === undefined ? headers.get('last-modified')! : formatEntityTag(validators.etag)
  return withoutConditions(asked).set('Range', formatRange(missing, parts.length)).set('If-Range', validator)
}

/** Whether what came is what was missing. `length`: of its body, if that is known. */
export function fills(
  { parts, missing }: Gap,
  head: KnownHead,
  part: KnownPart | undefined,
  length: number | undefined,
): boolean {
  if (part === undefined || part.first !== missing.first || part.last !== missing.last) return false
  if (length !== undefined && length !== bytesIn(missing)) return false
  const { validators, variant } = parts.head
  return variant === head.variant && isPartOf({ validators, size: parts.length }, { ...head, range: part })
}

/** What is stored before the gap, what comes in it, and what is stored behind it. */
export function filledGap({ parts, wanted, missing }: Gap, rest: BodySource): Body {
  const before = parts.read(wanted.first, missing.first)
  const after = parts.read(missing.last + 1, wanted.last + 1)
  const bytes = new FilledGap([...before], rest, bytesIn(missing), [...after])
  return new Body(new IterableSource(() => bytes, { length: bytesIn(wanted) })).fromUpstream()
}

/** No generator: one that was never asked for anything would not let go of what comes. */
class FilledGap implements AsyncIterableIterator<Uint8Array> {
  readonly #before: Uint8Array[]
  readonly #rest: ChunkReader
  readonly #after: Uint8Array[]
  #missing: number

  constructor(before: Uint8Array[], rest: BodySource, missing: number, after: Uint8Array[]) {
    this.#before = before
    this.#rest = new ChunkReader(rest)
    this.#missing = missing
    this.#after = after
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const stored = this.#before.shift()
    if (stored !== undefined) return { done: false, value: stored }
    const step = await this.#rest.next()
    if (step.done !== true) {
      this.#missing -= step.value.byteLength
      if (this.#missing < 0) throw wrongLength()
      return step
    }
    if (this.#missing !== 0) throw wrongLength()
    const value = this.#after.shift()
    return value === undefined ? { done: true, value } : { done: false, value }
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    return this.#rest.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function bytesIn({ first, last }: ByteRange): number {
  return last + 1 - first
}

function wrongLength(): ProxyError {
  return new ProxyError('upstream_response_malformed', {
    detail: 'a part with another number of bytes than its Content-Range says',
  })
}
