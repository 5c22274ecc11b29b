import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Accept, mediaType } from './accept.ts'

const HTML = mediaType('text/html; charset=utf-8')!
const CHROME =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7'

describe('mediaType', () => {
  test.each([
    ['text/html', 'text', 'html', {}],
    [' Text/HTML ; Charset="utf-8" ', 'text', 'html', { charset: 'utf-8' }],
    ['application/problem+json', 'application', 'problem+json', {}],
    ['a/b;c="x,\\"y"', 'a', 'b', { c: 'x,"y' }],
  ])('reads %s', (text, type, subtype, parameters) => {
    const found = mediaType(text)!
    expect([found.type, found.subtype, Object.fromEntries(found.parameters)]).toEqual([
      type,
      subtype,
      parameters,
    ])
  })

  test.each([
    '',
    'html',
    '*/*',
    'text/*',
    'a/b, c/d',
    'a/b,',
    'a/b;c',
    'a/b;c="x',
    'a/b;c="\n"',
    'a/b\r\nX: y',
    'ä/b',
  ])('finds none in %j', (text) => {
    expect(mediaType(text)).toBeUndefined()
  })
})

describe('Accept', () => {
  test.each<[string | undefined, number, boolean]>([
    [undefined, 1, false],
    ['', 1, false],
    ['*/*', 1, false],
    ['text/html', 1, true],
    ['TEXT/HTML', 1, true],
    ['text/*', 1, true],
    ['text/html;q=0.5', 0.5, true],
    ['text/html ; q=0.123', 0.123, true],
    ['text/html;Q=1.000', 1, true],
    // The closest range counts, not the first, nor the one with the greatest weight.
    ['*/*, text/*;q=0.2, text/html;q=0.3', 0.3, true],
    ['text/html;q=0.3, text/html;charset=utf-8;q=0.1', 0.1, true],
    ['text/html;q=0, */*', 0, true],
    ['text/html;level=1, text/*;q=0.4', 0.4, true],
    ['text/html;charset="UTF-8"', 1, true],
    ['application/json', 0, false],
    ['text/plain, */*;q=0.1', 0.1, false],
    [CHROME, 1, true],
    // What is malformed is no part of it.
    ['text/html;q=2', 1, false],
    ['text/html;q=0.1234, text/html;q=0.6', 0.6, true],
    ['text, /, ;;, text/html;q=0.6', 0.6, true],
    ['a/b;c="x, text/html;q=0.1", text/html;q=0.6', 0.6, true],
    ['a/b;c="open, text/html;q=0.6', 0.6, true],
    ['*/html, application/json', 0, false],
  ])('%j: of HTML', (field, q, named) => {
    expect(new Accept(field).preference(HTML)).toEqual({ q, named })
  })

  test('looks at the first thousand characters', () => {
    const field = `${'a/b,'.repeat(245)}text/html`
    expect(new Accept(field).preference(HTML).q).toBe(1)
    expect(new Accept(`${'a/b,'.repeat(250)}text/html`).preference(HTML).q).toBe(0)
  })

  test('reads whatever is sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('a/*;,="\\q0.1 \t')) }), (field) => {
        const { q } = new Accept(field).preference(HTML)
        expect(q).toBeGreaterThanOrEqual(0)
        expect(q).toBeLessThanOrEqual(1)
      }),
      { numRuns: 2_000 },
    )
  })
})
