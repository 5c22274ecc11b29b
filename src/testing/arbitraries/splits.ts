import fc from 'fast-check'
import { bytesAsCode } from './code.ts'

/**
 * Ways in which bytes may arrive: pieces that are not empty and make up the whole, each in memory of its own. A few cuts
 * anywhere, or pieces of one size, down to single bytes. Shrinks to one piece.
 *
 * @example
 * fc.property(requests().chain(({ bytes }) => splits(bytes)), (pieces) => {
 *   for (const piece of pieces) parser.push(piece)
 * })
 */
export function splits(bytes: Uint8Array): fc.Arbitrary<readonly Buffer[]> {
  const whole = Buffer.from(bytes)
  const { length } = whole
  if (length < 2) return fc.constant(0).map(() => pieces(whole, []))
  const anywhere = fc.array(fc.integer({ min: 1, max: length - 1 }), { maxLength: 8 })
  const even = fc.integer({ min: 1, max: length }).map((size) => everyNth(size, length))
  const drawn = fc.oneof({ weight: 4, arbitrary: anywhere }, { weight: 1, arbitrary: even })
  return new Cuts(drawn).map((cuts) => pieces(whole, cuts))
}

function everyNth(n: number, length: number): number[] {
  return Array.from({ length: Math.ceil(length / n) - 1 }, (_, i) => (i + 1) * n)
}

/** Leaves cuts out, however they were drawn, until each that is left matters. */
class Cuts extends fc.Arbitrary<readonly number[]> {
  readonly #drawn: fc.Arbitrary<readonly number[]>

  constructor(drawn: fc.Arbitrary<readonly number[]>) {
    super()
    this.#drawn = drawn
  }

  override generate(random: fc.Random, bias: number | undefined): fc.Value<readonly number[]> {
    return new fc.Value(this.#drawn.generate(random, bias).value, undefined)
  }

  override canShrinkWithoutContext(value: unknown): value is readonly number[] {
    return Array.isArray(value)
  }

  override shrink(cuts: readonly number[]): fc.Stream<fc.Value<readonly number[]>> {
    return fc.stream(fewer(cuts)).map((left) => new fc.Value(left, undefined))
  }
}

/** Without any, without either half, and so on down to without each one. */
function* fewer(cuts: readonly number[]): Generator<readonly number[], void> {
  for (let size = cuts.length; size > 0; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < cuts.length; at += size) yield cuts.toSpliced(at, size)
}

function pieces(whole: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const starts = [...new Set([0, ...cuts])].sort((a, b) => a - b)
  const list = starts.map((from, i) => Buffer.from(whole.subarray(from, starts[i + 1])))
  // Out of the whole, which nobody else can overwrite.
  const code = () => listAsCode(starts.map((from, i) => whole.subarray(from, starts[i + 1])))
  return Object.defineProperty(list, fc.toStringMethod, { value: code })
}

function listAsCode(list: readonly Buffer[]): string {
  return `[\n${list.map((piece) => `  ${bytesAsCode(piece).replaceAll('\n', '\n  ')},\n`).join('')}]`
}
