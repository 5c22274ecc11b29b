import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FieldKind } from '../core/field-name.ts'
import { HeaderList } from '../core/headers.ts'
import { knownHead } from './held-response.ts'
import { KeptHead } from './kept-head.ts'
import { DEFAULT_REUSE_TERMS } from './reuse-terms.ts'
import { reusedHead } from './stored-head.ts'
import { DEFAULT_TARGETS } from './targeted-cache-control.ts'

function known(headers: HeaderList, variant = '', tags: readonly string[] = []) {
  return knownHead(
    { status: 203, reason: 'Fine', headers, requestTime: 1e12 + 0.5, responseTime: 1e12 + 7, variant, tags },
    { terms: DEFAULT_REUSE_TERMS, targets: DEFAULT_TARGETS },
  )
}

const fields = fc.array(
  fc.tuple(
    fc.constantFrom(
      'Age',
      'age',
      'Date',
      'ETag',
      'Vary',
      'Via',
      'Content-Length',
      'X-a',
      'x-A',
      'Cache-Control',
    ),
    fc.constantFrom('', '5', '"t"', 'X-B, accept', 'max-age=9', '\xe9', 'Thu, 01 Jan 1970 00:00:00 GMT'),
  ),
  { maxLength: 12 },
)

const isAge = ([name]: [string, string]) => name.toLowerCase() === 'age'

describe('KeptHead', () => {
  test('is the head that it was made of; its ages stand last', () => {
    fc.assert(
      fc.property(fields, fc.nat(4_095), (pairs, dropped) => {
        const head = known(HeaderList.from(pairs), 'v', ['t'])
        const kept = KeptHead.of(head)
        const { headers, ...rest } = head
        for (const [name, value] of Object.entries(rest))
          expect([name, kept[name as keyof typeof rest]]).toEqual([name, value])
        const inOrder = HeaderList.from(
          [...headers].filter((it) => !isAge(it)).concat([...headers].filter(isAge)),
        )
        expect(kept.headers.lines(dropped)).toBe(inOrder.lines(dropped))
        expect([...kept.headers]).toEqual([...inOrder])
        expect(kept.headers.size).toBe(headers.size)
      }),
    )
  })

  test('answers with one age, that of now, and all else as it stood', () => {
    fc.assert(
      fc.property(fields, fc.nat(100_000), (pairs, ageMs) => {
        const head = known(HeaderList.from(pairs))
        const aged = KeptHead.of(head).aged(ageMs)
        const plain = [...reusedHead(head.headers, ageMs)]
        expect(aged.size).toBe(plain.length)
        expect(aged.hasKind(FieldKind.via)).toBe(HeaderList.from(plain).hasKind(FieldKind.via))
        expect([...aged].filter((it) => !isAge(it))).toEqual(plain.filter((it) => !isAge(it)))
        expect(aged.getAll('age')).toEqual([String(Math.floor(ageMs / 1_000))])
      }),
    )
  })

  test('stays what it is, whatever becomes of the lists that it gives', () => {
    const kept = KeptHead.of(known(HeaderList.from({ Age: '5', A: '1' })))
    kept.headers.set('A', '2').append('B', '3')
    kept.aged(0).append('Date', 'x').delete('a')
    expect([...kept.headers]).toEqual([
      ['A', '1'],
      ['Age', '5'],
    ])
    expect(KeptHead.of(kept)).toBe(kept)
  })

  test('has the text of a store, whatever its letters', () => {
    const kept = KeptHead.of(known(new HeaderList(), '\u{1f600}', ['\u20ac']))
    expect([kept.variant, kept.tags]).toEqual(['\u{1f600}', ['\u20ac']])
  })

  test('shares the names of Vary with others, a bounded number of them', () => {
    const of = (vary: string) => KeptHead.of(known(HeaderList.from({ Vary: vary }))).fields
    expect(of('Accept-Encoding, Origin')).toBe(of('origin,accept-encoding'))
    for (let i = 0; i < 300; i++) of(`x-${i}`)
    expect(of('x-299')).not.toBe(of('x-299'))
    expect(of('x-299')).toEqual(['x-299'])
  })
})
