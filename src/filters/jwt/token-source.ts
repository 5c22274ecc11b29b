import { isFieldName } from '../../core/headers.ts'
import type { RequestMessage } from '../../core/message.ts'
import { invalidOption } from '../../core/options.ts'
import { cookieName, cookiePairs, cookieValues, replaceCookies } from '../../core/request-cookies.ts'
import { ToldFields, valuesAlike } from '../fields/told-fields.ts'
import { credentialsOf, MalformedCredentials } from '../identity/bearer-token.ts'

/**
 * Where a token may be: `'authorization'` (`Authorization: Bearer …`), a field that holds it alone, a cookie, or a parameter of
 * the query.
 */
export type JwtSource =
  | 'authorization'
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly query: string }

/** One place of a request where a token may be. */
export interface TokenSource {
  /** The token that is there; `undefined` for none. Its syntax is not looked at. */
  read(request: RequestMessage, maxLength: number): string | MalformedCredentials | undefined
  /** Takes what was found out of the request. */
  remove(request: RequestMessage): void
}

const SEVERAL = new MalformedCredentials('there is more than one token')
const TOO_LONG = new MalformedCredentials('the token is too long')

export function tokenSources(owner: string, given: JwtSource | readonly JwtSource[]): readonly TokenSource[] {
  const list = (Array.isArray(given) ? given : [given]) as readonly JwtSource[]
  if (list.length === 0) throw invalidOption(owner, 'from', 'at least one place', given)
  return list.map((one) => tokenSource(owner, one))
}

/** The one token of a request. Where there are several, nobody can say whose request it is. */
export function readToken(
  sources: readonly TokenSource[],
  request: RequestMessage,
  maxLength: number,
): string | MalformedCredentials | undefined {
  let found: string | MalformedCredentials | undefined
  for (let i = 0; i < sources.length; i++) {
    const token = sources[i]!.read(request, maxLength)
    if (token === undefined) continue
    if (found !== undefined) return SEVERAL
    found = token
  }
  return found
}

function tokenSource(owner: string, source: JwtSource): TokenSource {
  if (source === 'authorization') return AUTHORIZATION
  const entries = typeof source === 'object' && source !== null ? Object.entries(source) : []
  const [kind, name] = (entries.length === 1 ? entries[0] : undefined) ?? []
  if (isFieldName(name)) {
    if (kind === 'header' && name.toLowerCase() !== 'authorization')
      return new FieldSource(name.toLowerCase())
    if (kind === 'cookie') return new CookieSource(name)
    if (kind === 'query') return new QuerySource(name)
  }
  throw invalidOption(
    owner,
    'from',
    '"authorization", { header: name }, { cookie: name } or { query: name }',
    source,
  )
}

const AUTHORIZATION: TokenSource = {
  read: ({ headers }, maxLength) => credentialsOf(headers, 'bearer', maxLength),
  remove({ headers }) {
    headers.delete('authorization')
  },
}

class FieldSource implements TokenSource {
  readonly #name: string
  readonly #alike: ToldFields

  constructor(name: string) {
    this.#name = name
    this.#alike = new ToldFields([name])
  }

  read({ headers }: RequestMessage, maxLength: number): string | MalformedCredentials | undefined {
    return theOnly(valuesAlike(headers, this.#name), maxLength)
  }

  remove({ headers }: RequestMessage): void {
    this.#alike.removeFrom(headers)
  }
}

class CookieSource implements TokenSource {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  read({ headers }: RequestMessage, maxLength: number): string | MalformedCredentials | undefined {
    return theOnly(cookieValues(headers, this.#name), maxLength)
  }

  remove({ headers }: RequestMessage): void {
    replaceCookies(
      headers,
      cookiePairs(headers).filter((it) => cookieName(it) !== this.#name),
    )
  }
}

class QuerySource implements TokenSource {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  read({ query }: RequestMessage, maxLength: number): string | MalformedCredentials | undefined {
    if (query === '') return undefined
    const found = query.split('&').filter((it) => parameterName(it) === this.#name)
    return theOnly(
      found.map((it) => (it.includes('=') ? it.slice(it.indexOf('=') + 1) : '')),
      maxLength,
    )
  }

  remove(request: RequestMessage): void {
    const pairs = request.query.split('&')
    request.query = pairs.filter((it) => parameterName(it) !== this.#name).join('&')
  }
}

/** As services read it, so that none finds a token that was passed over here. */
function parameterName(pair: string): string {
  const end = pair.indexOf('=')
  const name = (end < 0 ? pair : pair.slice(0, end)).replaceAll('+', ' ')
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

function theOnly(found: readonly string[], maxLength: number): string | MalformedCredentials | undefined {
  if (found.length > 1) return SEVERAL
  const [token] = found
  return token !== undefined && token.length > maxLength ? TOO_LONG : token
}
