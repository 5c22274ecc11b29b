import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Base64Decoder } from './base64-decoder.ts'

/** What is read of a text in pieces; `undefined` where it is refused or breaks off. */
function read(...pieces: readonly string[]): string | undefined {
  const decoder = new Base64Decoder()
  let bytes = ''
  for (const piece of pieces) {
    const some = decoder.decode(Buffer.from(piece, 'latin1'))
    if (some === undefined) return undefined
    bytes += Buffer.from(some).toString('latin1')
  }
  return decoder.whole ? bytes : undefined
}

describe('Base64Decoder', () => {
  test('reads what was encoded, however it is split, several texts one behind the other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 4 }),
        fc.array(fc.nat({ max: 120 })),
        (parts, cuts) => {
          const text = parts.map((it) => Buffer.from(it).toString('base64')).join('')
          const at = [0, ...cuts.filter((it) => it < text.length).sort((a, b) => a - b), text.length]
          const pieces = at.slice(1).map((end, i) => text.slice(at[i], end))
          expect(read(...pieces)).toBe(Buffer.concat(parts).toString('latin1'))
        },
      ),
    )
  })

  test.each([
    'A',
    'AA',
    'AAA',
    'AA=',
    'AAAAA',
    '=',
    'A=',
    'A===',
    'AA=A',
    '====',
    'AA-_',
    'AA A',
    'AAA\n',
    'AAA\u{e9}',
  ])('refuses %j', (text) => {
    expect(read(text)).toBeUndefined()
  })

  test.each(['QR==', 'QUJ=', 'QV=='])('refuses bits in the padding: %s', (text) => {
    expect(read(text)).toBeUndefined()
  })
})
