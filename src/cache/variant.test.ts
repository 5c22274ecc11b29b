import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { selectVariant, type Variant, type VaryFields, variantKey, varyFields } from './variant.ts'

type Fields = Record<string, string | string[]>
const many = Array.from({ length: 32 }, (_, i) => `x-${String(i).padStart(2, '0')}`)

describe('varyFields', () => {
  test.each<[rule: string, lines: string[], fields: VaryFields]>([
    ['9110 12.5.5 none', [], []],
    ['9110 12.5.5', ['Accept'], ['accept']],
    ['9110 12.5.5 in order, once', ['B, a', 'b,C'], ['a', 'b', 'c']],
    ['9110 5.6.1 empty elements', [', a ,,', ''], ['a']],
    ['9110 12.5.5 *', ['*'], '*'],
    ['9110 12.5.5 * twice', ['*, *'], '*'],
    ['9110 12.5.5 * on two lines', ['*', '*'], '*'],
    ['9110 12.5.5 * behind nothing', [', *'], '*'],
    ['9110 12.5.5 * on the second line', ['', '*'], '*'],
    ['9110 12.5.5 * first', ['*, a'], '*'],
    ['9110 12.5.5 * last', ['a, *'], '*'],
    ['9110 5.6.2 no token', ['a b'], '*'],
    ['9110 5.6.2 quotes', ['"a"'], '*'],
    ['9110 12.5.5 many', [many.join()], many],
    ['9110 12.5.5 too many', [[...many, 'y'].join()], '*'],
  ])('%s: %j', (_rule, lines, fields) => {
    expect(varyFields(HeaderList.from({ Vary: lines }))).toEqual(fields)
  })
})

describe('variantKey', () => {
  test.each<[rule: string, fields: string[], one: Fields, other: Fields, same: boolean]>([
    ['9111 4.1 equal', ['a'], { A: '1' }, { a: '1' }, true],
    ['9111 4.1 differing', ['a'], { A: '1' }, { A: '2' }, false],
    ['9111 4.1 another field', ['a'], { A: '1', B: '1' }, { A: '1', B: '2' }, true],
    ['9111 4.1 absent in both', ['a'], {}, { B: '2' }, true],
    ['9111 4.1 absent in one', ['a'], {}, { A: '1' }, false],
    ['9111 4.1 absent, and empty', ['a'], {}, { A: '' }, false],
    ['9111 4.1 absent, and a dash', ['a'], {}, { A: '-' }, false],
    ['9111 4.1 two fields', ['a', 'b'], { A: '1', B: '2' }, { B: '2', A: '1' }, true],
    ['9111 4.1 two fields, exchanged', ['a', 'b'], { A: '1', B: '2' }, { A: '2', B: '1' }, false],
    ['9111 4.1 two fields, glued', ['a', 'b'], { A: '1', B: '1:2' }, { A: '11', B: ':2' }, false],
    ['9111 4.1 lines are joined', ['a'], { A: ['1', '2'] }, { A: '1, 2' }, true],
    ['9111 4.1 order of lines', ['a'], { A: ['1', '2'] }, { A: ['2', '1'] }, false],
    ['9111 4.1 case of a value', ['a'], { A: 'x' }, { A: 'X' }, false],
    ['9111 4.1 white space of an unknown field', ['a'], { A: 'x,y' }, { A: 'x, y' }, false],
    [
      '9111 4.1 white space of a list',
      ['accept-encoding'],
      { 'Accept-Encoding': 'br,gzip;q=0.5' },
      { 'Accept-Encoding': 'br , gzip; q=0.5' },
      true,
    ],
    [
      '9111 4.1 case of languages',
      ['accept-language'],
      { 'Accept-Language': 'en-GB' },
      { 'Accept-Language': 'en-gb' },
      true,
    ],
    [
      '9111 4.1 other languages',
      ['accept-language'],
      { 'Accept-Language': 'en' },
      { 'Accept-Language': 'de' },
      false,
    ],
    ['9111 4.1 white space of types', ['accept'], { Accept: 'a/b, c/d' }, { Accept: 'a/b,c/d' }, true],
    ['9111 4.1 case of types', ['accept'], { Accept: 'a/b;v=X' }, { Accept: 'a/b;v=x' }, false],
    ['9111 4.1 within quotes', ['accept'], { Accept: 'a/b;v="x y"' }, { Accept: 'a/b;v="xy"' }, false],
  ])('%s', (_rule, fields, one, other, same) => {
    const [first, second] = [one, other].map((given) => variantKey(fields, HeaderList.from(given)))
    expect(first === second).toBe(same)
  })

  test('tells variants of different fields apart, also where both are absent (RFC 9111 section 4.1)', () => {
    for (const headers of [{}, { A: '1', B: '1' }])
      expect(variantKey(['a'], HeaderList.from(headers))).not.toBe(
        variantKey(['b'], HeaderList.from(headers)),
      )
  })

  test('tells all requests apart that differ in a field without a form of its own (RFC 9111 section 4.1)', () => {
    const value = fc.constantFrom('', '-', '1', '1:1', ':', '0:', '2:--', '1:-')
    const request = fc.record({ a: value, b: value, c: value }, { requiredKeys: [] })
    fc.assert(
      fc.property(request, request, (one, other) => {
        const names = ['a', 'b', 'c'] as const
        const same = names.every((name) => one[name] === other[name])
        const keys = [one, other].map((given) => variantKey(names, HeaderList.from(given as Fields)))
        expect(keys[0] === keys[1]).toBe(same)
      }),
    )
  })
})

describe('selectVariant', () => {
  const stored = (
    name: string,
    vary: string,
    request: Fields,
    date: number,
    responseTime = date,
  ): Variant & { name: string } => {
    const fields = varyFields(HeaderList.from({ Vary: vary }))
    const key = fields === '*' ? '' : variantKey(fields, HeaderList.from(request))
    return { name, fields, key, date, responseTime }
  }
  const english = stored('english', 'Accept-Language', { 'Accept-Language': 'en' }, 1)
  const german = stored('german', 'Accept-Language', { 'Accept-Language': 'de' }, 2)
  const newer = stored('newer', 'Accept-Language', { 'Accept-Language': 'en' }, 3)
  const twin = stored('twin', 'Accept-Language', { 'Accept-Language': 'en' }, 1, 1.5)
  const both = stored('both', 'Accept-Language, X', { 'Accept-Language': 'en', X: '1' }, 4)
  const plain = stored('plain', '', {}, 5)
  const never = stored('never', '*', {}, 9)

  test.each<
    [rule: string, variants: (Variant & { name: string })[], request: Fields, name: string | undefined]
  >([
    ['9111 4.1 nothing', [], {}, undefined],
    ['9111 4.1 the one that matches', [english, german], { 'Accept-Language': 'de' }, 'german'],
    ['9111 4.1 none that matches', [english, german], { 'Accept-Language': 'fr' }, undefined],
    ['9111 4.1 no field', [english, german], {}, undefined],
    ['9111 4.1 the most recent', [newer, english, german], { 'Accept-Language': 'en' }, 'newer'],
    ['9111 4.1 the most recent, turned', [english, newer], { 'Accept-Language': 'en' }, 'newer'],
    ['9111 4.1 of two of one second the later one', [english, twin], { 'Accept-Language': 'en' }, 'twin'],
    ['9111 4.1 ... in whatever order', [twin, english], { 'Accept-Language': 'en' }, 'twin'],
    ['9111 4.1 of different Vary', [english, both], { 'Accept-Language': 'en', X: '1' }, 'both'],
    [
      '9111 4.1 of different Vary, one matches',
      [english, both],
      { 'Accept-Language': 'en', X: '2' },
      'english',
    ],
    ['9111 4.1 without Vary', [english, plain], { 'Accept-Language': 'fr' }, 'plain'],
    ['9111 4.1 without Vary, newer', [english, plain], { 'Accept-Language': 'en' }, 'plain'],
    ['9111 4.1 *', [never], {}, undefined],
    ['9111 4.1 * is passed over', [never, english], { 'Accept-Language': 'en' }, 'english'],
  ])('%s', (_rule, variants, request, name) => {
    expect(selectVariant(variants, HeaderList.from(request))?.name).toBe(name)
  })
})
