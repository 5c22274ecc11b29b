import { isUtf8 } from 'node:buffer'
import { invalidOption, knownOptions } from '../../core/options.ts'
import { unpacked } from './content-coding.ts'
import { formDecoded } from './form-decoding.ts'
import { hidesNoMember, isJsonOrLines, parsedJson } from './json-text.ts'
import { type NameRule, nameRule, SecretNames } from './secret-names.ts'

/** What stands in the place of a secret. In a request of a recording it fits anything. */
export const REDACTED = 'REDACTED'

/**
 * A place of secrets. A string is a whole name, whatever its case.
 *
 * - `header`: a field of the head or the trailers.
 * - `query`: a parameter of the target, of any url in a field or a text, or a member of a form.
 * - `json`: a member of a JSON body at any depth, or of a form; with dots, a path from the root, where `*` is any member:
 *   `user.address`, `items.*.code`.
 * - `text`: a part of any text: target, fields, bodies. Expressions with look-behind or anchors see one text at a time.
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

  /** @throws `ERR_OPTION_INVALID` */
  constructor(rules: readonly Redaction[], defaults: boolean) {
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
  }

  /** Path and query. */
  target(target: string): string {
    const at = target.indexOf('?')
    if (at < 0) return this.#byTextRules(target)
    const query = this.#pairs(target.slice(at + 1), (name) => this.#parameters.has(name))
    return this.#byTextRules(`${target.slice(0, at)}?${query}`)
  }

  /** The value of a field. */
  field(name: string, value: string): string {
    const lower = name.toLowerCase()
    if (this.#headers.hasRule(lower)) return REDACTED
    if (this.#defaults && lower === 'cookie') return this.#byTextRules(cookies(value))
    if (this.#defaults && lower === 'set-cookie') return this.#byTextRules(setCookie(value))
    if (this.#headers.has(lower)) return REDACTED
    return this.#byTextRules(this.#loose(value))
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
      const clean = this.#plainBody(plain, contentType?.toLowerCase() ?? '')
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

  #plainBody(bytes: Buffer, type: string): { readonly bytes: Buffer } | { readonly omitted: string } {
    const charset = /charset\s*=\s*"?([^\s";]+)/.exec(type)?.[1]
    if (charset !== undefined && !READABLE_CHARSET.test(charset))
      return { omitted: `its charset ${charset} cannot be looked into for secrets` }
    const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
    const text = bytes.toString(encoding)
    if (type.startsWith('multipart/')) {
      if (this.#multipartIsClean(bytes.toString('latin1'))) return { bytes }
      return { omitted: 'it has parts that may be secrets' }
    }
    if (encoding === 'latin1' && !TEXT_TYPE.test(type)) {
      if (this.#byTextRules(text) === text) return { bytes }
      return { omitted: 'it has a secret, and is no text' }
    }
    if (type.includes('json') && (encoding !== 'utf8' || !isJsonOrLines(text)))
      return { omitted: 'its type says that it is JSON, and it is none' }
    if (type.includes('form-urlencoded')) {
      const form = this.#pairs(text, (name) => this.#parameters.has(name) || this.#members.has(name))
      return { bytes: Buffer.from(this.#byTextRules(form), encoding) }
    }
    return { bytes: Buffer.from(this.#text(text), encoding) }
  }

  #multipartIsClean(text: string): boolean {
    if (/^content-type:[^\r\n]*(?:json|form-urlencoded|multipart)/im.test(text)) return false
    if (this.#byTextRules(text) !== text) return false
    for (const [, quoted, bare = ''] of text.matchAll(PART_NAME)) {
      const name = formDecoded((quoted ?? bare).replace(/\\(.)/g, '$1'))
      if (this.#parameters.has(name) || this.#members.has(name)) return false
    }
    return true
  }

  /** Text of whatever kind: JSON, JSON line by line (also behind a `data:` of an event stream), a form, anything else. */
  #text(text: string): string {
    const json = parsedJson(text)
    if (json !== undefined) return this.#byTextRules(this.#json(text, json.value))
    const whole = JSON_LINE.test(text)
      ? text
          .split(/(?<=\n)/)
          .map((line) => this.#line(line))
          .join('')
      : text
    if (!FORM.test(whole) || BASE64.test(whole)) return this.#byTextRules(this.#loose(whole))
    return this.#byTextRules(
      this.#pairs(whole, (name) => this.#parameters.has(name) || this.#members.has(name)),
    )
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
      const items = value.map((item, i) => this.#value(item, [...path, String(i)]))
      return items.some((item, i) => item !== value[i]) ? items : value
    }
    let changed = false
    const members = Object.entries(value).map(([name, member]: [string, unknown]): [string, unknown] => {
      const at = [...path, name]
      const cleanName = this.#byTextRules(name)
      const clean = this.#isSecretMember(at, name, member) ? REDACTED : this.#value(member, at)
      changed ||= clean !== member || cleanName !== name
      return [cleanName, clean]
    })
    return changed ? Object.fromEntries(members) : value
  }

  #isSecretMember(path: readonly string[], name: string, value: unknown): boolean {
    if (this.#members.hasRule(name, path)) return true
    // `"hasToken": true` tells no secret.
    if (value === null || typeof value === 'boolean') return false
    return this.#members.has(name)
  }

  /** `name=value` pairs between `&`. Some services take `;` for it too, and some values are urls. */
  #pairs(text: string, isSecret: (name: string) => boolean): string {
    return text
      .split('&')
      .map((pair) => {
        const at = pair.indexOf('=')
        if (at < 0) return pair
        const name = pair.slice(0, at)
        if (isSecret(formDecoded(name))) return `${name}=${REDACTED}`
        const value = this.#loose(`;${pair.slice(at + 1)}`).slice(1)
        const plain = formDecoded(value)
        const clean = this.#text(plain)
        return `${name}=${clean === plain ? value : encodeURIComponent(clean)}`
      })
      .join('&')
  }

  /** What stands in any text: users and parameters of urls, and members of JSON that is part of something else. */
  #loose(text: string): string {
    let clean = this.#defaults ? text.replace(URL_USER, `$1${REDACTED}@`) : text
    if (this.#parameters.any) {
      clean = clean.replace(URL_PARAMETER, (found, before: string, name: string) =>
        this.#parameters.has(formDecoded(name)) ? `${before}${name}=${REDACTED}` : found,
      )
    }
    if (this.#members.any) {
      clean = clean.replace(QUOTED_MEMBER, (found, name: string, colon: string) =>
        this.#members.has(name) ? `"${name}"${colon}"${REDACTED}"` : found,
      )
    }
    return clean
  }

  #byTextRules(text: string): string {
    return this.#texts.reduce((it, rule) => it.replace(rule, REDACTED), text)
  }
}

const READABLE_CHARSET = /^(?:utf-?8|us-ascii|iso-8859-\d+|windows-125\d|latin1)$/
const TEXT_TYPE = /^text\/|json|xml|javascript|form-urlencoded/
const FORM = /^[^\s=&]+=[^\s&]*(?:&[^\s=&]+=[^\s&]*)*$/
/** Its padding looks like an empty value. */
const BASE64 = /^[\w+/-]+==?$/
const URL_PARAMETER = /([?&#;])([^=?&#;\s"<>]+)=[^&#\s"<>]*/g
/** The value may be cut off. Words, `true` for example, tell nothing. */
const QUOTED_MEMBER = /"([^"\\]{1,200})"(\s*:\s*)(?:"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|[-+\d][\w.+-]*)/gs
/** Also behind the `data:` of an event stream, or the record separator of a JSON sequence. */
const JSON_LINE = /^\p{Cc}?[\w-]*:? *[[{"]/mu
const LINE_START = /^\p{Cc}?[\w-]*:? */u
const URL_USER = /(:\/\/)[^\s/@:"<>]*:[^\s/@"<>]*@/g
const PART_NAME = /[;\s]name\*?=(?:"((?:\\.|[^"\\])*)"|([^;\s]*))/gi

function textRule(rule: RegExp): RegExp {
  if (!(rule instanceof RegExp)) throw invalidOption('record: redact', 'text', 'a regular expression', rule)
  return new RegExp(rule.source, `${rule.flags.replace(/[gy]/g, '')}g`)
}

function cookies(value: string): string {
  return value.split(';').map(nameAlone).join(';')
}

const COOKIE_ATTRIBUTE =
  /^\s*(?:(?:path|domain|expires|max-age|samesite)\s*=.*|secure|httponly|partitioned)\s*$/i

function setCookie(value: string): string {
  const [first = '', ...attributes] = value.split(';')
  return [nameAlone(first), ...attributes.filter((it) => COOKIE_ATTRIBUTE.test(it))].join(';')
}

function nameAlone(cookie: string): string {
  const at = cookie.indexOf('=')
  return at < 0 ? `${/^\s*/.exec(cookie)![0]}${REDACTED}` : `${cookie.slice(0, at)}=${REDACTED}`
}
