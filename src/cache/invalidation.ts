import type { HeaderList } from '../core/headers.ts'
import { normalizePath } from '../core/path.ts'
import { comparableHost, type Resource } from './cache-key.ts'
import { singleValue } from './single-value.ts'

/** Methods that change nothing (RFC 9110 section 9.2.1, and the registry of methods). Of others, one never knows. */
const SAFE_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'QUERY',
  'PROPFIND',
  'REPORT',
  'SEARCH',
  'PRI',
])

export function isSafe(method: string): boolean {
  return SAFE_METHODS.has(method)
}

/**
 * Whose stored responses an answer makes invalid (RFC 9111 section 4.4): for an unsafe method that did not fail, the resource
 * itself, and those that `Location` and `Content-Location` name if they are of the same origin. None otherwise.
 */
export function invalidatedBy(
  request: Resource & { readonly method: string },
  response: { readonly status: number; readonly headers: HeaderList },
): readonly Resource[] {
  const { method, scheme, host, target } = request
  if (isSafe(method) || response.status < 200 || response.status > 399) return []
  const targets = new Set([target])
  for (const name of ['location', 'content-location']) {
    const reference = singleValue(response.headers, name)
    const other = reference === undefined ? undefined : targetOfSameOrigin(reference, request)
    if (other !== undefined) targets.add(other)
  }
  return [...targets].map((one) => ({ scheme, host, target: one }))
}

const ABSOLUTE = /^([a-z][a-z0-9+\-.]*):/i
const AUTHORITY = /^\/\/([^/?]*)/

/**
 * The target that a reference means, in the form that requests have theirs in (RFC 3986 section 5.2); `undefined` where it is
 * of another origin, or cannot be read in one way.
 */
function targetOfSameOrigin(reference: string, base: Resource): string | undefined {
  let rest = reference.split('#', 1)[0]!
  const scheme = ABSOLUTE.exec(rest)
  if (scheme !== null) {
    if (scheme[1]!.toLowerCase() !== base.scheme) return undefined
    rest = rest.slice(scheme[0].length)
    if (!rest.startsWith('//')) return undefined
  }
  const authority = AUTHORITY.exec(rest)
  if (authority !== null) {
    if (comparableHost(base.scheme, authority[1]!) !== comparableHost(base.scheme, base.host))
      return undefined
    rest = rest.slice(authority[0].length)
  }
  const [path, query] = split(rest)
  const [basePath, baseQuery] = split(base.target)
  if (authority !== null) return normalized(path === '' ? '/' : path, query)
  if (path === '') return normalized(basePath, rest === '' ? baseQuery : query)
  return normalized(
    path.startsWith('/') ? path : basePath.slice(0, basePath.lastIndexOf('/') + 1) + path,
    query,
  )
}

function split(target: string): [path: string, query: string | undefined] {
  const at = target.indexOf('?')
  return at < 0 ? [target, undefined] : [target.slice(0, at), target.slice(at + 1)]
}

function normalized(path: string, query: string | undefined): string | undefined {
  const normal = normalizePath(path)
  if (normal === undefined || query === undefined) return normal
  return `${normal}?${query}`
}
