import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { flatCode } from '../scripts/filter-pages/code-text.ts'
import { parseDocstring } from '../scripts/filter-pages/docstring.ts'
import { filterCosts } from '../scripts/filter-pages/filter-costs.ts'
import { filterPage } from '../scripts/filter-pages/page.ts'
import { shelfEntry, shelfPlaces, undocumented } from '../scripts/filter-pages/shelf.ts'
import { parseModule } from '../scripts/filter-pages/source-module.ts'
import { readShelf } from '../scripts/filter-pages.ts'
import { ROOT } from './source-scan.ts'

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`

/** Stores cost what a limit that counts in them costs; adapters, what is on their other side. */
const WITHOUT_COST: readonly string[] = ['fromFetch', 'memoryStore', 'redisStore', 'toNodeListener']

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
      .flatMap(({ slug, place }) => [
        `examples/shelf/${slug}.ts`,
        ...(WITHOUT_COST.includes(place.name) ? [] : [`bench/filter-costs/${slug}.ts`]),
      ])
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
        "export interface AOptions extends B, Partial<C>, Pick<D, 'e' | 'f'> {",
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
        '  readonly [key: string]: unknown',
        '  (call: string): void',
        '}',
      ),
    ).toMatchObject([
      {
        bases: [
          { name: 'B', as: undefined, keys: [] },
          { name: 'C', as: 'Partial', keys: [] },
          { name: 'D', as: 'Pick', keys: ['e', 'f'] },
        ],
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
          { name: '[key: string]', optional: false, type: 'unknown' },
          { name: '()', optional: false, type: '(call: string) => void' },
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
      'a.ts:1: an interface that extends Omit<B>, which cannot be read',
      ['export interface A extends C, Omit<B> {', '  d: string', '}'],
    ],
    ['a.ts:4: A is declared twice', ['export type A = B', '', '/** Again. */', 'export interface A {}']],
    ['a.ts:1: a comment that does not end', ['/** A', 'b']],
  ])('refuses: %s', (message, source) => {
    expect(() => parseModule('a.ts', lines(...source))).toThrow(message)
  })
})

test('flatCode puts code on one line', () => {
  expect(flatCode('(\n  a: A,\n  b: B,\n) => C')).toBe('(a: A, b: B) => C')
  expect(flatCode("\n    | 'a'\n    | { b: 1 }")).toBe("'a' | { b: 1 }")
})

test('parseModule reads a docstring only when it is asked for', () => {
  const { declarations } = parseModule('a.ts', lines('/** nothing */', 'export type A = B'))
  expect(() => declarations.get('A')!.doc).toThrow(
    'a.ts:1: a docstring does not begin with a sentence that ends with a full stop',
  )
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
        '@returns what',
        'it is.',
        '@throws `E` for it.',
        '@throws `F` for that.',
      ),
    ).toEqual({
      summary: 'Does `a.b`, that is (e.g. so) it all.',
      rest: 'Then more of it.\n\n- one\n- two of them\n\n```\nas it\n  stands\n```',
      example: 'f({\n  a: 1,\n})',
      params: [{ name: 'a', text: 'The first.' }],
      returns: 'what it is.',
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
    'src/index.ts': lines(
      "export { attribute } from './core/attribute.ts'",
      "export { fromIt, helper } from './adapters/from-it.ts'",
    ),
    'src/filters/index.ts': lines(
      "export { type ATopOptions, aTop, topOf } from './a-top.ts'",
      "export type { Deep } from './top/deep.ts'",
    ),
    'src/filters/a-top.ts': lines(
      "import type { Duration } from '../core/options.ts'",
      "import type { Deep, DeepOptions } from './top/deep.ts'",
      '',
      "export { deepest } from './top/deep.ts'",
      'export type { Deep }',
      '',
      "export interface ATopOptions extends Omit<DeepOptions, 'at'> {",
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
      '/** no page shows this */',
      'export const internal = 1',
      '',
      'export interface Deep {',
      '  /**',
      '   * So deep.',
      '   *',
      '   * @returns How deep, `Deep` that is.',
      '   */',
      '  readonly depth: number',
      '}',
      'export interface DeepOptions {',
      '  /** As aTop has it not. */',
      '  at?: string',
      '  /** As aTop has it. */',
      '  deeper?: boolean',
      '}',
      '/** The deepest. */',
      'export function deepest(of: Deepest): Deep {',
      '  return of',
      '}',
      'export type Deepest = 1 | 2',
    ),
  }
  const read = (file: string): string => SOURCES[file]!
  const list = () => ['src/filters/a-top.ts', 'src/filters/index.ts']
  const place = { name: 'aTop', file: 'src/filters/a-top.ts', specifier: 'gatewright/filters/a-top' }

  test('has each file of filters, and the adapters that are public', () => {
    expect(shelfPlaces({ read, list })).toEqual([
      place,
      { name: 'fromIt', file: 'src/adapters/from-it.ts', specifier: 'gatewright' },
    ])
  })

  test.each([
    ['index.ts:1: deep of src/filters/top/deep.ts: no file of', "export { deep } from './top/deep.ts'"],
    ['index.ts:1: aTop has another name outside, top', "export { aTop as top } from './a-top.ts'"],
    ['index.ts:1: it does more than to export', "import { aTop } from './a-top.ts'"],
  ])('refuses: %s', (message, index) => {
    expect(() => shelfPlaces({ read: () => lines(index), list })).toThrow(message)
  })

  test.each([
    ['src/filters/a-top.ts:1: it exports no function bTop', { name: 'bTop' }, 'Omit', 'Omit'],
    ['src/filters/a-top.ts:7: DeeperOptions is no interface of src/filters', {}, 'Omit<Deep', 'Omit<Deeper'],
    [
      'src/filters/a-top.ts:1: Gone is not exported by src/filters/top/deep.ts',
      {},
      'Deep, Deep',
      'Gone, Deep',
    ],
  ])('refuses: %s', (message, other, from, to) => {
    const changed = (file: string) =>
      read(file)
        .replace(from, to)
        .replace('deep?: Deep', `deep?: ${to.slice(0, 4)}`)
    expect(() => shelfEntry({ ...place, ...other }, { read: changed, list })).toThrow(message)
  })

  test('names what has no docstring', () => {
    const silent = (file: string) => read(file).replaceAll(/^ *\/\*\*[^/]*\*\/\n/gm, '')
    expect(undocumented(shelfEntry(place, { read, list }))).toEqual([])
    expect(undocumented(shelfEntry(place, { read: silent, list }))).toEqual([
      'src/filters/a-top.ts:12: aTop has no docstring',
      'src/filters/top/deep.ts:8: ATopOptions.deeper has no docstring',
      'src/filters/a-top.ts:8: ATopOptions.deep has no docstring',
      'src/filters/a-top.ts:9: ATopOptions.at has no docstring',
      'src/filters/top/deep.ts:4: Deep.depth has no docstring',
      'src/filters/a-top.ts:16: topOf has no docstring',
      'src/filters/top/deep.ts:10: deepest has no docstring',
    ])
  })

  test('names what has a docstring that cannot be read', () => {
    const odd = (file: string) =>
      read(file).replace('So deep.', 'So deep').replace('Tops it', '@see it. Tops it')
    expect(undocumented(shelfEntry(place, { read: odd, list }))).toEqual([
      expect.stringMatching('^src/filters/a-top.ts:15: an unknown tag, @see'),
      'src/filters/top/deep.ts:5: a docstring does not begin with a sentence that ends with a full stop',
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
      entry: shelfEntry(place, { read, list }),
      example: 'run()\n',
      costs,
      inFile: '\n- a_top:\n    deep: 1\n',
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
        '[Options](#options) · [a whole program](#example) · [adds](#cost) 1.3 µs to an exchange',
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
        '| `deeper` | `boolean` | As aTop has it. |',
        '| `deep` | [`Deep`](#deep) | How `deep`; see `aTop` and [`other`](other.md). Default `{}`. |',
        "| `at` (required) | `'a' \\| 'b' \\| Duration` | When: `'a' \\| 'b'`. |",
        '',
        "A `Duration` is a number of milliseconds, or a text such as `'250ms'`, `'30s'`, `'5m'` or `'1d'`.",
        '',
        '### Deep',
        '',
        '| Name | Type | |',
        '|---|---|---|',
        '| `depth` | `number` | So deep. Returns how deep, `Deep` that is. |',
        '',
        '## topOf',
        '',
        'The top of it.',
        '',
        '```typescript',
        "import { topOf } from 'gatewright/filters/a-top'",
        '',
        'const topOf = [1]',
        '```',
        '',
        '## deepest',
        '',
        'The deepest.',
        '',
        '```typescript',
        "import { deepest } from 'gatewright/filters/a-top'",
        '',
        'deepest(of: Deepest): Deep',
        '```',
        '',
        '### Deepest',
        '',
        '```typescript',
        'type Deepest = 1 | 2',
        '```',
        '',
        '## In a configuration file',
        '',
        '```yaml',
        'filters:',
        '  - a_top:',
        '      deep: 1',
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
        '| aTop, deep | < 0.2 |',
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
