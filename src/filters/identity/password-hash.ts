import { type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { secretBytes } from '../../core/secret.ts'
import { type BcryptChecker, isBcryptHash } from './bcrypt-checker.ts'

/** How a password is checked: by a hash of one of the two kinds that are worth their name. */
export type PasswordHash = ScryptHash | { readonly kind: 'bcrypt'; readonly text: string }

interface ScryptHash {
  readonly kind: 'scrypt'
  readonly cost: ScryptOptions
  readonly salt: Buffer
  readonly key: Buffer
}

/** Of what `hashPassword` makes; 32 MiB and about a tenth of a second (OWASP's third choice). */
const LOG_N = 15
const R = 8
const P = 3
/** What a hash may cost. Its parameters are the owner's, but a slip of a digit must not stop the proxy. */
const MAX_MEMORY = 256 * 1024 ** 2

const SCRYPT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** Reads a hash; a sentence of what is wrong for one that cannot be used. */
export function passwordHash(text: string): PasswordHash | string {
  if (isBcryptHash(text)) return { kind: 'bcrypt', text }
  if (/^\$2[abxy]?\$/.test(text)) return 'a bcrypt hash of a cost from 4 to 14'
  if (/^\$apr1\$|^\$1\$/.test(text))
    return 'a bcrypt or scrypt hash; MD5 ($apr1$) is broken in seconds: make it anew with "htpasswd -B"'
  const found = SCRYPT.exec(text)
  if (found === null)
    return 'a bcrypt hash ("htpasswd -B") or a scrypt hash (hashPassword); no plain text, no SHA, no crypt'
  const [N, r, p] = [2 ** Number(found[1]), Number(found[2]), Number(found[3])]
  const memory = 128 * N * r
  if (N < 2 || r < 1 || p < 1 || p > 16 || memory > MAX_MEMORY)
    return 'a scrypt hash of at most 256 MiB and p=16'
  const cost = { N, r, p, maxmem: memory + 128 * r * p + 1024 ** 2 }
  return {
    kind: 'scrypt',
    cost,
    salt: Buffer.from(found[4]!, 'base64'),
    key: Buffer.from(found[5]!, 'base64'),
  }
}

/** Whether it is the password. Neither the event loop nor the comparison tells how near it was. */
export async function isPassword(
  password: string,
  hash: PasswordHash,
  bcrypt: BcryptChecker,
): Promise<boolean> {
  if (hash.kind === 'bcrypt') return bcrypt.check(password, hash.text)
  return timingSafeEqual(await derived(password, hash.salt, hash.key.length, hash.cost), hash.key)
}

/**
 * Makes the hash of a password for `basicAuth`, with scrypt and a salt of its own: `$scrypt$ln=15,r=8,p=3$…`.
 *
 * @example console.log(await hashPassword(process.argv[2]))
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = secretBytes(16)
  const N = 2 ** LOG_N
  const key = await derived(password.normalize('NFC'), salt, 32, { N, r: R, p: P, maxmem: 256 * N * R })
  return `$scrypt$ln=${LOG_N},r=${R},p=${P}$${unpadded(salt)}$${unpadded(key)}`
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function derived(password: string, salt: Buffer, length: number, cost: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, cost, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}
