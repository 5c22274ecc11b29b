import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseDocstring } from '../scripts/filter-pages/docstring.ts'
import { filterCosts } from '../scripts/filter-pages/filter-costs.ts'
import { filterPage } from '../scripts/filter-pages/page.ts'
import { exportedFilters, shelfEntry, undocumented } from '../scripts/filter-pages/shelf.ts'
import { flatCode, parseModule } from '../scripts/filter-pages/source-module.ts'
import { readShelf } from '../scripts/filter-pages.ts'
import { ROOT } from './source-scan.ts'

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`

/** Filters that have neither example nor cost so far. */
const NOT_YET: readonly string[] = ['cors', 'hsts', 'redirect', 'redirectToHttps', 'rewrite', 'stripPrefix']

describe('the pages of filters', () => {
  const { entries, problems, pages, stale } = readShelf()

  test('can be made of their sources', () => {
    expect(problems).toEqual([])
  })

  test('are there for all, and fresh', () => {
    expect(entries.length).toBeGreaterThan(10)
    expect([...pages.keys()]).toEqual(
      expect.arrayContaining(entries.map(({ slug }) => `docs/filters/${slug}.md`)),
    )
    expect(stale, 'npm run docs').toEqual([])
  })

  test('stand beside an example and a cost for each', () => {
    const missing = entries
      .filter(({ place }) => !NOT_YET.includes(place.name))
      .flatMap(({ slug }) => [`examples/shelf/${slug}.ts`, `bench/filter-costs/${slug}.ts`])
      .filter((file) => !existsSync(join(ROOT, file)))
    expect(missing).toEqual([])
  })
})

describe('parseModule', () => {
  const declared = (...all: readonly string[]) => [
    ...parseModule('a.ts', lines(...all)).declarations.values(),
  ]

  test('reads a function to the brace of its body, whatever its types are', () => {
    expect(
      declared(
        '/** Does it. */',
        'export function first<T extends object>(',
        '  to: string | ((exchange: Exchange) => { a: string }),',
        "  { a = '{' }: Options = {},",
        '): { readonly b: T } | undefined {',
        '  return {}',
        '}',
      ),
    ).toMatchObject([
      {
        kind: 'function',
        name: 'first',
        line: 2,
        signatures: [
          "first<T extends object>(to: string | ((exchange: Exchange) => { a: string }), { a = '{' }: Options = {}): { readonly b: T } | undefined",
        ],
      },
    ])
  })

  test('reads overloads, and not what implements them', () => {
    expect(
      declared(
        '/** Does it. */',
        'export function f(a: string): A',
        'export function f(a: number): B',
        'export function f(a: string | number): A | B {',
        '  return a',
        '}',
      ),
    ).toMatchObject([{ signatures: ['f(a: string): A', 'f(a: number): B'], doc: { summary: 'Does it.' } }])
  })

  test('reads the members of an interface', () => {
    expect(
      declared(
        'export interface AOptions extends B, C {',
        '  /** One. More. */',
        '  readonly a?: Duration',
        '  /**',
        '   * Two.',
        '   */',
        '  b:',
        "    | 'x'",
        '    | ((it: {',
        '        c: number',
        '      }) => void)',
        '  // a note',
        '  d?(one: string): Promise<void>',
        '}',
      ),
    ).toMatchObject([
      {
        bases: ['B', 'C'],
        members: [
          { name: 'a', optional: true, type: 'Duration', line: 3, doc: { summary: 'One.', rest: 'More.' } },
          {
            name: 'b',
            optional: false,
            type: "'x' | ((it: { c: number }) => void)",
            line: 7,
            doc: { summary: 'Two.' },
          },
          { name: 'd', optional: true, type: '(one: string) => Promise<void>', line: 13, doc: undefined },
        ],
      },
    ])
  })

  test('reads types and constants as they stand, with a note to a linter before them', () => {
    expect(
      declared(
        '/** A type. */',
        '// biome-ignore it',
        'export type A =',
        "  | 'b'",
        '',
        '/** A list. */',
        'export const b = [',
        '  1,',
        ']',
      ),
    ).toMatchObject([
      { kind: 'type', name: 'A', code: "export type A =\n  | 'b'", doc: { summary: 'A type.' } },
      { kind: 'const', name: 'b', code: 'export const b = [\n  1,\n]', doc: { summary: 'A list.' } },
    ])
  })

  test('leaves aside what is not exported, and a comment that stands apart', () => {
    expect(
      declared(
        '/** Of the file. */',
        '',
        'export interface A {}',
        '/** no sentence */',
        'function b() {}',
        'b()',
      ),
    ).toMatchObject([{ name: 'A', doc: undefined, members: [] }])
  })

  test('knows where names come from', () => {
    const { from } = parseModule(
      'src/filters/a.ts',
      lines(
        "import { z } from 'zod'",
        "import { type A, b as c } from '../core/a.ts'",
        'export {',
        '  type D,',
        '  d,',
        "} from './d.ts'",
      ),
    )
    expect(Object.fromEntries(from)).toEqual({
      A: { file: 'src/core/a.ts', name: 'A', exported: false, type: true },
      c: { file: 'src/core/a.ts', name: 'b', exported: false, type: false },
      D: { file: 'src/filters/d.ts', name: 'D', exported: true, type: true },
      d: { file: 'src/filters/d.ts', name: 'd', exported: true, type: false },
    })
  })

  test.each([
    ['a.ts:1: a statement that begins with "+x"', ['+x']],
    ['a.ts:2: an export of an unknown kind', ['', 'export default 1']],
    ['a.ts:1: an export list without "from"', ['export { a }']],
    ['a.ts:1: an export without a list of names', ["export * from './b.ts'"]],
    [
      'a.ts:3: a member that does not stand where members stand',
      ['export interface A {', '  b: string', '   c: string', '}'],
    ],
    [
      'a.ts:2: a member that is neither a property nor a method: new (): B',
      ['export interface A {', '  new (): B', '}'],
    ],
    [
      'a.ts:2: a comment within the type of b',
      ['export interface A {', '  b: {', '    /** C. */', '    c: 1', '  }', '}'],
    ],
    [
      'a.ts:1: an interface that extends Omit<B: only names can be read',
      ["export interface A extends Omit<B, 'c'> {", '  d: string', '}'],
    ],
    ['a.ts:4: A is declared twice', ['export type A = B', '', '/** Again. */', 'export interface A {}']],
    [
      'a.ts:1: a docstring does not begin with a sentence that ends with a full stop',
      ['/** nothing */', 'export type A = B'],
    ],
    ['a.ts:1: a comment that does not end', ['/** A', 'b']],
  ])('refuses: %s', (message, source) => {
    expect(() => parseModule('a.ts', lines(...source))).toThrow(message)
  })
})

test('flatCode puts code on one line', () => {
  expect(flatCode('(\n  a: A,\n  b: B,\n) => C')).toBe('(a: A, b: B) => C')
  expect(flatCode("\n    | 'a'\n    | { b: 1 }")).toBe("'a' | { b: 1 }")
})

describe('parseDocstring', () => {
  const parsed = (...all: readonly string[]) =>
    parseDocstring(['/**', ...all.map((it) => ` * ${it}`.trimEnd()), ' */'].join('\n'), 'a.ts', 7)

  test('parts the first sentence from the rest, and tags from both', () => {
    expect(
      parsed(
        'Does `a.b`, that is (e.g. so) it',
        'all. Then more',
        'of it.',
        '',
        '- one',
        '- two',
        '  of them',
        '',
        '```',
        'as it',
        '  stands',
        '```',
        '',
        '@example',
        'f({',
        '  a: 1,',
        '})',
        '@param a The',
        'first.',
        '@throws `E` for it.',
        '@throws `F` for that.',
      ),
    ).toEqual({
      summary: 'Does `a.b`, that is (e.g. so) it all.',
      rest: 'Then more of it.\n\n- one\n- two of them\n\n```\nas it\n  stands\n```',
      example: 'f({\n  a: 1,\n})',
      params: [{ name: 'a', text: 'The first.' }],
      throws: ['`E` for it.', '`F` for that.'],
    })
  })

  test.each([
    ['a.ts:9: an unknown tag, @see', ['A.', '@see b']],
    ['a.ts:8: an inline tag', ['A {@link b}.']],
    ['a.ts:7: more than one @example', ['A.', '@example a()', '@example b()']],
    ['a.ts:7: @param without a name and a text: "a"', ['A.', '@param a']],
  ])('refuses: %s', (message, all) => {
    expect(() => parsed(...all)).toThrow(message)
  })
})

describe('the shelf', () => {
  const SOURCES: Readonly<Record<string, string>> = {
    'src/filters/index.ts': lines(
      "export { type ATopOptions, aTop, topOf } from './a-top.ts'",
      "export type { Deep } from './top/deep.ts'",
    ),
    'src/filters/a-top.ts': lines(
      "import type { Duration } from '../core/options.ts'",
      "import type { Deep } from './top/deep.ts'",
      '',
      'export interface ATopOptions {',
      '  /** How `deep`; see `aTop` and `other`. Default `{}`. */',
      '  deep?: Deep',
      "  /** When: `'a' | 'b'`. */",
      "  at: 'a' | 'b' | Duration",
      '}',
      '',
      '/**',
      ' * Tops it. Before `other` and `deep`.',
      ' *',
      ' * Trap: it tops.',
      ' *',
      ' * @example aTop()',
      ' * @throws `E` for what is wrong.',
      ' */',
      'export function aTop(options: ATopOptions): Filter {',
      '  return topOf(options)',
      '}',
      '',
      '/** The top of it. */',
      'export const topOf = [1]',
    ),
    'src/filters/top/deep.ts': lines(
      'export interface Deep {',
      '  /** So deep. */',
      '  readonly depth: number',
      '}',
    ),
  }
  const read = (file: string): string => SOURCES[file]!
  const place = { name: 'aTop', file: 'src/filters/a-top.ts', specifier: 'gatewright/filters/a-top' }

  test('has what the index exports', () => {
    expect(exportedFilters({ read })).toEqual([place])
  })

  test.each([
    [
      'topOf of src/filters/a-top.ts: no filter in a file that is named for it',
      "export { topOf } from './a-top.ts'",
    ],
    ['aTop of src/filters/top/a-top.ts: no filter', "export { aTop } from './top/a-top.ts'"],
    ['aTop has another name outside, top', "export { aTop as top } from './a-top.ts'"],
  ])('refuses: %s', (message, index) => {
    expect(() => exportedFilters({ read: () => lines(index) })).toThrow(message)
  })

  test('refuses a file without the function', () => {
    expect(() => shelfEntry({ ...place, name: 'bTop' }, { read })).toThrow(
      'src/filters/a-top.ts:1: it exports no function bTop',
    )
  })

  test('names what has no docstring', () => {
    const silent = (file: string) => read(file).replaceAll(/^ *\/\*\* .*\n/gm, '')
    expect(undocumented(shelfEntry(place, { read }))).toEqual([])
    expect(undocumented(shelfEntry(place, { read: silent }))).toEqual([
      'src/filters/a-top.ts:21: topOf has no docstring',
      'src/filters/a-top.ts:5: ATopOptions.deep has no docstring',
      'src/filters/a-top.ts:6: ATopOptions.at has no docstring',
      'src/filters/top/deep.ts:2: Deep.depth has no docstring',
    ])
  })

  test('makes a page of it', () => {
    const costs = filterCosts(
      JSON.stringify({
        costs: [
          { file: 'a-top', name: 'aTop', us: 1.26 },
          { file: 'a-top', name: 'aTop, deep', us: -0.2 },
          { file: 'other', name: 'other', us: 3 },
        ],
      }),
    )
    const pages = new Map([
      ['aTop', 'a-top.md'],
      ['other', 'other.md'],
      ['deep', 'deep.md'],
    ])
    const page = filterPage({
      entry: shelfEntry(place, { read }),
      example: 'run()\n',
      costs,
      guide: 'top.md',
      pages,
    })
    expect(page).toBe(
      lines(
        '<!-- Made by `npm run docs` from src/filters/a-top.ts, its example and its costs. Change those. -->',
        '',
        '# aTop',
        '',
        'Tops it.',
        '',
        '```typescript',
        "import { aTop } from 'gatewright/filters/a-top'",
        '',
        'aTop()',
        '```',
        '',
        'Before [`other`](other.md) and `deep`.',
        '',
        '**Trap:** it tops.',
        '',
        '## Options',
        '',
        '```typescript',
        'aTop(options: ATopOptions): Filter',
        '```',
        '',
        '| Option | Type | |',
        '|---|---|---|',
        '| `deep` | [`Deep`](#deep) | How `deep`; see `aTop` and [`other`](other.md). Default `{}`. |',
        "| `at` (required) | `'a' \\| 'b' \\| Duration` | When: `'a' \\| 'b'`. |",
        '',
        "A `Duration` is a number of milliseconds, or a text such as `'250ms'`, `'30s'`, `'5m'` or `'1d'`.",
        '',
        '### Deep',
        '',
        '| Name | Type | |',
        '|---|---|---|',
        '| `depth` | `number` | So deep. |',
        '',
        '## topOf',
        '',
        'The top of it.',
        '',
        '```typescript',
        'const topOf = [1]',
        '```',
        '',
        '## Errors',
        '',
        '- `E` for what is wrong.',
        '',
        '## Cost',
        '',
        'CPU time, in microseconds, that it adds to each exchange: [how it is measured](../../bench/RESULTS-filters.md).',
        '',
        '| | µs |',
        '|---|---:|',
        '| aTop | 1.3 |',
        '| aTop, deep | < 0.1 |',
        '',
        '## Example',
        '',
        'A whole program that checks itself, [examples/shelf/a-top.ts](../../examples/shelf/a-top.ts):',
        '',
        '```ts',
        'run()',
        '```',
        '',
        '[The guide that tells more](../guides/top.md) · [all filters](README.md)',
      ),
    )
  })
})
