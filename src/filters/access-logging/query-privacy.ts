import { invalidOption } from '../../core/options.ts'

/** What is logged of a query. */
export type QueryLogging = 'omit' | 'mask' | 'keep'

export const MASK = '***'

/** Some services take a semicolon, too, for the end of one. */
const PARAMETER = /[^&;]+/g

/** Names, in whole or in part, of what holds secrets. */
const SECRET =
  /authorization|cookie|token|secret|passw|pwd|credential|(?:api|access|private|subscription)-?_?key|session|signature|\bsig\b|jwt|assertion|^(?:key|auth|pass|otp)$/

/** Whose values are never logged: those of the option `redact`, and all that sounds like a secret. */
export class Redaction {
  readonly #names: ReadonlySet<string>

  /** @throws `ERR_OPTION_INVALID` */
  constructor(owner: string, names: readonly string[]) {
    if (!Array.isArray(names) || !names.every((it) => typeof it === 'string' && it !== ''))
      throw invalidOption(owner, 'redact', 'a list of names of fields and of parameters', names)
    this.#names = new Set(names.map((it) => it.toLowerCase()))
  }

  covers(name: string): boolean {
    const lower = name.toLowerCase()
    return this.#names.has(lower) || SECRET.test(lower)
  }
}

/** What is logged of queries, and of urls that may have one. */
export class QueryPrivacy {
  readonly #logging: QueryLogging
  readonly #redaction: Redaction

  /** @throws `ERR_OPTION_INVALID` */
  constructor(owner: string, logging: QueryLogging, redaction: Redaction) {
    if (logging !== 'omit' && logging !== 'mask' && logging !== 'keep')
      throw invalidOption(owner, 'query', '"omit", "mask" or "keep"', logging)
    this.#logging = logging
    this.#redaction = redaction
  }

  /** `undefined`: nothing. */
  ofQuery(query: string): string | undefined {
    if (this.#logging === 'omit' || query === '') return undefined
    return query.replace(PARAMETER, (it) => this.#parameter(it))
  }

  /** Of a url without user and password, and without a fragment. */
  ofUrl(url: string): string {
    const plain = url.replace(/#.*$/s, '').replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/?]*@/i, '$1//')
    const at = plain.indexOf('?')
    if (at < 0) return plain
    const query = this.ofQuery(plain.slice(at + 1))
    return query === undefined ? plain.slice(0, at) : `${plain.slice(0, at)}?${query}`
  }

  #parameter(parameter: string): string {
    const at = parameter.indexOf('=')
    // Without a name, the whole may be the secret.
    if (at < 0) return this.#logging === 'mask' ? MASK : parameter
    const name = parameter.slice(0, at)
    return this.#logging === 'mask' || this.#redaction.covers(decoded(name)) ? `${name}=${MASK}` : parameter
  }
}

function decoded(name: string): string {
  const spaced = name.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    // What is no UTF-8 must not hide the rest.
    return spaced.replace(/%[0-7][0-9a-f]/gi, (it) => decodeURIComponent(it))
  }
}
