import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CountedText } from '../../testing/counted-text.ts'
import {
  type Expression,
  NUMBER_FIELDS,
  NUMBER_ORDERS,
  type NumberField,
  TEXT_FIELDS,
  type TextField,
} from './expression.ts'
import { ExpressionError } from './expression-error.ts'
import { Glob } from './glob.ts'
import { parseExpression } from './parse-expression.ts'

const status = (order: '==' | '>=', value: number): Expression => ({
  kind: 'number',
  field: 'status',
  order,
  value,
})

describe('parseExpression', () => {
  it.each<[string, Expression]>([
    ['', { kind: 'all' }],
    [' \t\n', { kind: 'all' }],
    ['status == 503', status('==', 503)],
    ['status>=500', status('>=', 500)],
    [`method == "GET"`, { kind: 'text', field: 'method', equal: true, value: 'GET' }],
    [`route != ''`, { kind: 'text', field: 'route', equal: false, value: '' }],
    [`path == 'it\\'s \\"a\\" \\\\'`, { kind: 'text', field: 'path', equal: true, value: `it's "a" \\` }],
    [`path ~ '/api/*'`, { kind: 'glob', field: 'path', equal: true, glob: new Glob('/api/*') }],
    [
      `header.X-Tenant !~ 'a*'`,
      { kind: 'glob', field: 'header.x-tenant', equal: false, glob: new Glob('a*') },
    ],
    [`method in ('PUT', 'POST')`, { kind: 'texts', field: 'method', values: ['PUT', 'POST'] }],
    [
      'status in (500, 502..504)',
      {
        kind: 'ranges',
        field: 'status',
        ranges: [
          [500, 500],
          [502, 504],
        ],
      },
    ],
    ['duration > 1.5s', { kind: 'number', field: 'duration', order: '>', value: 1_500 }],
    ['duration in (0..2m)', { kind: 'ranges', field: 'duration', ranges: [[0, 120_000]] }],
    ['bytesSent < 10KB', { kind: 'number', field: 'bytesSent', order: '<', value: 10_240 }],
    ['bytesReceived <= 1.5mb', { kind: 'number', field: 'bytesReceived', order: '<=', value: 1_572_864 }],
    ['not status == 1', { kind: 'not', term: status('==', 1) }],
    [
      'status == 1 or status == 2 and not status == 3',
      {
        kind: 'or',
        terms: [
          status('==', 1),
          { kind: 'and', terms: [status('==', 2), { kind: 'not', term: status('==', 3) }] },
        ],
      },
    ],
    [
      '(status == 1 or status == 2) and status == 3',
      { kind: 'and', terms: [{ kind: 'or', terms: [status('==', 1), status('==', 2)] }, status('==', 3)] },
    ],
  ])('reads %j', (text, tree) => {
    expect(parseExpression(text)).toEqual(tree)
  })

  it.each([
    [
      'status',
      'at character 7: expected a comparison of numbers (==, !=, <, <=, >, >=, in) behind "status", got the end',
    ],
    [
      `status ~ 'x'`,
      'at character 8: expected a comparison of numbers (==, !=, <, <=, >, >=, in) behind "status", got "~"',
    ],
    [`status == '200'`, `at character 11: expected a number without a unit, got the text "200"`],
    ['status == 200ms', 'at character 11: expected a number without a unit, got 200ms'],
    [
      `path < 'x'`,
      'at character 6: expected a comparison of texts (==, !=, ~, !~, in) behind "path", got "<"',
    ],
    ['path == 5', 'at character 9: expected a text in quotes, got 5'],
    ['path == x', 'at character 9: expected a text in quotes, got "x"'],
    ['duration > 10KB', 'at character 12: expected a duration, such as 250ms (ms, s, m, h), got 10KB'],
    ['bytesSent > 10ms', 'at character 13: expected a size, such as 64KB (B, KB, MB, GB), got 10ms'],
    [
      `result == 'done'`,
      `at character 11: expected one of 'completed', 'aborted', 'failed', got the text "done"`,
    ],
    [`cache in ('hits')`, /at character 11: expected one of 'hit', .*, '', got the text "hits"/],
    ['stat == 1', /at character 1: expected a field \(method, .*, header\.<name>\), got "stat"/],
    [`header. == 'x'`, /at character 1: expected a field .* got "header\."/],
    ['constructor == 1', /at character 1: expected a field/],
    ['(status == 1', 'at character 13: expected "and", "or" or ")", got the end'],
    ['status == 1)', 'at character 12: expected "and", "or" or the end, got ")"'],
    ['status == 1 status == 2', 'at character 13: expected "and", "or" or the end, got "status"'],
    ['status in 1', 'at character 11: expected "(" behind "in", got 1'],
    ['status in ()', 'at character 12: expected a number without a unit, got ")"'],
    ['status in (5..2)', 'at character 15: expected a range from less to more, got 5..2'],
    [`path == 'x`, `at character 11: expected ' at the end of a text, got the end`],
    [
      `path == '\\n'`,
      'at character 11: expected a quote or a backslash behind a backslash, got something else',
    ],
    [
      'status = 1',
      'at character 8: expected a field, a text in quotes, a number, or a comparison such as ==, got "="',
    ],
    [`path == '${'x'.repeat(1_000)}'`, 'at character 1001: expected at most 1000 characters, got 1010'],
    [`status == ${'9'.repeat(400)}`, /at character 11: expected a number without a unit, got 9{40}…$/],
    [`${'('.repeat(21)}status == 1${')'.repeat(21)}`, /at character 22: expected at most 20 of/],
    [`${'not '.repeat(21)}status == 1`, /at character 85: expected at most 20 of/],
    [`status in (${'1,'.repeat(100)}1)`, /expected at most 100 comparisons and values of lists/],
  ])('refuses %j', (text, message) => {
    expect(() => parseExpression(text)).toThrow(ExpressionError)
    expect(() => parseExpression(text)).toThrow(message)
  })

  it('reads what is nested as deep as may be, beside others that are', () => {
    const deep = `${'('.repeat(20)}status == 1${')'.repeat(20)}`
    expect(parseExpression(`${deep} or ${deep}`)).toEqual({
      kind: 'or',
      terms: [status('==', 1), status('==', 1)],
    })
  })

  it('says where the fault is', () => {
    const error = caught('status >= x')
    expect(error).toMatchObject({ position: 11, expected: 'a number without a unit' })
  })

  it('reads what a tree is written as', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const text = written(tree)
        fc.pre(text.length <= 1_000)
        expect(parseExpression(text)).toEqual(tree)
      }),
    )
  })

  const PIECES = [
    ...TEXT_FIELDS,
    ...Object.keys(NUMBER_FIELDS),
    ...NUMBER_ORDERS,
    ...[
      'header.a',
      'and',
      'or',
      'not',
      'in',
      '(',
      ')',
      ',',
      '..',
      '~',
      '!~',
      '!',
      '5',
      '1.5',
      '10KB',
      '2ms',
      `'a*'`,
      `"`,
    ],
  ]

  it.each([
    [
      'of pieces that are known',
      fc.array(fc.constantFrom(...PIECES), { maxLength: 120 }).map((all) => all.join(' ')),
    ],
    ['whatever it is', fc.string({ unit: 'binary', maxLength: 1_100 })],
    ['of few characters', fc.string({ unit: fc.constantFrom(...`'"\\(.1a `.split('')), maxLength: 1_100 })],
  ])('throws nothing but its error, and looks at no character more than a few times: %s', (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        const counted = new CountedText(text)
        try {
          parseExpression(counted)
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError)
        }
        expect(counted.reads).toBeLessThanOrEqual(6 * Math.min(text.length, 1_000) + 10)
      }),
      { numRuns: 500 },
    )
  })
})

function caught(text: string): unknown {
  try {
    return parseExpression(text)
  } catch (error) {
    return error
  }
}

const textField: fc.Arbitrary<TextField> = fc.oneof(
  fc.constantFrom(...TEXT_FIELDS.filter((field) => field !== 'result' && field !== 'cache')),
  fc.stringMatching(/^[a-z0-9_-]{1,20}$/).map((name): TextField => `header.${name}`),
)
const numberField = fc.constantFrom(...(Object.keys(NUMBER_FIELDS) as NumberField[]))
const value = fc.string({ unit: 'grapheme', maxLength: 12 })
const number = fc.nat({ max: 1_000_000 })
const equal = fc.boolean()

const comparison: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), field: textField, equal, value }),
  fc.record({
    kind: fc.constant('glob' as const),
    field: textField,
    equal,
    glob: value.map((it) => new Glob(it)),
  }),
  fc.record({
    kind: fc.constant('texts' as const),
    field: textField,
    values: fc.array(value, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('number' as const),
    field: numberField,
    order: fc.constantFrom(...NUMBER_ORDERS),
    value: number,
  }),
  fc.record({
    kind: fc.constant('ranges' as const),
    field: numberField,
    ranges: fc.array(
      fc.tuple(number, number).map(([from, more]) => [from, from + more] as const),
      { minLength: 1, maxLength: 4 },
    ),
  }),
)

const { tree: trees } = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    comparison,
    fc.record({ kind: fc.constant('not' as const), term: tie('tree') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      terms: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}))

function written(tree: Expression): string {
  switch (tree.kind) {
    case 'all':
      return ''
    case 'and':
    case 'or':
      return tree.terms.map((term) => `(${written(term)})`).join(` ${tree.kind} `)
    case 'not':
      return `not (${written(tree.term)})`
    case 'text':
      return `${tree.field} ${tree.equal ? '==' : '!='} ${quoted(tree.value)}`
    case 'glob':
      return `${tree.field} ${tree.equal ? '~' : '!~'} ${quoted(tree.glob.pattern)}`
    case 'texts':
      return `${tree.field} in (${tree.values.map(quoted).join(', ')})`
    case 'number':
      return `${tree.field} ${tree.order} ${tree.value}`
    case 'ranges':
      return `${tree.field} in (${tree.ranges.map(([from, to]) => (from === to ? from : `${from}..${to}`)).join(', ')})`
  }
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
