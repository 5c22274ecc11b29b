import fc from 'fast-check'
import { bytesAsCode } from './code.ts'
import type { Flaw } from './flaws.ts'
import { joined, type MessageParts } from './message-parts.ts'

/** A message that is valid but for one flaw. */
export interface Malformed<F extends string> {
  readonly flaw: F
  readonly bytes: Buffer
  /** The flaw as a comment, and the bytes as a string literal of latin1, one line of text a line. */
  toString(): string
}

/** Messages with one of these flaws, made of valid ones. Shrinks to the shortest message that can have the flaw. */
export function malformed<F extends string>(
  table: Readonly<Record<F, Flaw>>,
  flaws: readonly F[],
  partsFramed: (framing: Flaw['framing']) => fc.Arbitrary<MessageParts>,
): fc.Arbitrary<Malformed<F>> {
  const framings = [undefined, 'length', 'chunked'] as const
  const groups = framings.flatMap((framing) => {
    const group = flaws.filter((flaw) => table[flaw].framing === framing)
    if (group.length === 0) return []
    const arbitrary = fc
      .tuple(fc.constantFrom(...group), fc.nat(), partsFramed(framing))
      .map(([flaw, pick, parts]) => new MalformedMessage(flaw, table[flaw].spoil(parts, pick)))
    return [{ weight: group.length, arbitrary }]
  })
  return fc.oneof(...groups)
}

class MalformedMessage<F extends string> implements Malformed<F> {
  readonly flaw: F
  readonly bytes: Buffer

  constructor(flaw: F, spoilt: MessageParts | string) {
    this.flaw = flaw
    this.bytes = Buffer.from(typeof spoilt === 'string' ? spoilt : joined(spoilt), 'latin1')
  }

  toString(): string {
    return `// ${this.flaw}\n${bytesAsCode(this.bytes)}`
  }
}
