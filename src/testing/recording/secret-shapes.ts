import { REDACTED } from './redacted.ts'

/** A text without what looks like a secret wherever it stands: tokens, credentials of a scheme, private keys. */
export function withoutShapes(text: string): string {
  return text.replace(PRIVATE_KEY, REDACTED).replace(SCHEME, `$1 ${REDACTED}`).replace(PREFIXED, REDACTED)
}

/** Also one that is cut off. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g

/**
 * Credentials as in `Authorization` (RFC 9110 section 11.4), wherever they stand; a challenge, which has parameters, is none.
 * "Basic" is a word of prose too: base64 is told from it by a capital, a digit or a sign.
 */
const SCHEME =
  /(?<![A-Za-z0-9])([Bb]earer|BEARER|(?:[Bb]asic|BASIC|[Nn]egotiate)(?=\s+[\w+/-]*[A-Z0-9+/=]))\s+(?!(?:realm|error|error_description|scope|charset|authorization_uri|resource_metadata)\s*=)[^\s"'<>,]+/g

/** Well-known beginnings: JSON in base64 (as in a JWT), GitHub, GitLab, Slack, Stripe, AWS, Google, npm, SendGrid and others. */
const PREFIXED = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    String.raw`(?:eyJ|ewog|ew0K|W3si)[\w+/=-]{8,}(?:\.[\w+/=-]*)*`,
    String.raw`gh[a-z]_\w{6,}`,
    String.raw`github_pat_\w{6,}`,
    String.raw`gl[a-z]{2,8}-[\w.-]{10,}`,
    String.raw`xox[a-z](?:\.xox[a-z])?-[\w-]{4,}`,
    String.raw`xapp-[\w-]{6,}`,
    String.raw`(?:[a-z]k|whsec|rk)_(?:live|test)_\w{4,}`,
    String.raw`whsec_[\w+/=]{6,}`,
    String.raw`sk-[\w-]{12,}`,
    '(?:AKIA|ASIA)[A-Z0-9]{8,}',
    String.raw`AIza[\w-]{16,}`,
    String.raw`ya29\.[\w-]{6,}`,
    String.raw`GOCSPX-[\w-]{6,}`,
    String.raw`npm_\w{16,}`,
    String.raw`pypi-[\w-]{16,}`,
    String.raw`hf_\w{16,}`,
    String.raw`(?:dop|doo|dor)_v1_\w{6,}`,
    String.raw`shp(?:at|ca|pa|ss)_\w{6,}`,
    String.raw`SG\.[\w-]{6,}\.[\w-]{6,}`,
  ].join('|')})`,
  'g',
)
