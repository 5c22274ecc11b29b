import { SMALL_BYTES } from '../../core/network.ts'

/** A text, and what stands in its place, in UTF-8. */
export interface Replacement {
  readonly from: Buffer
  readonly to: Buffer
}

/** What is given at once, about: more is given when it is asked for. */
const PIECE_BYTES = 65_536

/**
 * Replaces texts in bytes that come in pieces. Of matches that overlap, the one counts that begins first; of those that begin at
 * the same place, the one that stands first in the list. What was put in is not looked at again. So the result does not depend on the pieces.
 *
 * Of what has come, no more is held than may be the beginning of a match: less than the longest text.
 */
export class TextReplacer {
  readonly #replacements: readonly Replacement[]
  readonly #longest: number
  /** For each byte, whether a text begins with it. */
  readonly #begins = new Uint8Array(256)
  #held: Buffer = Buffer.alloc(0)

  constructor(replacements: readonly Replacement[]) {
    this.#replacements = replacements
    this.#longest = Math.max(...replacements.map(({ from }) => from.length))
    for (const { from } of replacements) this.#begins[from[0]!] = 1
  }

  /** What can be said once these bytes are there. */
  push(bytes: Uint8Array): Generator<Uint8Array> {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return this.#replaced(this.#held.length === 0 ? view : Buffer.concat([this.#held, view]), false)
  }

  /** What is left when nothing more comes. */
  end(): Generator<Uint8Array> {
    return this.#replaced(this.#held, true)
  }

  *#replaced(bytes: Buffer, ended: boolean): Generator<Uint8Array> {
    this.#held = Buffer.alloc(0)
    const next = this.#replacements.map(() => -1)
    // Before it, there is enough of the bytes to tell whether any text stands at a place.
    const sure = ended ? bytes.length : Math.max(0, bytes.length - this.#longest + 1)
    let pieces: Buffer[] = []
    let size = 0
    let at = 0
    while (at < bytes.length) {
      const match = this.#match(bytes, at, sure, next, ended)
      const kept = bytes.subarray(at, match.at)
      at = match.at
      if (kept.length >= SMALL_BYTES) {
        // Copying it would cost more than another write.
        if (size > 0) yield joined(pieces, size)
        pieces = []
        size = 0
        yield kept
      } else if (kept.length > 0) {
        pieces.push(kept)
        size += kept.length
      }
      if (match.found === undefined) {
        // A copy, so that a few bytes do not hold the memory of a whole read.
        this.#held = Buffer.from(bytes.subarray(at))
        break
      }
      pieces.push(match.found.to)
      size += match.found.to.length
      at += match.found.from.length
      if (size < PIECE_BYTES) continue
      yield joined(pieces, size)
      pieces = []
      size = 0
    }
    if (size > 0) yield joined(pieces, size)
  }

  /** The first match from a place on; without one, the place from which on it cannot be told yet. */
  #match(bytes: Buffer, from: number, sure: number, next: number[], ended: boolean): Match {
    // 1. Where all is there, a search in native code.
    let found: Replacement | undefined
    let at = sure
    if (from < sure)
      for (let i = 0; i < this.#replacements.length; i++) {
        const replacement = this.#replacements[i]!
        if (next[i]! < from) {
          const index = bytes.indexOf(replacement.from, from)
          next[i] = index < 0 ? Number.POSITIVE_INFINITY : index
        }
        if (next[i]! >= at) continue
        at = next[i]!
        found = replacement
      }
    if (found !== undefined) return { at, found }
    // 2. Then place by place: a text may begin here and end in what is to come.
    for (let place = Math.max(from, sure); place < bytes.length; place++) {
      if (this.#begins[bytes[place]!] === 0) continue
      for (const replacement of this.#replacements) {
        const length = Math.min(replacement.from.length, bytes.length - place)
        if (bytes.compare(replacement.from, 0, length, place, place + length) !== 0) continue
        if (length === replacement.from.length) return { at: place, found: replacement }
        if (!ended) return { at: place, found: undefined }
      }
    }
    return { at: bytes.length, found: undefined }
  }
}

interface Match {
  readonly at: number
  readonly found: Replacement | undefined
}

function joined(pieces: readonly Buffer[], size: number): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size)
}
