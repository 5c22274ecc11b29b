import { Body } from '../core/body.ts'
import { BytesSource, IterableSource } from '../core/body-source.ts'
import type { KnownHead } from './held-response.ts'

/** Bytes of a stored response, wherever they are. */
export interface Content {
  readonly length: number
  /** The bytes from `from` up to but without `to`: those that are asked for, or an error. */
  read(from: number, to: number): Uint8Array | AsyncIterable<Uint8Array>
}

/** A stored response, wherever it is. */
export interface Stored extends Content {
  readonly head: KnownHead
  /** Which level has it: `memory`, or what the store is called. */
  readonly level: string
  /** The same content with another head. */
  withHead(head: KnownHead): Stored
}

/** A body of bytes that are here and bytes that are elsewhere, one behind the other. */
export function bodyOf(pieces: readonly (Uint8Array | AsyncIterable<Uint8Array>)[], length: number): Body {
  if (length === 0) return Body.empty()
  if (pieces.every((it) => it instanceof Uint8Array))
    return new Body(new BytesSource(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)))
  return new Body(new IterableSource(() => inOrder(pieces), { length }))
}

/** All of a content. */
export function wholeBody(content: Content): Body {
  return bodyOf([content.read(0, content.length)], content.length)
}

async function* inOrder(
  pieces: readonly (Uint8Array | AsyncIterable<Uint8Array>)[],
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces)
    if (piece instanceof Uint8Array) yield piece
    else yield* piece
}
