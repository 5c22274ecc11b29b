import { isFieldName } from '../../core/headers.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../../core/options.ts'
import type { SameSite } from './set-cookie.ts'

/** A cookie that the proxy itself sets. */
export interface OwnCookieOptions {
  /** Its name. One that begins with `__Host-` promises browsers that no other host can have set it. */
  name?: string
  /** Paths that it is for. Default `/`. */
  path?: string
  /** The domain that it is for, with all names below it. Default: the very host that the client asked for. */
  domain?: string
  /** How long browsers keep it. Default: as long as their session lasts. */
  maxAge?: Duration
  /** Whether it goes over HTTPS alone. Default true; browsers take `http://localhost` for safe. */
  secure?: boolean
  /** Whether it is hidden from scripts of the page. Default true. */
  httpOnly?: boolean
  /** Whether requests that other sites cause have it. Default `lax`. */
  sameSite?: SameSite
}

const OPTIONS: readonly string[] = [
  'name',
  'path',
  'domain',
  'maxAge',
  'secure',
  'httpOnly',
  'sameSite',
] satisfies (keyof OwnCookieOptions)[]

const SAME_SITE: Readonly<Record<SameSite, string>> = { strict: 'Strict', lax: 'Lax', none: 'None' }

/** What is needed to read and to write it. */
export interface OwnCookie {
  readonly name: string
  /** The `Set-Cookie` line. The value must be one that a cookie can hold. */
  line(value: string): string
}

export function ownCookie(owner: string, options: OwnCookieOptions, defaultName: string): OwnCookie {
  knownOptions(`${owner}: cookie`, options, OPTIONS)
  const {
    name = defaultName,
    path = '/',
    domain,
    maxAge,
    secure = true,
    httpOnly = true,
    sameSite = 'lax',
  } = options
  const wrong = (option: string, expectation: string, value: unknown) =>
    invalidOption(owner, `cookie.${option}`, expectation, value)
  if (!isFieldName(name)) throw wrong('name', 'a token', name)
  if (typeof path !== 'string' || !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path))
    throw wrong('path', 'a path that begins with "/"', path)
  if (domain !== undefined && !/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(domain))
    throw wrong('domain', 'a domain such as "shop.example", in lower case', domain)
  for (const [option, value] of Object.entries({ secure, httpOnly }))
    if (typeof value !== 'boolean') throw wrong(option, 'true or false', value)
  if (!Object.hasOwn(SAME_SITE, sameSite)) throw wrong('sameSite', '"strict", "lax" or "none"', sameSite)
  if (sameSite === 'none' && !secure) throw wrong('secure', 'true, where "sameSite" is none', secure)
  if (/^__secure-/i.test(name) && !secure)
    throw wrong('name', 'one without "__Secure-", where "secure" is false', name)
  if (/^__host-/i.test(name) && (!secure || path !== '/' || domain !== undefined))
    throw wrong('name', 'one without "__Host-", where it is not secure, has a domain or another path', name)
  const seconds =
    maxAge === undefined
      ? undefined
      : Math.floor(durationMs(owner, 'cookie.maxAge', maxAge, { min: 1_000 }) / 1_000)
  const attributes = [
    `Path=${path}`,
    domain === undefined ? '' : `Domain=${domain}`,
    seconds === undefined ? '' : `Max-Age=${seconds}`,
    secure ? 'Secure' : '',
    httpOnly ? 'HttpOnly' : '',
    `SameSite=${SAME_SITE[sameSite]}`,
  ]
  const behind = attributes.filter((it) => it !== '').join('; ')
  return { name, line: (value) => `${name}=${value}; ${behind}` }
}
