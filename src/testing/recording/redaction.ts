import { invalidOption, knownOptions } from '../../core/options.ts'
import { bodyKind, mediaType } from './body-kind.ts'
import { unpacked } from './content-coding.ts'
import { encodedPath, formDecoded, fullyDecoded, percentDecoded } from './form-decoding.ts'
import { hidesNoMember, isJsonOrLines, parsedJson } from './json-text.ts'
import { keptTypes } from './kept-bodies.ts'
import { REFERENCES, withoutReferences, withReferences } from './markup-references.ts'
import { multipartParts } from './multipart-parts.ts'
import { REDACTED } from './redacted.ts'
import { withoutCookies, withoutSetCookie } from './secret-cookies.ts'
import { type NameRule, nameRule, SecretNames } from './secret-names.ts'
import { withoutBlocks, withoutNamedValues, withoutPairs } from './secret-pairs.ts'
import { withoutShapes } from './secret-shapes.ts'
import { withoutTags } from './secret-tags.ts'

/**
 * A place of secrets. A string is a whole name, whatever its case.
 *
 * - `header`: a field of the head or the trailers.
 * - `query`: a parameter of the target, of any url in a field or a text, or a member of a form.
 * - `json`: a member of a JSON body at any depth, or of a form; with dots, a path from the root, where `*` is any member:
 *   `user.address`, `items.*.code`.
 * - `text`: a part of any text: target, fields, bodies. Expressions with look-behind or anchors see one text at a time.
 *
 * Names of parameters and members hold in any text that is no JSON or form too: `name: value`, `<name>value</name>`.
 */
export type Redaction =
  | { readonly header: string | RegExp }
  | { readonly query: string | RegExp }
  | { readonly json: string | RegExp }
  | { readonly text: RegExp }

/** A body without its secrets. `decoded`: its content codings were undone, because something in it had to go. */
export type CleanBody =
  | { readonly bytes: Buffer; readonly decoded: boolean }
  /** It cannot be told whether there are secrets in it. */
  | { readonly omitted: string }

/** Takes secrets out of messages. What it cannot look into it omits. */
export class Redactor {
  readonly #defaults: boolean
  readonly #headers: SecretNames
  readonly #parameters: SecretNames
  readonly #members: SecretNames
  readonly #texts: readonly RegExp[]
  readonly #keeps: (type: string) => boolean
  /** How many texts within texts it is in. */
  #depth = 0

  /**
   * `keepBodies` are media types of bodies that are not looked into.
   *
   * @throws `ERR_OPTION_INVALID`
   */
  constructor(rules: readonly Redaction[], defaults: boolean, keepBodies: readonly string[] = []) {
    const headers: NameRule[] = []
    const parameters: NameRule[] = []
    const members: NameRule[] = []
    const texts: RegExp[] = []
    for (const rule of rules) {
      knownOptions('record: redact', rule, ['header', 'query', 'json', 'text'])
      if (Object.keys(rule).length !== 1)
        throw invalidOption('record', 'redact', 'a list of rules with one place each', rule)
      if ('header' in rule) headers.push(nameRule('header', rule.header))
      else if ('query' in rule) parameters.push(nameRule('query', rule.query))
      else if ('json' in rule) members.push(nameRule('json', rule.json))
      else texts.push(textRule(rule.text))
    }
    this.#defaults = defaults
    this.#headers = new SecretNames(headers, defaults)
    this.#parameters = new SecretNames(parameters, defaults)
    this.#members = new SecretNames(members, defaults)
    this.#texts = texts
    this.#keeps = keptTypes(keepBodies)
  }

  /** Path and query. */
  target(target: string): string {
    const at = target.indexOf('?')
    const path = this.#path(at < 0 ? target : target.slice(0, at))
    if (at < 0) return this.#byTextRules(path)
    const query = this.#plain(this.#pairs(target.slice(at + 1), (name) => this.#parameters.has(name)))
    return this.#byTextRules(`${path}?${query}`)
  }

  /** The value of a field. */
  field(name: string, value: string): string {
    const lower = name.toLowerCase()
    if (this.#headers.hasRule(lower)) return REDACTED
    if (this.#defaults && lower === 'cookie') return this.#byTextRules(withoutCookies(value))
    if (this.#defaults && lower === 'set-cookie') return this.#byTextRules(withoutSetCookie(value))
    if (this.#headers.has(lower)) return REDACTED
    return this.#text(value)
  }

  /** A body. `contentType` and `coding` are the fields of its message; `maxBytes` bounds what it may be unpacked to. */
  body(
    bytes: Buffer,
    contentType: string | undefined,
    coding: string | undefined,
    maxBytes: number,
  ): CleanBody {
    if (bytes.length === 0 || !this.#looksIntoBodies) return { bytes, decoded: false }
    try {
      const plain = unpacked(bytes, coding, maxBytes)
      if (plain === undefined)
        return { omitted: `its content coding ${coding} cannot be looked into for secrets` }
      const clean = this.#plainBody(plain, contentType ?? '')
      if ('omitted' in clean) return clean
      return clean.bytes.equals(plain)
        ? { bytes, decoded: false }
        : { bytes: clean.bytes, decoded: plain !== bytes }
    } catch {
      // A value nested too deeply, for example. A secret must not be written because something went wrong.
      return { omitted: 'it cannot be looked into for secrets' }
    }
  }

  get #looksIntoBodies(): boolean {
    return this.#members.any || this.#parameters.any || this.#texts.length > 0
  }

  #plainBody(bytes: Buffer, contentType: string): { readonly bytes: Buffer } | { readonly omitted: string } {
    const type = contentType.toLowerCase()
    if (this.#keeps(mediaType(type))) return this.#unread(bytes)
    if (type.startsWith('multipart/')) {
      if (this.#multipartIsClean(bytes.toString('latin1'), contentType)) return { bytes }
      return { omitted: 'it has parts that may be secrets' }
    }
    const found = bodyKind(bytes, type)
    if (found.kind === 'opaque') return { omitted: found.why }
    if (found.kind === 'media') return this.#unread(bytes)
    const { encoding } = found
    const text = bytes.toString(encoding)
    if (type.includes('json') && (encoding !== 'utf8' || !isJsonOrLines(text)))
      return { omitted: 'its type says that it is JSON, and it is none' }
    if (type.includes('form-urlencoded')) {
      const form = this.#plain(this.#pairs(text, this.#isSecret))
      return { bytes: Buffer.from(this.#byTextRules(form), encoding) }
    }
    return { bytes: Buffer.from(this.#text(text), encoding) }
  }

  #unread(bytes: Buffer): { readonly bytes: Buffer } | { readonly omitted: string } {
    const text = bytes.toString('latin1')
    return this.#byTextRules(text) === text ? { bytes } : { omitted: 'it has a secret, and is no text' }
  }

  /** Each part is looked into as a body of its own; nothing is taken out of one, but all is clean or is left out. */
  #multipartIsClean(text: string, type: string): boolean {
    if (this.#byTextRules(text) !== text) return false
    for (const [, quoted, bare = ''] of text.matchAll(PART_NAME)) {
      if (this.#isSecret(fullyDecoded(formDecoded((quoted ?? bare).replace(/\\(.)/g, '$1'))))) return false
    }
    return multipartParts(text, type).every(({ fields, content }) => {
      if (fields.some(([name, value]) => this.field(name, value) !== value)) return false
      const field = (wanted: string): string | undefined =>
        fields.find(([name]) => name.toLowerCase() === wanted)?.[1].trim()
      const transfer = field('content-transfer-encoding') ?? 'binary'
      if (!/^(?:7bit|8bit|binary)$/i.test(transfer) || field('content-encoding') !== undefined) return false
      const bytes = Buffer.from(content, 'latin1')
      const clean = this.#plainBody(bytes, field('content-type') ?? '')
      return 'bytes' in clean && clean.bytes.equals(bytes)
    })
  }

  /** Text of whatever kind: JSON, JSON line by line (also behind a `data:` of an event stream), a form, anything else. */
  #text(text: string): string {
    // Nobody nests as deeply but to hide something, or to keep us busy.
    if (this.#depth >= MOST_DEPTH) return REDACTED
    this.#depth++
    try {
      return this.#byTextRules(this.#structured(text))
    } finally {
      this.#depth--
    }
  }

  #structured(text: string): string {
    const json = parsedJson(text)
    if (json !== undefined) return this.#json(text, json.value)
    const whole = JSON_LINE.test(text)
      ? text
          .split(/(?<=\n)/)
          .map((line) => this.#line(line))
          .join('')
      : text
    if (FORM.test(whole) && !BASE64.test(whole)) return this.#plain(this.#pairs(whole, this.#isSecret))
    return this.#plain(this.#referenced(this.#encoded(this.#urls(whole))))
  }

  #line(line: string): string {
    const [before] = LINE_START.exec(line)!
    const value = line.slice(before.length).trimEnd()
    const after = line.slice(before.length + value.length)
    const json = parsedJson(value)
    return json === undefined ? line : before + this.#json(value, json.value) + after
  }

  #json(text: string, value: unknown): string {
    const clean = this.#value(value, [])
    // Unless there was something to take out, it stays as it was written: but of two members of one name only the last
    // is in the value.
    return clean === value && hidesNoMember(text, value) ? text : JSON.stringify(clean)
  }

  /** The value itself where nothing in it is a secret. */
  #value(value: unknown, path: readonly string[]): unknown {
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null) {
      const text = String(value)
      return this.#byTextRules(text) === text ? value : REDACTED
    }
    if (Array.isArray(value)) {
      // `["password", "abc"]`, as entries of a map are written, and fields in one list.
      const isEntry = (i: number): boolean =>
        i % 2 === 1 && value.length % 2 === 0 && this.#names(value[i - 1])
      const items = value.map((item, i) =>
        isEntry(i) && tells(item) ? REDACTED : this.#value(item, [...path, String(i)]),
      )
      return items.some((item, i) => item !== value[i]) ? items : value
    }
    let changed = false
    const named = Object.entries(value).some(([name, member]) => NAMING.test(name) && this.#names(member))
    const members = Object.entries(value).map(([name, member]: [string, unknown]): [string, unknown] => {
      const at = [...path, name]
      const cleanName = this.#text(name)
      const secret = this.#isSecretMember(at, name, member) || (named && VALUED.test(name) && tells(member))
      const clean = secret ? REDACTED : this.#value(member, at)
      changed ||= clean !== member || cleanName !== name
      return [cleanName, clean]
    })
    return changed ? Object.fromEntries(members) : value
  }

  #isSecretMember(path: readonly string[], name: string, value: unknown): boolean {
    if (this.#members.hasRule(name, path)) return true
    return tells(value) && this.#members.has(name)
  }

  /** Whether a value is itself the name of a secret: of `{"name": "password", "value": "abc"}` the first. */
  #names(value: unknown): boolean {
    return typeof value === 'string' && NAME.test(value) && this.#isSecret(value)
  }

  /** `name=value` pairs between `&`. Some services take `;` for it too, and some values are urls. */
  #pairs(text: string, isSecret: (name: string) => boolean): string {
    return text
      .split('&')
      .map((pair) => {
        const at = pair.indexOf('=')
        if (at < 0) return this.#encoded(pair)
        const name = pair.slice(0, at)
        if (isSecret(fullyDecoded(formDecoded(name)))) return `${name}=${REDACTED}`
        const value = this.#urls(`;${pair.slice(at + 1)}`).slice(1)
        const plain = percentDecoded(value.replaceAll('+', ' '))
        const clean = this.#text(plain)
        return `${name}=${clean === plain ? value : encodeURIComponent(clean)}`
      })
      .join('&')
  }

  /** Each segment as a text of its own. */
  #path(path: string): string {
    return path
      .split('/')
      .map((segment) => this.#plain(this.#encoded(segment)))
      .join('/')
  }

  /** What is percent-encoded in a text, as often as it may be: whole urls are, as parameters of others. */
  #encoded(text: string): string {
    if (!ENCODED.test(text)) return text
    return text.replace(WORD, (word) => {
      const first = word.search(ENCODED)
      if (first < 0) return word
      // Up to the end of the word: where a parameter within it ends cannot be told before it is decoded.
      const begin = 1 + Math.max(...['=', '?', ';'].map((it) => word.lastIndexOf(it, first)))
      return word.slice(0, begin) + this.#encodedPart(word.slice(begin))
    })
  }

  #encodedPart(found: string): string {
    const plain = percentDecoded(found)
    const clean = this.#text(plain)
    if (clean === plain) return found
    // What is not written in the same way again would be compared in vain later.
    const encode = [encodeURIComponent, encodedPath].find((it) => it(plain) === found)
    return encode === undefined ? REDACTED : encode(clean)
  }

  /** What is written in references, as markup within markup is: `&lt;password&gt;`. */
  #referenced(text: string): string {
    if (!REFERENCES.test(text)) return text
    return text.replace(MARKUP_TEXT, (found) => {
      const plain = REFERENCES.test(found) ? withoutReferences(found) : found
      const clean = plain === found ? found : this.#text(plain)
      return clean === plain ? found : withReferences(clean)
    })
  }

  /** What stands in any text, as it is written there. */
  #plain(text: string): string {
    const clean = this.#urls(this.#defaults ? withoutShapes(text) : text)
    if (!this.#parameters.any && !this.#members.any) return clean
    const isSecret = this.#isSecret
    return [withoutBlocks, withoutTags, withoutNamedValues, withoutPairs].reduce(
      (it, rule) => rule(it, isSecret),
      clean,
    )
  }

  /** Users and parameters of urls. */
  #urls(text: string): string {
    const clean = this.#defaults ? text.replace(URL_USER, `$1${REDACTED}@`) : text
    if (!this.#parameters.any) return clean
    return clean.replace(URL_PARAMETER, (found, before: string, name: string) =>
      this.#parameters.has(fullyDecoded(formDecoded(name))) ? `${before}${name}=${REDACTED}` : found,
    )
  }

  readonly #isSecret = (name: string): boolean => this.#parameters.has(name) || this.#members.has(name)

  #byTextRules(text: string): string {
    const clean = this.#defaults ? withoutShapes(text) : text
    return this.#texts.reduce((it, rule) => it.replace(rule, REDACTED), clean)
  }
}

const MOST_DEPTH = 12
const FORM = /^[^\s=&<>"]+=[^\s&]*(?:&[^\s=&<>"]+=[^\s&]*)*$/
/** Its padding looks like an empty value. */
const BASE64 = /^[\w+/-]+==?$/
const URL_PARAMETER = /([?&#;])([^=?&#;\s"<>]+)=[^&#\s"<>]*/g
const ENCODED = /%[\da-f]{2}/i
const WORD = /[^\s"<>&#]+/g
const MARKUP_TEXT = /[^<>"]+/g
const NAME = /^[\w.$-]{1,64}$/
const NAMING = /^(?:name|key|id|field|header|property|param|parameter|label|k)$/i
const VALUED = /^v$|val|content|data|text|string|default/i
/** Also behind the `data:` of an event stream, or the record separator of a JSON sequence. */
const JSON_LINE = /^\p{Cc}?[\w-]*:? *[[{"]/mu
const LINE_START = /^\p{Cc}?[\w-]*:? */u
/** With or without a password. */
const URL_USER = /(\/\/)[^\s/"<>?#]+@/g
const PART_NAME = /[;\s]name\*?=(?:"((?:\\.|[^"\\])*)"|([^;\s]*))/gi

function textRule(rule: RegExp): RegExp {
  if (!(rule instanceof RegExp)) throw invalidOption('record: redact', 'text', 'a regular expression', rule)
  return new RegExp(rule.source, `${rule.flags.replace(/[gy]/g, '')}g`)
}

/** `"hasToken": true` tells no secret. */
function tells(value: unknown): boolean {
  return value !== null && typeof value !== 'boolean'
}
