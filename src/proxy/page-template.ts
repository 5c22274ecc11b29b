import type { MediaType } from '../core/accept.ts'
import { invalidOption } from '../core/options.ts'

/** The names that may stand between `{{` and `}}`. */
const NAMES = ['status', 'title', 'code', 'detail', 'id'] as const

type TemplateName = (typeof NAMES)[number]

/** A value that is longer is cut. */
const MAX_VALUE_LENGTH = 200
/** What a character may become: `&#1114111;`. */
const MAX_ESCAPED_LENGTH = 10

type Escape = (value: string) => string

/** A text with places for values, which are written so that they are nothing but text in it. */
export class PageTemplate {
  /** The text before each place, and what stands there. */
  readonly #places: readonly { readonly before: string; readonly name: TemplateName }[]
  readonly #rest: string
  readonly #escape: Escape | undefined

  /** @throws `ERR_OPTION_INVALID` for a place of another name, and for places in a type for which no escape is known. */
  constructor(owner: string, option: string, text: string, type: MediaType) {
    const places: { before: string; name: TemplateName }[] = []
    let at = 0
    for (const found of text.matchAll(/\{\{\s*(.*?)\s*\}\}/gs)) {
      const name = NAMES.find((known) => known === found[1])
      if (name === undefined)
        throw invalidOption(
          owner,
          option,
          `a page in which only ${NAMES.map((it) => `{{${it}}}`).join(', ')} stand for something`,
          found[0],
        )
      places.push({ before: text.slice(at, found.index), name })
      at = found.index + found[0].length
    }
    this.#places = places
    this.#rest = text.slice(at)
    this.#escape = escapeOf(type)
    if (places.length > 0 && this.#escape === undefined)
      throw invalidOption(
        owner,
        option,
        'a page without {{values}}, or of a type in which they can be escaped: HTML, XML, JSON, text/plain',
        text,
      )
  }

  /** Whether it is the same each time. */
  get isFixed(): boolean {
    return this.#places.length === 0
  }

  /** The most bytes that it may become. */
  get maxBytes(): number {
    const texts = this.#places.reduce((sum, { before }) => sum + Buffer.byteLength(before), 0)
    return texts + Buffer.byteLength(this.#rest) + this.#places.length * MAX_VALUE_LENGTH * MAX_ESCAPED_LENGTH
  }

  render(values: Readonly<Record<TemplateName, string | number | undefined>>): string {
    let text = ''
    for (const { before, name } of this.#places)
      text += before + this.#escape!(String(values[name] ?? '').slice(0, MAX_VALUE_LENGTH))
    return text + this.#rest
  }
}

function escapeOf({ type, subtype }: MediaType): Escape | undefined {
  if (subtype === 'html' || subtype === 'xml' || subtype.endsWith('+xml')) return escapeMarkup
  if (subtype === 'json' || subtype.endsWith('+json')) return escapeJson
  return type === 'text' && subtype === 'plain' ? escapePlain : undefined
}

/** All but letters, digits and a few harmless marks, so that it is text within an attribute and a quoted script as well. */
function escapeMarkup(value: string): string {
  return value.replaceAll(/[^\w ,.:;-]/gu, (char) => `&#${char.codePointAt(0)};`)
}

/** Within the quotes of a string. */
function escapeJson(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}

function escapePlain(value: string): string {
  return value.replaceAll(/\p{Cc}/gu, ' ')
}
