import { trimWhiteSpace } from '../../core/headers.ts'

/** Which requests of other sites have a cookie: none, those that open a page, or all. */
export type SameSite = 'strict' | 'lax' | 'none'

/** One `Set-Cookie` line, taken apart. What nobody changes is written as it was. */
export class SetCookie {
  readonly name: string
  /** As they were sent, without white space around. The first is `name=value`. */
  #parts: string[]
  #changed = false
  readonly #line: string

  private constructor(line: string, parts: string[], name: string) {
    this.#line = line
    this.#parts = parts
    this.name = name
  }

  /** `undefined` for a line that names no cookie. */
  static parse(line: string): SetCookie | undefined {
    const parts = line.split(';').map((part) => trimWhiteSpace(part))
    const equals = parts[0]!.indexOf('=')
    const name = equals < 0 ? '' : trimWhiteSpace(parts[0]!, 0, equals)
    return name === '' ? undefined : new SetCookie(line, parts, name)
  }

  /** The value of an attribute, `''` for one without; of several, the last, which is the one that counts (RFC 6265 section 5.3). */
  get(attribute: string): string | undefined {
    const part = this.#parts.findLast((it, i) => i > 0 && attributeName(it) === attribute)
    if (part === undefined) return undefined
    const equals = part.indexOf('=')
    return equals < 0 ? '' : trimWhiteSpace(part, equals + 1)
  }

  /** Writes an attribute once, in the place of all of its name. Its name is given in lower case to `get` and `delete`. */
  set(attribute: string, value?: string): void {
    const lower = attribute.toLowerCase()
    if (this.get(lower) === (value ?? '')) return
    const at = this.#parts.findIndex((it, i) => i > 0 && attributeName(it) === lower)
    const part = value === undefined ? attribute : `${attribute}=${value}`
    if (at < 0) this.#parts.push(part)
    else {
      this.#parts[at] = part
      this.#parts = this.#parts.filter((it, i) => i <= at || attributeName(it) !== lower)
    }
    this.#changed = true
  }

  delete(attribute: string): void {
    const kept = this.#parts.filter((it, i) => i === 0 || attributeName(it) !== attribute)
    if (kept.length === this.#parts.length) return
    this.#parts = kept
    this.#changed = true
  }

  toString(): string {
    return this.#changed ? this.#parts.filter((it) => it !== '').join('; ') : this.#line
  }
}

function attributeName(part: string): string {
  const equals = part.indexOf('=')
  return trimWhiteSpace(part, 0, equals < 0 ? part.length : equals).toLowerCase()
}
