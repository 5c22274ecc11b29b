import { createPublicKey, createSecretKey, KeyObject, type webcrypto } from 'node:crypto'
import { invalidSecret } from '../../core/options.ts'
import { fitOf, type JwtAlgorithm, type KeyFit } from './algorithm.ts'

/** A key as RFC 7517 writes it. */
export interface JsonWebKey {
  readonly kty: string
  readonly [member: string]: unknown
}

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
  readonly key: KeyObject
}

/** Below it, RSA is broken (RFC 7518 section 3.3). */
const LEAST_RSA_BITS = 2_048

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

/** A key of a JWK set; or what it must be and is not, in a few words. Secrets and private keys have no place in a public set. */
export function publishedKey(jwk: unknown, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return 'an object'
  const { kty } = jwk as Partial<JsonWebKey>
  return kty === 'oct' ? 'a public key' : keyOfJwk(jwk as JsonWebKey, allowed)
}

function keyOf(given: JwtKey, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  if (typeof given === 'string')
    return given.includes('-----BEGIN') ? keyOfPem(given, allowed) : keyOfSecret(Buffer.from(given), allowed)
  if (given instanceof Uint8Array) return keyOfSecret(given, allowed)
  if (given instanceof KeyObject) return verificationKey(given, allowed)
  if (typeof given !== 'object' || given === null) return 'a key'
  if (isCryptoKey(given)) {
    if (!given.usages.includes('verify')) return 'a key whose usages include "verify"'
    return verificationKey(KeyObject.from(given), allowed, (it) => isMadeFor(given.algorithm, it))
  }
  return keyOfJwk(given as JsonWebKey, allowed)
}

function keyOfPem(pem: string, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  if (pem.includes('PRIVATE KEY'))
    return 'a public key: who only checks signatures need not be able to make them'
  try {
    return verificationKey(createPublicKey(pem), allowed)
  } catch {
    return 'PEM of a public key or a certificate that can be read'
  }
}

function keyOfSecret(secret: Uint8Array, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  // Public, therefore no secret, whatever the algorithm.
  if (Buffer.from(secret).includes('-----BEGIN')) return 'a secret, or PEM as a text'
  return secret.byteLength === 0
    ? 'a secret that is not empty'
    : verificationKey(createSecretKey(secret), allowed)
}

function keyOfJwk(jwk: JsonWebKey, allowed: ReadonlySet<JwtAlgorithm>): VerificationKey | string {
  const { kty, kid, use, alg, key_ops: operations } = jwk
  if (kid !== undefined && typeof kid !== 'string') return 'a key whose "kid" is a text'
  if (use !== undefined && use !== 'sig') return 'a key whose "use" is "sig"'
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'a key whose "key_ops" include "verify"'
  if ('d' in jwk || 'priv' in jwk)
    return 'a public key: who only checks signatures need not be able to make them'
  let key: KeyObject
  try {
    key = kty === 'oct' ? secretOf(jwk) : createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch {
    return 'a JWK that can be read'
  }
  return verificationKey(key, allowed, (it) => alg === undefined || alg === it, kid)
}

function secretOf({ k }: JsonWebKey): KeyObject {
  if (typeof k !== 'string' || Buffer.from(k, 'base64url').toString('base64url') !== k)
    throw new TypeError('no base64url')
  return createSecretKey(k, 'base64url')
}

function verificationKey(
  key: KeyObject,
  allowed: ReadonlySet<JwtAlgorithm>,
  isMeantFor: (algorithm: JwtAlgorithm) => boolean = () => true,
  kid?: string,
): VerificationKey | string {
  if (key.type === 'private') return 'a public key: who only checks signatures need not be able to make them'
  const details = key.asymmetricKeyDetails
  const isRsa = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss'
  if (isRsa && (details?.modulusLength ?? 0) < LEAST_RSA_BITS)
    return `an RSA key of at least ${LEAST_RSA_BITS} bits`
  // With 1 every message is its own signature.
  if (isRsa && (details?.publicExponent ?? 0n) < 3n) return 'an RSA key whose exponent is at least 3'
  const meant = [...allowed].filter(isMeantFor)
  if (key.type === 'secret') {
    // RFC 7518 section 3.2. A secret that is long enough for some only is one that someone has chosen too short.
    const least = Math.max(0, ...meant.map((it) => hashBits(fitOf(it)) / 8))
    if ((key.symmetricKeySize ?? 0) < least) return `a secret at least as long as the hash, ${least} bytes`
  }
  const algorithms = new Set(meant.filter((it) => fits(key, fitOf(it))))
  if (algorithms.size === 0) return `a key for ${[...allowed].join(', ')}`
  return { kid, algorithms, key }
}

function fits(key: KeyObject, { type, hash, curve }: KeyFit): boolean {
  if (type === 'secret') return key.type === 'secret'
  const { asymmetricKeyType, asymmetricKeyDetails: details } = key
  // A key of RSA may be used both ways; one that is made for PSS alone says with which hash.
  if (type === 'rsa-pss' && asymmetricKeyType === 'rsa-pss')
    return details?.hashAlgorithm === undefined || details.hashAlgorithm === hash?.replace('SHA-', 'sha')
  if (type === 'rsa-pss') return asymmetricKeyType === 'rsa'
  return asymmetricKeyType === type && (curve === undefined || details?.namedCurve === curve)
}

const NAMES: Readonly<Record<KeyFit['type'], string>> = {
  secret: 'HMAC',
  rsa: 'RSASSA-PKCS1-v1_5',
  'rsa-pss': 'RSA-PSS',
  ec: 'ECDSA',
  ed25519: 'Ed25519',
}

/** A key of the Web's knows what it was made for. */
function isMadeFor(made: webcrypto.KeyAlgorithm, algorithm: JwtAlgorithm): boolean {
  const { type, hash } = fitOf(algorithm)
  if (made.name !== NAMES[type]) return false
  return hash === undefined || (made as Partial<webcrypto.RsaHashedKeyAlgorithm>).hash?.name === hash
}

function hashBits({ hash }: KeyFit): number {
  return Number(hash?.slice('SHA-'.length) ?? 0)
}

function isCryptoKey(given: object): given is webcrypto.CryptoKey {
  return given instanceof CryptoKey
}
