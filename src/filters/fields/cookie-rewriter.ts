import { invalidOption, knownOptions } from '../../core/options.ts'
import { type CookieName, nameTest } from './cookie-name.ts'
import { checkedPath, checkedPrefixes, clientPath } from './path-prefixes.ts'
import { type SameSite, SetCookie } from './set-cookie.ts'

/** What is changed in cookies that services set. */
export interface CookieRewriting {
  /** Cookies that clients do not get: names, case counts, or expressions that all of a name must match. Default none. */
  remove?: readonly CookieName[]
  /** Cookies that the other options are for. Default all. */
  only?: readonly CookieName[]
  /**
   * `Domain` of those that have one: another one; or new ones for those that are named, `{ 'users.internal': 'shop.example' }`.
   * `false` takes it away, so that the cookie is for the very host that the client asked for. Default as it is.
   */
  domain?: string | false | Readonly<Record<string, string | false>>
  /**
   * `Path` of all; or new beginnings, by segments, of those that have one: `{ '/': '/api' }`. The longest that fits counts.
   * Default as it is.
   */
  path?: string | Readonly<Record<string, string>>
  /** Whether they go over HTTPS alone. Default as it is. */
  secure?: boolean
  /** Whether they are hidden from scripts. Default as it is. */
  httpOnly?: boolean
  /** Whether requests that other sites cause have them. `none` needs `Secure`, which is added. Default as it is. */
  sameSite?: SameSite
  /** Whether each site that embeds this one has cookies of its own (CHIPS). Needs `Secure`, which is added. Default as it is. */
  partitioned?: boolean
}

const OPTIONS: readonly string[] = [
  'remove',
  'only',
  'domain',
  'path',
  'secure',
  'httpOnly',
  'sameSite',
  'partitioned',
] satisfies (keyof CookieRewriting)[]

const SAME_SITE: Readonly<Record<SameSite, string>> = { strict: 'Strict', lax: 'Lax', none: 'None' }

type Change = (cookie: SetCookie) => void

/** Makes what a `Set-Cookie` line becomes: another one, or `undefined` where clients do not get it. */
export function cookieRewriter(
  owner: string,
  options: CookieRewriting,
): (line: string) => string | undefined {
  knownOptions(`${owner}: response`, options, OPTIONS)
  const { remove = [], only, domain, path, secure, httpOnly, sameSite, partitioned } = options
  const wrong = (option: string, expectation: string, value: unknown) =>
    invalidOption(owner, `response.${option}`, expectation, value)
  for (const [option, value] of Object.entries({ secure, httpOnly, partitioned }))
    if (value !== undefined && typeof value !== 'boolean') throw wrong(option, 'true or false', value)
  if (sameSite !== undefined && !Object.hasOwn(SAME_SITE, sameSite))
    throw wrong('sameSite', '"strict", "lax" or "none"', sameSite)
  if (secure === false && (sameSite === 'none' || partitioned === true))
    throw wrong('secure', 'left out or true, with "sameSite" none or "partitioned"', secure)
  const isRemoved = nameTest(owner, 'response.remove', remove)
  const isMeant = only === undefined ? () => true : nameTest(owner, 'response.only', only)
  const changes: Change[] = []
  if (domain !== undefined) changes.push(domainChange(owner, domain))
  if (path !== undefined) changes.push(pathChange(owner, path))
  if (partitioned === true) changes.push((it) => it.set('Partitioned'))
  if (partitioned === false) changes.push((it) => it.delete('partitioned'))
  if (sameSite !== undefined) changes.push((it) => it.set('SameSite', SAME_SITE[sameSite]))
  if (httpOnly === true) changes.push((it) => it.set('HttpOnly'))
  if (httpOnly === false) changes.push((it) => void (isHttp(it) || it.delete('httponly')))
  // Behind those that it depends on.
  if (secure === true || sameSite === 'none' || partitioned === true) changes.push((it) => it.set('Secure'))
  if (secure === false) changes.push((it) => needsSecure(it) || it.delete('secure'))

  return (line) => {
    const cookie = SetCookie.parse(line)
    if (cookie === undefined || isRemoved(cookie.name)) return undefined
    if (!isMeant(cookie.name)) return line
    for (const change of changes) change(cookie)
    return cookie.toString()
  }
}

/** Browsers compare the prefixes of names without case, and refuse cookies that do not keep their promise. */
function isHost({ name }: SetCookie): boolean {
  return /^__host-/i.test(name)
}

function isHttp({ name }: SetCookie): boolean {
  return /^__(?:host-)?http-/i.test(name)
}

function needsSecure(cookie: SetCookie): boolean {
  return (
    /^__(?:host|secure|http)-/i.test(cookie.name) ||
    cookie.get('partitioned') !== undefined ||
    cookie.get('samesite')?.toLowerCase() === 'none'
  )
}

function domainChange(owner: string, domain: NonNullable<CookieRewriting['domain']>): Change {
  if (typeof domain === 'object' && domain !== null) {
    const byName = new Map(
      Object.entries(domain).map(([from, to]) => [
        checkedDomain(owner, from),
        to && checkedDomain(owner, to),
      ]),
    )
    return (cookie) => {
      const before = cookie.get('domain')
      if (before === undefined || isHost(cookie)) return
      const now = byName.get(before.toLowerCase().replace(/^\./, ''))
      if (now === false) cookie.delete('domain')
      else if (now !== undefined) cookie.set('Domain', now)
    }
  }
  if (domain === false) return (cookie) => cookie.delete('domain')
  const now = checkedDomain(owner, domain)
  return (cookie) => {
    if (cookie.get('domain') !== undefined && !isHost(cookie)) cookie.set('Domain', now)
  }
}

function checkedDomain(owner: string, domain: unknown): string {
  if (typeof domain === 'string' && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(domain)) return domain
  throw invalidOption(
    owner,
    'response.domain',
    'false, or domains such as "shop.example", in lower case and without a dot in front',
    domain,
  )
}

function pathChange(owner: string, path: NonNullable<CookieRewriting['path']>): Change {
  if (typeof path === 'string') {
    const now = checkedPath(owner, 'response.path', path)
    if (now.includes(';')) throw invalidOption(owner, 'response.path', 'a path without ";"', path)
    return (cookie) => {
      if (!isHost(cookie)) cookie.set('Path', now)
    }
  }
  const prefixes = checkedPrefixes(owner, 'response.path', path)
  if (prefixes.some(([, client]) => client.includes(';')))
    throw invalidOption(owner, 'response.path', 'paths without ";"', path)
  return (cookie) => {
    const before = cookie.get('path')
    if (before === undefined || isHost(cookie)) return
    const now = clientPath(before, prefixes)
    // `/api/` would not be for `/api`.
    cookie.set('Path', before === '/' && now.length > 1 ? now.slice(0, -1) : now)
  }
}
