import { REDACTED } from './redacted.ts'

/** The value of a `Cookie` without its values. */
export function withoutCookies(value: string): string {
  return value.split(';').map(nameAlone).join(';')
}

/** The value of a `Set-Cookie` without that of the cookie, and without attributes that are none. */
export function withoutSetCookie(value: string): string {
  const [first = '', ...attributes] = value.split(';')
  return [nameAlone(first), ...attributes.filter((it) => ATTRIBUTE.test(it)).map(cleanPath)].join(';')
}

/** Each with no more than belongs into it: what else is written there may be anything. */
const ATTRIBUTE =
  /^\s*(?:path\s*=[^\s"]*|domain\s*=\s*[\w.:[\]-]{0,255}|expires\s*=\s*[A-Za-z]{3,9},?[\w: +-]{0,40}|max-age\s*=\s*-?\d{1,20}|samesite\s*=\s*[a-z]{0,10}|priority\s*=\s*[a-z]{0,10}|secure|httponly|partitioned)\s*$/i

const PATH = /^(\s*path\s*=)(.*)$/is
/** What people name folders; a segment with anything else in it may tell of a user. */
const WORDS = /^(?:[a-z._~-]*|v\d{1,3})$/

function cleanPath(attribute: string): string {
  return attribute.replace(
    PATH,
    (_, name: string, path: string) =>
      name +
      path
        .split('/')
        .map((it) => (WORDS.test(it) ? it : REDACTED))
        .join('/'),
  )
}

function nameAlone(cookie: string): string {
  const at = cookie.indexOf('=')
  return at < 0 ? `${/^\s*/.exec(cookie)![0]}${REDACTED}` : `${cookie.slice(0, at)}=${REDACTED}`
}
