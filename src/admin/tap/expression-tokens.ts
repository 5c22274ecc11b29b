import type { Characters } from './characters.ts'
import { ExpressionError } from './expression-error.ts'

/** A piece of an expression; `at` is where it begins. */
export type Token =
  | { readonly kind: 'word'; readonly at: number; readonly word: string }
  | { readonly kind: 'text'; readonly at: number; readonly text: string }
  | { readonly kind: 'number'; readonly at: number; readonly digits: string; readonly unit: string }
  | { readonly kind: 'sign'; readonly at: number; readonly sign: string }
  | { readonly kind: 'end'; readonly at: number }

/** How a piece is called in messages. */
export function tokenText(token: Token): string {
  switch (token.kind) {
    case 'word':
      return JSON.stringify(cut(token.word))
    case 'text':
      return `the text ${JSON.stringify(cut(token.text))}`
    case 'number':
      return cut(token.digits + token.unit)
    case 'sign':
      return JSON.stringify(token.sign)
    case 'end':
      return 'the end'
  }
}

function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

const SIGNS: ReadonlySet<string> = new Set(['==', '!=', '!~', '<=', '>=', '..', '<', '>', '~', '(', ')', ','])

/** Takes an expression apart, from its begin to its end. */
export class Tokens {
  readonly #text: Characters
  #at = 0

  constructor(text: Characters) {
    this.#text = text
  }

  next(): Token {
    while (isSpace(this.#code(this.#at))) this.#at++
    const at = this.#at
    const code = this.#code(at)
    if (Number.isNaN(code)) return { kind: 'end', at }
    if (isLetter(code)) return { kind: 'word', at, word: this.#run(isWordPart) }
    if (isDigit(code)) return this.#number(at)
    if (code === QUOTE || code === APOSTROPHE) return this.#quoted(at, code)
    for (const length of [2, 1]) {
      const sign = this.#text.slice(at, at + length)
      if (!SIGNS.has(sign)) continue
      this.#at += length
      return { kind: 'sign', at, sign }
    }
    throw new ExpressionError(
      at,
      'a field, a text in quotes, a number, or a comparison such as ==',
      JSON.stringify(this.#text.slice(at, at + 1)),
    )
  }

  #number(at: number): Token {
    let digits = this.#run(isDigit)
    // Two points are a range.
    if (this.#code(this.#at) === POINT && isDigit(this.#code(this.#at + 1))) {
      this.#at++
      digits += `.${this.#run(isDigit)}`
    }
    return { kind: 'number', at, digits, unit: this.#run(isLetter) }
  }

  #quoted(at: number, quote: number): Token {
    let text = ''
    let from = ++this.#at
    for (; ; this.#at++) {
      const code = this.#code(this.#at)
      if (Number.isNaN(code))
        throw new ExpressionError(this.#at, `${String.fromCharCode(quote)} at the end of a text`, 'the end')
      if (code === quote) break
      if (code !== BACKSLASH) continue
      text += this.#text.slice(from, this.#at)
      from = ++this.#at
      const escaped = this.#code(from)
      if (escaped !== QUOTE && escaped !== APOSTROPHE && escaped !== BACKSLASH)
        throw new ExpressionError(from, 'a quote or a backslash behind a backslash', 'something else')
    }
    text += this.#text.slice(from, this.#at)
    this.#at++
    return { kind: 'text', at, text }
  }

  #run(belongs: (code: number) => boolean): string {
    const from = this.#at
    while (belongs(this.#code(this.#at))) this.#at++
    return this.#text.slice(from, this.#at)
  }

  /** `NaN` behind the end. */
  #code(at: number): number {
    return this.#text.charCodeAt(at)
  }
}

const QUOTE = 0x22
const APOSTROPHE = 0x27
const BACKSLASH = 0x5c
const POINT = 0x2e
const DASH = 0x2d
const UNDERSCORE = 0x5f

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Names of fields of a request too. */
function isWordPart(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === POINT || code === DASH || code === UNDERSCORE
}
