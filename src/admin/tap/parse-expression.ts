import type { Characters } from './characters.ts'
import {
  type Expression,
  NUMBER_FIELDS,
  NUMBER_ORDERS,
  type NumberField,
  type NumberRange,
  TEXT_FIELDS,
  type TextField,
} from './expression.ts'
import { ExpressionError } from './expression-error.ts'
import { type Token, Tokens, tokenText } from './expression-tokens.ts'
import { Glob } from './glob.ts'
import { QUANTITIES } from './quantities.ts'

export const MAX_EXPRESSION_LENGTH = 1_000
const MAX_DEPTH = 20
/** Comparisons, and values of lists. */
const MAX_NODES = 100

/**
 * Reads what says which exchanges are shown: `status >= 500 and (path ~ '/api/*' or duration > 250ms)`. Nothing at all is: all
 * of them.
 *
 * @throws ExpressionError for what is none, also where a field is compared with what it cannot be.
 */
export function parseExpression(text: Characters): Expression {
  if (text.length > MAX_EXPRESSION_LENGTH)
    throw new ExpressionError(
      MAX_EXPRESSION_LENGTH,
      `at most ${MAX_EXPRESSION_LENGTH} characters`,
      String(text.length),
    )
  return new ExpressionParser(text).whole()
}

class ExpressionParser {
  readonly #tokens: Tokens
  #token: Token
  #depth = 0
  #nodes = 0

  constructor(text: Characters) {
    this.#tokens = new Tokens(text)
    this.#token = this.#tokens.next()
  }

  whole(): Expression {
    if (this.#atEnd) return { kind: 'all' }
    const expression = this.#either()
    if (!this.#atEnd) throw this.#unexpected('"and", "or" or the end')
    return expression
  }

  get #atEnd(): boolean {
    return this.#token.kind === 'end'
  }

  #either(): Expression {
    return this.#joined('or', () => this.#joined('and', () => this.#term()))
  }

  #joined(kind: 'and' | 'or', next: () => Expression): Expression {
    const terms = [next()]
    while (this.#takeWord(kind)) terms.push(next())
    return terms.length === 1 ? terms[0]! : { kind, terms }
  }

  #term(): Expression {
    if (this.#takeWord('not')) return this.#deeper(() => ({ kind: 'not', term: this.#term() }))
    if (!this.#takeSign('(')) return this.#comparison()
    return this.#deeper(() => {
      const inner = this.#either()
      this.#mustTake(')', '"and", "or" or ")"')
      return inner
    })
  }

  #deeper(inner: () => Expression): Expression {
    if (++this.#depth > MAX_DEPTH)
      throw this.#unexpected(`at most ${MAX_DEPTH} of "(" and "not" in each other`)
    const expression = inner()
    this.#depth--
    return expression
  }

  #comparison(): Expression {
    const token = this.#token
    const name = token.kind === 'word' ? token.word : ''
    const text = textField(name)
    if (text === undefined && !isNumberField(name)) throw this.#unexpected(`a field (${FIELD_NAMES})`)
    this.#countNode()
    this.#advance()
    return text === undefined ? this.#numberComparison(name as NumberField) : this.#textComparison(text)
  }

  #textComparison(field: TextField): Expression {
    if (this.#takeWord('in')) return { kind: 'texts', field, values: this.#list(() => this.#text(field)) }
    for (const sign of ['==', '!='])
      if (this.#takeSign(sign)) return { kind: 'text', field, equal: sign === '==', value: this.#text(field) }
    for (const sign of ['~', '!~'])
      if (this.#takeSign(sign))
        return { kind: 'glob', field, equal: sign === '~', glob: new Glob(this.#quoted()) }
    throw this.#unexpected(`a comparison of texts (==, !=, ~, !~, in) behind "${field}"`)
  }

  #numberComparison(field: NumberField): Expression {
    if (this.#takeWord('in')) return { kind: 'ranges', field, ranges: this.#list(() => this.#range(field)) }
    for (const order of NUMBER_ORDERS)
      if (this.#takeSign(order)) return { kind: 'number', field, order, value: this.#number(field) }
    throw this.#unexpected(`a comparison of numbers (${NUMBER_ORDERS.join(', ')}, in) behind "${field}"`)
  }

  #list<T>(item: () => T): T[] {
    this.#mustTake('(', '"(" behind "in"')
    const items: T[] = []
    do {
      this.#countNode()
      items.push(item())
    } while (this.#takeSign(','))
    this.#mustTake(')', '"," or ")"')
    return items
  }

  #range(field: NumberField): NumberRange {
    const from = this.#number(field)
    if (!this.#takeSign('..')) return [from, from]
    const { at } = this.#token
    const to = this.#number(field)
    if (to < from) throw new ExpressionError(at, 'a range from less to more', `${from}..${to}`)
    return [from, to]
  }

  /** A text that the field can be. */
  #text(field: TextField): string {
    const known = KNOWN_TEXTS[field]
    const token = this.#token
    if (token.kind === 'text' && known !== undefined && !known.includes(token.text))
      throw this.#unexpected(`one of ${known.map((it) => `'${it}'`).join(', ')}`)
    return this.#quoted()
  }

  #quoted(): string {
    const token = this.#token
    if (token.kind !== 'text') throw this.#unexpected('a text in quotes')
    this.#advance()
    return token.text
  }

  #number(field: NumberField): number {
    const token = this.#token
    const { unitOf, expected } = QUANTITIES[NUMBER_FIELDS[field]]
    if (token.kind !== 'number') throw this.#unexpected(expected)
    const value = Number(token.digits) * (unitOf(token.unit) ?? Number.NaN)
    if (!Number.isFinite(value)) throw this.#unexpected(expected)
    this.#advance()
    return value
  }

  #countNode(): void {
    if (++this.#nodes > MAX_NODES)
      throw this.#unexpected(`at most ${MAX_NODES} comparisons and values of lists`)
  }

  #mustTake(sign: string, expected: string): void {
    if (!this.#takeSign(sign)) throw this.#unexpected(expected)
  }

  #takeSign(sign: string): boolean {
    return this.#take(this.#token.kind === 'sign' && this.#token.sign === sign)
  }

  #takeWord(word: string): boolean {
    return this.#take(this.#token.kind === 'word' && this.#token.word === word)
  }

  #take(is: boolean): boolean {
    if (is) this.#advance()
    return is
  }

  #advance(): void {
    this.#token = this.#tokens.next()
  }

  #unexpected(expected: string): ExpressionError {
    return new ExpressionError(this.#token.at, expected, tokenText(this.#token))
  }
}

function textField(name: string): TextField | undefined {
  const plain = TEXT_FIELDS.find((field) => field === name)
  if (plain !== undefined) return plain
  return name.startsWith('header.') && name.length > 'header.'.length
    ? `header.${name.slice('header.'.length).toLowerCase()}`
    : undefined
}

function isNumberField(name: string): boolean {
  return Object.hasOwn(NUMBER_FIELDS, name)
}

const FIELD_NAMES = [...TEXT_FIELDS, ...Object.keys(NUMBER_FIELDS), 'header.<name>'].join(', ')

/** Where a misspelt value would match nothing, and one would wait for long. */
const KNOWN_TEXTS: Partial<Record<TextField, readonly string[]>> = {
  result: ['completed', 'aborted', 'failed'],
  cache: ['hit', 'stale', 'revalidated', 'miss', 'expired', 'bypass', ''],
}
