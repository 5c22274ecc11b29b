import { isFieldName } from '../../core/headers.ts'
import type { RequestMessage } from '../../core/message.ts'
import { cookieName, cookiePairs, cookieValues, replaceCookies } from '../../core/request-cookies.ts'
import { ToldFields, valuesAlike } from '../fields/told-fields.ts'
import { MalformedCredentials } from './bearer-token.ts'

/** Where a credential stands in a request: in a field, in a parameter of the query, or in a cookie. */
export type CredentialSource =
  | { readonly header: string }
  | { readonly query: string }
  | { readonly cookie: string }

/** Whether it is one, and names exactly one place. */
export function isCredentialSource(value: unknown): value is CredentialSource {
  if (typeof value !== 'object' || value === null) return false
  const entries = Object.entries(value)
  const [kind, name] = entries[0] ?? []
  if (entries.length !== 1 || typeof name !== 'string') return false
  if (kind === 'query') return name !== ''
  return (kind === 'header' || kind === 'cookie') && isFieldName(name)
}

const SEVERAL = new MalformedCredentials('there is more than one credential')

/** All that stands there, as it stands: values of the query are percent-encoded. */
export function credentialValues(request: RequestMessage, source: CredentialSource): readonly string[] {
  if ('header' in source) return valuesAlike(request.headers, source.header)
  if ('query' in source) return queryValues(request.query, source.query)
  return cookieValues(request.headers, source.cookie)
}

/** What stands there, decoded: `undefined` for nothing, and nothing certain where there are two. */
export function readCredential(
  request: RequestMessage,
  source: CredentialSource,
): string | MalformedCredentials | undefined {
  const [found, ...more] = credentialValues(request, source)
  if (more.length > 0) return SEVERAL
  // What is no UTF-8 is there all the same: services read it in their own way.
  return found !== undefined && 'query' in source ? (decoded(found) ?? '') : found
}

/** Takes all that stands there out of the request, so that it goes no further. */
export function removeCredential(request: RequestMessage, source: CredentialSource): void {
  if ('header' in source) new ToldFields([source.header]).removeFrom(request.headers)
  else if ('query' in source) {
    if (request.query === '') return
    const kept = request.query.split('&').filter((it) => decoded(it.split('=', 1)[0]!) !== source.query)
    request.query = kept.join('&')
  } else {
    const kept = cookiePairs(request.headers).filter((it) => cookieName(it) !== source.cookie)
    replaceCookies(request.headers, kept)
  }
}

function queryValues(query: string, name: string): string[] {
  if (query === '') return []
  const values: string[] = []
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if (decoded(equals < 0 ? pair : pair.slice(0, equals)) !== name) continue
    values.push(equals < 0 ? '' : pair.slice(equals + 1))
  }
  return values
}

/** As forms write it; `undefined` for what is no percent-encoded UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
