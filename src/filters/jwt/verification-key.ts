import { createPublicKey, createSecretKey, KeyObject, type webcrypto } from 'node:crypto'
import { invalidSecret } from '../../core/options.ts'
import { fitOf, type JwtAlgorithm, type KeyFit } from './algorithm.ts'

/** A key as RFC 7517 writes it. */
export type JsonWebKey = { readonly kty: string } & Readonly<Record<string, unknown>>

/**
 * A key to check signatures with: PEM (`PUBLIC KEY` or `CERTIFICATE`), a JWK, a JWK set, Node's or the Web's object; for the
 * `HS` algorithms a secret, as bytes or as text that stands for its UTF-8 bytes.
 */
export type JwtKey =
  | string
  | Uint8Array
  | JsonWebKey
  | { readonly keys: readonly JsonWebKey[] }
  | KeyObject
  | webcrypto.CryptoKey

/** A key, and what it may be used for. */
export interface VerificationKey {
  readonly kid: string | undefined
  /** Those of the allowed algorithms that the key is fit and meant for. Never empty. */
  readonly algorithms: ReadonlySet<JwtAlgorithm>
  readonly key: KeyObject | webcrypto.CryptoKey
}

/** Below it, RSA is broken (RFC 7518 section 3.3). */
const LEAST_RSA_BITS = 2_048
const NO_PRIVATE_KEY = 'a public key: who only checks signatures need not be able to make them'

/** Keys that someone has given. @throws `ERR_OPTION_INVALID` for the first that cannot be used. */
export function givenKeys(
  owner: string,
  given: JwtKey | readonly JwtKey[],
  allowed: ReadonlySet<JwtAlgorithm>,
): readonly VerificationKey[] {
  const list = (Array.isArray(given) ? given : [given]) as readonly JwtKey[]
  const all = list.flatMap((one): readonly JwtKey[] => {
    if (typeof one !== 'object' || one === null || !('keys' in one)) return [one]
    return Array.isArray(one.keys) ? one.keys : [one]
  })
  if (all.length === 0) throw invalidSecret(owner, 'keys', 'at least one key', given)
  return all.map((one) => {
    const key = keyOf(one, allowed)
    if (typeof key === 'string') throw invalidSecret(owner, 'keys', key, one)
    return key
  })
}

/** A key of a set that someone publishes; or what it must be and is not, in a few words. */
export function publishedKey(jwk: unknown, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return 'an object'
  return keyOfJwk(jwk as JsonWebKey, allowed)
}

function keyOf(given: JwtKey, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  if (typeof given === 'string')
    return given.includes('-----BEGIN') ? keyOfPem(given, allowed) : keyOfSecret(Buffer.from(given), allowed)
  if (given instanceof Uint8Array) return keyOfSecret(given, allowed)
  if (given instanceof KeyObject) return verificationKey(factsOf(given), allowed)
  if (typeof given !== 'object' || given === null) return 'a key'
  if (given instanceof CryptoKey) {
    if (!given.usages.includes('verify')) return 'a key whose usages include "verify"'
    return verificationKey(factsOfWeb(given), allowed)
  }
  return keyOfJwk(given as JsonWebKey, allowed)
}

function keyOfPem(pem: string, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  if (pem.includes('PRIVATE KEY')) return NO_PRIVATE_KEY
  try {
    return verificationKey(factsOf(createPublicKey(pem)), allowed)
  } catch {
    return 'PEM of a public key or a certificate that can be read'
  }
}

function keyOfSecret(secret: Uint8Array, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  // Public, therefore no secret, whatever the algorithm.
  if (Buffer.from(secret).includes('-----BEGIN')) return 'a secret, or PEM as a text'
  return secret.byteLength === 0
    ? 'a secret that is not empty'
    : verificationKey(factsOf(createSecretKey(secret)), allowed)
}

function keyOfJwk(jwk: JsonWebKey, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  const { kty, kid, use, alg, key_ops: operations } = jwk
  if (kid !== undefined && typeof kid !== 'string') return 'a key whose "kid" is a text'
  if (use !== undefined && use !== 'sig') return 'a key whose "use" is "sig"'
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'a key whose "key_ops" include "verify"'
  if ('d' in jwk || 'priv' in jwk) return NO_PRIVATE_KEY
  let key: KeyObject
  try {
    key = kty === 'oct' ? secretOf(jwk) : createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch {
    return 'a JWK that can be read'
  }
  return verificationKey(factsOf(key), allowed, (it) => alg === undefined || alg === it, kid)
}

function secretOf({ k }: JsonWebKey): KeyObject {
  if (typeof k !== 'string' || Buffer.from(k, 'base64url').toString('base64url') !== k)
    throw new TypeError('no base64url')
  return createSecretKey(k, 'base64url')
}

/** What decides about the use of a key, whichever of the two kinds of objects it is. */
interface KeyFacts {
  readonly key: VerificationKey['key']
  /** Of a shared secret. */
  readonly secretBits?: number | undefined
  /** Of RSA. */
  readonly modulusBits?: number | undefined
  readonly exponent?: bigint | undefined
  readonly fits: (fit: KeyFit) => boolean
}

function factsOf(key: KeyObject): KeyFacts {
  const { asymmetricKeyType, asymmetricKeyDetails: details, symmetricKeySize } = key
  if (key.type === 'secret')
    return { key, secretBits: 8 * (symmetricKeySize ?? 0), fits: ({ type }) => type === 'secret' }
  return {
    key,
    modulusBits: details?.modulusLength,
    exponent: details?.publicExponent,
    fits: ({ type, curve }) =>
      // One of RSA does for both ways to sign. What Node calls `rsa-pss` its Web cryptography does not take.
      asymmetricKeyType === (type === 'rsa-pss' ? 'rsa' : type) &&
      (curve === undefined || details?.namedCurve === curve),
  }
}

const WEB_NAMES: Readonly<Record<KeyFit['type'], string>> = {
  secret: 'HMAC',
  rsa: 'RSASSA-PKCS1-v1_5',
  'rsa-pss': 'RSA-PSS',
  ec: 'ECDSA',
  ed25519: 'Ed25519',
}
const WEB_CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

/** A key of the Web's knows what it was made for, down to the hash. */
function factsOfWeb(key: webcrypto.CryptoKey): KeyFacts {
  const algorithm = key.algorithm as webcrypto.KeyAlgorithm &
    Partial<webcrypto.RsaHashedKeyAlgorithm & webcrypto.EcKeyAlgorithm & webcrypto.HmacKeyAlgorithm>
  const { name, publicExponent } = algorithm
  return {
    key,
    secretBits: name === 'HMAC' ? algorithm.length : undefined,
    modulusBits: algorithm.modulusLength,
    exponent: publicExponent && BigInt(`0x${Buffer.from(publicExponent).toString('hex')}`),
    fits: ({ type, hash, curve }) =>
      name === WEB_NAMES[type] &&
      (hash === undefined || algorithm.hash?.name === hash) &&
      (curve === undefined || algorithm.namedCurve === WEB_CURVES[curve]),
  }
}

function verificationKey(
  { key, secretBits, modulusBits, exponent, fits }: KeyFacts,
  allowed: ReadonlySet<JwtAlgorithm>,
  isMeantFor: (algorithm: JwtAlgorithm) => boolean = () => true,
  kid?: string,
): VerificationKey | string {
  if (key.type === 'private') return NO_PRIVATE_KEY
  if (modulusBits !== undefined && modulusBits < LEAST_RSA_BITS)
    return `an RSA key of at least ${LEAST_RSA_BITS} bits`
  // With 1 every message is its own signature.
  if (exponent !== undefined && exponent < 3n) return 'an RSA key whose exponent is at least 3'
  const algorithms = [...allowed].filter((it) => isMeantFor(it) && fits(fitOf(it)))
  if (algorithms.length === 0) return `a key for ${[...allowed].join(', ')}`
  if (secretBits !== undefined) {
    // RFC 7518 section 3.2. One that is long enough for some of them only is one that was chosen too short.
    const least = Math.max(...algorithms.map((it) => hashBits(fitOf(it))))
    if (secretBits < least)
      return `a secret at least as long as the hash, ${least / 8} bytes (this one has ${secretBits / 8})`
  }
  return { kid, algorithms: new Set(algorithms), key }
}

function hashBits({ hash }: KeyFit): number {
  return Number(hash?.slice('SHA-'.length) ?? 0)
}
