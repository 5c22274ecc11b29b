import { matchAt } from './match-at.ts'

/** An item of a structured field without its parameters (RFC 8941 section 3.3). */
export type BareItem =
  | { readonly kind: 'integer' | 'decimal'; readonly value: number }
  | { readonly kind: 'string' | 'token' | 'bytes'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }

/** A member of a dictionary: an item, or an inner list of them. */
export type DictionaryMember = BareItem | { readonly kind: 'list'; readonly value: readonly BareItem[] }

/**
 * A dictionary (RFC 8941 section 4.2.2) of which the parameters are checked and left out; `undefined` where anything in it is
 * malformed. Of keys that are there twice the last one counts. Several lines are joined with a comma before.
 */
export function parseDictionary(text: string): ReadonlyMap<string, DictionaryMember> | undefined {
  return new StructuredFieldReader(text).dictionary()
}

const KEY = /[a-z*][a-z0-9_\-.*]*/y
const NUMBER = /-?(?:(\d{1,12}\.\d{1,3})|\d{1,15})(?![\d.])/y
const STRING = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y
const BYTES = /:([A-Za-z0-9+/=]*):/y
const BOOLEAN = /\?([01])/y
const SPACES = / */y
const WHITE_SPACE = /[ \t]*/y
const COMMA = /[ \t]*,[ \t]*/y

const TRUE: BareItem = { kind: 'boolean', value: true }

class StructuredFieldReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  dictionary(): ReadonlyMap<string, DictionaryMember> | undefined {
    const members = new Map<string, DictionaryMember>()
    this.#match(SPACES)
    if (this.#ended) return members
    while (true) {
      const key = this.#match(KEY)?.[0]
      if (key === undefined) return undefined
      const member = this.#take('=') ? this.#member() : TRUE
      if (member === undefined || !this.#parameters()) return undefined
      members.set(key, member)
      if (this.#match(COMMA) !== undefined) continue
      this.#match(WHITE_SPACE)
      return this.#ended ? members : undefined
    }
  }

  get #ended(): boolean {
    return this.#at === this.#text.length
  }

  #member(): DictionaryMember | undefined {
    return this.#take('(') ? this.#innerList() : this.#bareItem()
  }

  #innerList(): DictionaryMember | undefined {
    const value: BareItem[] = []
    while (true) {
      const spaces = this.#match(SPACES)![0].length
      if (this.#take(')')) return { kind: 'list', value }
      if (value.length > 0 && spaces === 0) return undefined
      const item = this.#bareItem()
      if (item === undefined || !this.#parameters()) return undefined
      value.push(item)
    }
  }

  #bareItem(): BareItem | undefined {
    const number = this.#match(NUMBER)
    if (number !== undefined)
      return { kind: number[1] === undefined ? 'integer' : 'decimal', value: Number(number[0]) }
    const string = this.#match(STRING)
    if (string !== undefined) return { kind: 'string', value: string[1]!.replaceAll(/\\(.)/g, '$1') }
    const token = this.#match(TOKEN)
    if (token !== undefined) return { kind: 'token', value: token[0] }
    const boolean = this.#match(BOOLEAN)
    if (boolean !== undefined) return { kind: 'boolean', value: boolean[1] === '1' }
    const bytes = this.#match(BYTES)
    return bytes === undefined ? undefined : { kind: 'bytes', value: bytes[1]! }
  }

  /** Whether what follows up to the next separator is well-formed parameters. */
  #parameters(): boolean {
    while (this.#take(';')) {
      this.#match(SPACES)
      if (this.#match(KEY) === undefined) return false
      if (this.#take('=') && this.#bareItem() === undefined) return false
    }
    return true
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    const found = matchAt(pattern, this.#text, this.#at)
    if (found !== undefined) this.#at += found[0].length
    return found
  }
}
