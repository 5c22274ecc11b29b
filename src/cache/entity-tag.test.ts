import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type EntityTag,
  formatEntityTag,
  parseEntityTag,
  parseEntityTags,
  strongMatch,
  weakMatch,
} from './entity-tag.ts'

const strong = (opaque: string): EntityTag => ({ weak: false, opaque })
const weak = (opaque: string): EntityTag => ({ weak: true, opaque })

describe('parseEntityTag', () => {
  test.each<[rule: string, value: string | undefined, tag: EntityTag | undefined]>([
    ['9110 8.8.3', '"a"', strong('"a"')],
    ['9110 8.8.3 weak', 'W/"a"', weak('"a"')],
    ['9110 8.8.3 empty', '""', strong('""')],
    ['9110 8.8.3 a comma', '"a,b"', strong('"a,b"')],
    ['9110 8.8.3 a backslash is itself', '"a\\"', strong('"a\\"')],
    ['9110 8.8.3 obs-text', '"\xe4"', strong('"\xe4"')],
    ['9110 8.8.3 none', undefined, undefined],
    ['9110 8.8.3 no quotes', 'a', undefined],
    ['9110 8.8.3 an open quote', '"a', undefined],
    ['9110 8.8.3 a lower-case w', 'w/"a"', undefined],
    ['9110 8.8.3 a space in it', '"a b"', undefined],
    ['9110 8.8.3 a space behind W/', 'W/ "a"', undefined],
    ['9110 8.8.3 two', '"a", "b"', undefined],
    ['9110 8.8.3 something behind', '"a"b', undefined],
    ['9110 8.8.3 *', '*', undefined],
  ])('%s: %j', (_rule, value, tag) => {
    expect(parseEntityTag(value)).toEqual(tag)
  })
})

describe('parseEntityTags', () => {
  test.each<[rule: string, value: string, tags: EntityTag[] | '*' | undefined]>([
    ['9110 13.1.2 one', '"a"', [strong('"a"')]],
    ['9110 13.1.2 several', '"a", W/"b","c,d"', [strong('"a"'), weak('"b"'), strong('"c,d"')]],
    ['9110 13.1.2 *', '*', '*'],
    ['9110 5.6.1 empty elements', ', "a" ,, "b",', [strong('"a"'), strong('"b"')]],
    ['9110 5.6.1 nothing', '', []],
    ['9110 13.1.2 no quotes', 'a, "b"', undefined],
    ['9110 13.1.2 no comma', '"a" "b"', undefined],
    ['9110 13.1.2 * among others', '"a", *', undefined],
    ['9110 13.1.2 an open quote', '"a", "b', undefined],
  ])('%s: %j', (_rule, value, tags) => {
    expect(parseEntityTags(value)).toEqual(tags)
  })

  test('reads what formatEntityTag writes', () => {
    const opaque = fc.string({ unit: 'binary-ascii' }).map((text) => `"${text.replaceAll(/[^!#-~]/g, '')}"`)
    const tags = fc.array(fc.record({ weak: fc.boolean(), opaque }))
    fc.assert(
      fc.property(tags, (given) => {
        expect(parseEntityTags(given.map(formatEntityTag).join(', '))).toEqual(given)
      }),
    )
  })

  test('never throws', () => {
    const piece = fc.constantFrom('"', 'a', ',', ' ', 'W/', '*', '\\', '\t')
    fc.assert(
      fc.property(
        fc.array(piece).map((all) => all.join('')),
        (value) => {
          const tags = parseEntityTags(value)
          expect(tags === undefined || tags.length <= value.length).toBe(true)
        },
      ),
    )
  })

  test.each(['"",', ', ', ' ', '"', '"a" '])('reads 2 MB of %j in linear time', (piece) => {
    expect(parseEntityTags(`${piece.repeat(2_000_000 / piece.length)}x`)).toBeUndefined()
  })
})

describe('comparison', () => {
  test.each<[rule: string, one: EntityTag, other: EntityTag, strongly: boolean, weakly: boolean]>([
    ['9110 8.8.3.2', weak('"1"'), weak('"1"'), false, true],
    ['9110 8.8.3.2', weak('"1"'), weak('"2"'), false, false],
    ['9110 8.8.3.2', weak('"1"'), strong('"1"'), false, true],
    ['9110 8.8.3.2', strong('"1"'), weak('"1"'), false, true],
    ['9110 8.8.3.2', strong('"1"'), strong('"1"'), true, true],
    ['9110 8.8.3.2', strong('"1"'), strong('"2"'), false, false],
    ['9110 8.8.3.2 case', strong('"a"'), strong('"A"'), false, false],
  ])('%s: %j and %j', (_rule, one, other, strongly, weakly) => {
    expect([strongMatch(one, other), weakMatch(one, other)]).toEqual([strongly, weakly])
  })
})
