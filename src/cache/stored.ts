import { Body } from '../core/body.ts'
import { BytesSource, IterableSource, PiecesSource } from '../core/body-source.ts'
import type { HeaderList } from '../core/headers.ts'
import type { KnownHead } from './held-response.ts'

/** Bytes that are here, in order, or that come. */
export type Bytes = readonly Uint8Array[] | AsyncIterable<Uint8Array>

/** Bytes of a stored response, wherever they are. */
export interface Content {
  readonly length: number
  /** What comes behind all of it. */
  readonly trailers?: HeaderList | undefined
  /** The bytes from `from` up to but without `to`: those that are asked for, or an error. */
  read(from: number, to: number): Bytes
}

/** A stored response, wherever it is. */
export interface Stored extends Content {
  readonly head: KnownHead
  /** Which level has it: `memory`, or what the store is called. */
  readonly level: string
  /** The last purge that it is known to have outlived; `undefined` where only its times are known. */
  sequence: number | undefined
  /** The same content with another head. */
  withHead(head: KnownHead): Stored
}

/** A body of bytes that are here and bytes that are elsewhere, one behind the other. */
export function bodyOf(parts: readonly Bytes[], length: number): Body {
  if (length === 0) return Body.empty()
  if (!parts.every(isHere)) {
    // One by itself is read without anything between, so that whoever leaves while it hangs leaves at once.
    const iterable = () => (parts.length === 1 ? parts[0]! : inOrder(parts))
    return new Body(new IterableSource(iterable, { length }))
  }
  const pieces = parts.length === 1 ? parts[0]! : parts.flat()
  return new Body(pieces.length === 1 ? new BytesSource(pieces[0]!) : new PiecesSource(pieces, length))
}

function isHere(bytes: Bytes): bytes is readonly Uint8Array[] {
  return Array.isArray(bytes)
}

/** All of a stored response, with what comes behind it. */
export function wholeBody(stored: Stored): Body {
  const { head, length, trailers } = stored
  const content = stored.read(0, length)
  if (trailers === undefined) return bodyOf([content], length)
  // Framing by a length leaves no place for trailers, but where the service has used both.
  const known = head.headers.has('content-length') ? { length } : {}
  return new Body(new IterableSource(() => content, { ...known, trailers: () => trailers.clone() }))
}

async function* inOrder(parts: readonly Bytes[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield* part
}
