import { type HeaderList, isFieldName } from '../../core/headers.ts'
import { invalidOption } from '../../core/options.ts'
import { clipped } from './line-text.ts'
import { MASK, type QueryPrivacy, type Redaction } from './query-privacy.ts'

/** Fields with a url in them, whose query is logged as that of the request is. */
const URLS: readonly string[] = ['referer', 'location', 'content-location']

/** The fields of heads that an access log has by their names. */
export class LoggedHeaders {
  readonly #names: readonly string[]
  readonly #masked: ReadonlySet<string>
  readonly #privacy: QueryPrivacy

  /** @throws `ERR_OPTION_INVALID` */
  constructor(
    owner: string,
    option: string,
    names: readonly string[],
    redaction: Redaction,
    privacy: QueryPrivacy,
  ) {
    if (!Array.isArray(names) || !names.every(isFieldName))
      throw invalidOption(owner, option, 'a list of names of fields', names)
    this.#names = [...new Set(names.map((it) => it.toLowerCase()))]
    this.#masked = new Set(this.#names.filter((name) => redaction.covers(name)))
    this.#privacy = privacy
  }

  get wanted(): boolean {
    return this.#names.length > 0
  }

  /** Those that are there; `undefined` where none is. */
  of(headers: HeaderList): Record<string, string> | undefined {
    let found: Record<string, string> | undefined
    for (const name of this.#names) {
      const value = headers.get(name)
      if (value === undefined) continue
      found ??= {}
      if (this.#masked.has(name)) found[name] = MASK
      else found[name] = clipped(URLS.includes(name) ? this.#privacy.ofUrl(value) : value)
    }
    return found
  }
}
