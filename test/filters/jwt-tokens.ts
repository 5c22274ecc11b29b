/** Tokens made by hand, so that they can be made wrong. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** Seconds since 1970 when a virtual clock starts. */
export const NOW = Date.UTC(2026, 0, 1) / 1_000
export const ISSUER = 'https://id.example.com'
export const AUDIENCE = 'https://api.example.com'
export const SECRET = 'a secret of more than 32 characters, as it must be'

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
export const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
export const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1_024 })
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const ed25519 = generateKeyPairSync('ed25519')

export type Signer = (input: string) => Buffer

const withKey =
  (key: KeyObject, hash: string | null, padding?: number): Signer =>
  (input) =>
    sign(hash, Buffer.from(input), {
      key,
      dsaEncoding: 'ieee-p1363',
      ...(padding !== undefined && { padding, saltLength: 32 }),
    })

export const rs256 = (key: KeyObject = rsa.privateKey): Signer => withKey(key, 'sha256')
/** 6 is RSA_PKCS1_PSS_PADDING. */
export const ps256 = (key: KeyObject = rsa.privateKey): Signer => withKey(key, 'sha256', 6)
export const es256 = (key: KeyObject = ec.privateKey): Signer => withKey(key, 'sha256')
export const eddsa = (key: KeyObject = ed25519.privateKey): Signer => withKey(key, null)
export const hs256 =
  (secret: string | Buffer = SECRET): Signer =>
  (input) =>
    createHmac('sha256', secret).update(input).digest()

/** A part of a token: an object as JSON, a text as it stands. */
export function part(content: object | string): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url')
}

export function token(header: object | string, payload: object | string, signer: Signer): string {
  const input = `${part(header)}.${part(payload)}`
  return `${input}.${signer(input).toString('base64url')}`
}

/** Claims that are all right for five minutes. */
export function goodClaims(changes: object = {}): object {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'ada', iat: NOW, exp: NOW + 300, ...changes }
}

export function goodToken(changes: object = {}, header: object = {}, signer: Signer = rs256()): string {
  return token({ alg: 'RS256', kid: 'rsa', ...header }, goodClaims(changes), signer)
}

export function jwkOf(key: KeyObject, members: object = {}): { kty: string; [member: string]: unknown } {
  return { ...key.export({ format: 'jwk' }), ...members } as { kty: string }
}

/** One key for each family of algorithms. */
export const keySet = {
  keys: [
    jwkOf(rsa.publicKey, { kid: 'rsa' }),
    jwkOf(ec.publicKey, { kid: 'ec' }),
    jwkOf(ed25519.publicKey, { kid: 'ed' }),
  ],
}

export const bearer = (text: string): { authorization: string } => ({ authorization: `Bearer ${text}` })
