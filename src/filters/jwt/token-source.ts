import { isFieldName } from '../../core/headers.ts'
import type { RequestMessage } from '../../core/message.ts'
import { invalidOption } from '../../core/options.ts'
import { credentialsOf, MalformedCredentials } from '../identity/bearer-token.ts'
import {
  type CredentialSource,
  credentialValues,
  isCredentialSource,
  removeCredential,
} from '../identity/credential-source.ts'

/**
 * Where a token may be: `'authorization'` (`Authorization: Bearer …`), a field that holds it alone, a cookie, or a parameter of
 * the query.
 */
export type JwtSource = 'authorization' | CredentialSource

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
  const isPlace = isFieldName(name) && isCredentialSource(source)
  if (isPlace && !(kind === 'header' && name.toLowerCase() === 'authorization'))
    return new CredentialPlace(source)
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

/** A place that holds the token alone. It is taken as it stands: no token needs to be percent-encoded. */
class CredentialPlace implements TokenSource {
  readonly #source: CredentialSource

  constructor(source: CredentialSource) {
    this.#source = source
  }

  read(request: RequestMessage, maxLength: number): string | MalformedCredentials | undefined {
    return theOnly(credentialValues(request, this.#source), maxLength)
  }

  remove(request: RequestMessage): void {
    removeCredential(request, this.#source)
  }
}

function theOnly(found: readonly string[], maxLength: number): string | MalformedCredentials | undefined {
  if (found.length > 1) return SEVERAL
  const [token] = found
  return token !== undefined && token.length > maxLength ? TOO_LONG : token
}
