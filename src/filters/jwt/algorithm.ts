import { invalidOption } from '../../core/options.ts'

/** How a token may be signed: RFC 7518 section 3.1, RFC 8037, RFC 9864. */
export type JwtAlgorithm = `${'HS' | 'RS' | 'PS' | 'ES'}${256 | 384 | 512}` | 'EdDSA' | 'Ed25519'

/** What a key must be for an algorithm. */
export interface KeyFit {
  /** Node's name of the type of key; `secret` for one that both sides have. */
  readonly type: 'secret' | 'rsa' | 'rsa-pss' | 'ec' | 'ed25519'
  readonly hash?: string
  readonly curve?: string
}

const hmac = (bits: number): KeyFit => ({ type: 'secret', hash: `SHA-${bits}` })
const rsa = (bits: number): KeyFit => ({ type: 'rsa', hash: `SHA-${bits}` })
const pss = (bits: number): KeyFit => ({ type: 'rsa-pss', hash: `SHA-${bits}` })
const ecdsa = (curve: string): KeyFit => ({ type: 'ec', curve })

const ALGORITHMS: Readonly<Record<JwtAlgorithm, KeyFit>> = {
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
  RS256: rsa(256),
  RS384: rsa(384),
  RS512: rsa(512),
  PS256: pss(256),
  PS384: pss(384),
  PS512: pss(512),
  ES256: ecdsa('prime256v1'),
  ES384: ecdsa('secp384r1'),
  ES512: ecdsa('secp521r1'),
  EdDSA: { type: 'ed25519' },
  Ed25519: { type: 'ed25519' },
}

export function fitOf(algorithm: JwtAlgorithm): KeyFit {
  return ALGORITHMS[algorithm]
}

/**
 * Checks the list of algorithms. Those with a secret and those with a public key are never allowed together: where they are,
 * someone who knows the public key, which is everyone, can hope that it is taken for the secret.
 */
export function checkedAlgorithms(
  owner: string,
  algorithms: readonly JwtAlgorithm[],
): ReadonlySet<JwtAlgorithm> {
  const list: readonly unknown[] = Array.isArray(algorithms) ? algorithms : []
  const known = list.every((it) => typeof it === 'string' && Object.hasOwn(ALGORITHMS, it))
  if (list.length === 0 || !known) {
    const names = Object.keys(ALGORITHMS).join(', ')
    throw invalidOption(owner, 'algorithms', `a list of at least one of ${names}`, algorithms)
  }
  const secret = algorithms.filter((it) => fitOf(it).type === 'secret')
  if (secret.length > 0 && secret.length < algorithms.length)
    throw invalidOption(
      owner,
      'algorithms',
      'either of a shared secret (HS256 and so on) or of public keys, not both',
      algorithms,
    )
  return new Set(algorithms)
}
