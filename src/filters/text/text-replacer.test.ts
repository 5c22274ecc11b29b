import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TextReplacer } from './text-replacer.ts'

type Pairs = readonly (readonly [string, string])[]

function replacer(pairs: Pairs): TextReplacer {
  return new TextReplacer(pairs.map(([from, to]) => ({ from: Buffer.from(from), to: Buffer.from(to) })))
}

function replaced(pairs: Pairs, pieces: readonly Uint8Array[]): string {
  const replacing = replacer(pairs)
  const out: Uint8Array[] = []
  for (const piece of pieces) out.push(...replacing.push(piece))
  out.push(...replacing.end())
  return Buffer.concat(out).toString()
}

/** The same by hand, of a whole text. */
function expected(pairs: Pairs, text: string): string {
  let out = ''
  for (let at = 0; at < text.length; ) {
    const pair = pairs.find(([from]) => text.startsWith(from, at))
    out += pair?.[1] ?? text[at]!
    at += pair?.[0].length ?? 1
  }
  return out
}

const few = (max: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', '漢'), minLength: 1, maxLength: max })

test('TextReplacer gives for any split what it gives for the whole', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(few(6), fc.string({ maxLength: 3 })), { minLength: 1, maxLength: 5 }),
      few(60),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (pairs, text, sizes) => {
        const bytes = Buffer.from(text)
        const pieces: Buffer[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length]!
          pieces.push(bytes.subarray(at, at + size))
          at += size
        }
        expect(replaced(pairs, pieces)).toBe(expected(pairs, text))
      },
    ),
    { numRuns: 2_000 },
  )
})

test.each<[Pairs, string, string]>([
  [
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    'abba',
    'baab',
  ],
  [
    [
      ['ab', '1'],
      ['abc', '2'],
    ],
    'abcab',
    '1c1',
  ],
  [
    [
      ['abc', '2'],
      ['ab', '1'],
    ],
    'abcab',
    '21',
  ],
  [
    [
      ['bc', '1'],
      ['ab', '2'],
    ],
    'abc',
    '2c',
  ],
  [[['aa', 'b']], 'aaaaa', 'bba'],
  [[['x', '']], 'xaxx', 'a'],
  [[['a', 'aa']], 'aa', 'aaaa'],
])('TextReplacer with %j makes of %j: %j', (pairs, text, result) => {
  expect(replaced(pairs, [Buffer.from(text)])).toBe(result)
  expect(
    replaced(
      pairs,
      Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte)),
    ),
  ).toBe(result)
})

test('TextReplacer holds back only what may be the beginning of a match', () => {
  const replacing = replacer([['</body>', 'x']])
  const pushed = (text: string) => Buffer.concat([...replacing.push(Buffer.from(text))]).toString()
  expect(pushed('data: 1\n\n')).toBe('data: 1\n\n')
  expect(pushed('a</bod')).toBe('a')
  expect(pushed('e</body>')).toBe('</bode' + 'x')
})

test('TextReplacer gives what a chunk expands to piece by piece', () => {
  const replacing = replacer([['a', 'x'.repeat(60_000)]])
  const pieces = replacing.push(Buffer.alloc(65_536, 'a'))
  let most = 0
  for (let i = 0; i < 100; i++) most = Math.max(most, (pieces.next().value as Uint8Array).byteLength)
  expect(most).toBeLessThanOrEqual(125_536)
})
