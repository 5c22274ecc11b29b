import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { Exchange } from '../../core/exchange.ts'
import type { JwtAlgorithm } from './algorithm.ts'
import { hasClearClaims, headerOf, type TokenHeader } from './compact-token.ts'
import type { KeySource } from './key-source.ts'
import type { Refusal } from './refusal.ts'
import type { VerificationKey } from './verification-key.ts'

/** What a token says of who sends it (RFC 7519 section 4). Frozen, since requests share it. */
export type JwtClaims = RegisteredClaims & Readonly<Record<string, unknown>>

/** The claims that RFC 7519 itself names; times in seconds since 1970. */
export interface RegisteredClaims {
  /** Who has issued the token. */
  readonly iss?: string
  /** Whom it is about: the user, most often. */
  readonly sub?: string
  /** Whom it is for. */
  readonly aud?: string | readonly string[]
  /** When it expires. */
  readonly exp?: number
  /** From when on it is valid. */
  readonly nbf?: number
  /** When it was issued. */
  readonly iat?: number
  /** What it is called. */
  readonly jti?: string
}

export interface TokenVerifierSettings {
  readonly algorithms: ReadonlySet<JwtAlgorithm>
  readonly issuer: readonly string[] | undefined
  readonly audience: readonly string[] | undefined
  readonly requiredClaims: readonly string[]
  readonly typ: string | undefined
  readonly clockToleranceMs: number
}

/** How it went with one token. */
export type Verdict =
  | { readonly kind: 'verified'; readonly claims: JwtClaims; readonly expiresAt: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'unavailable'; readonly cause: unknown }

/** A token without `kid` may be of any key. Each that is tried costs a signature. */
const MAX_TRIES = 10
/** Keys now, those that came meanwhile, those that were asked for. */
const MAX_ROUNDS = 3

/** Whether a token is good: signature, times, issuer, audience (RFC 7519 section 7.2, RFC 8725). */
export class TokenVerifier {
  readonly #keys: KeySource
  readonly #settings: TokenVerifierSettings

  constructor(keys: KeySource, settings: TokenVerifierSettings) {
    this.#keys = keys
    this.#settings = settings
  }

  async verify(token: string, exchange: Exchange): Promise<Verdict> {
    // 1. What the header asks for. It says which of our keys it may be, and nothing else.
    const header = headerOf(token)
    if (header === undefined || !this.#settings.algorithms.has(header.alg as JwtAlgorithm)) return NOT_VALID
    let answer = await this.#keys.current(exchange, exchange.clock.wallTime())
    for (let round = 1; answer.kind === 'keys'; round++) {
      const { named, unnamed } = candidates(answer.keys, header)
      // 2. A key of that name decides, whatever comes of it.
      if (named.length > 0) return await this.#verifyWith(named, header, token, exchange)
      // 3. Without a name it may be any of them; and where it is none, one that is new.
      const verdict = await this.#verifyWith(unnamed, header, token, exchange)
      if (verdict !== NOT_VALID || round === MAX_ROUNDS) return verdict
      answer = await this.#keys.newer(exchange)
    }
    return answer.kind === 'unavailable' ? answer : NOT_VALID
  }

  async #verifyWith(
    keys: readonly VerificationKey[],
    header: TokenHeader,
    token: string,
    exchange: Exchange,
  ): Promise<Verdict> {
    for (const { key } of keys.slice(0, MAX_TRIES)) {
      const now = exchange.clock.wallTime()
      try {
        const { payload } = await jwtVerify(token, key, this.#options(header, now))
        return this.#accepted(token, payload, now)
      } catch (error) {
        // Made with another key, where there are several.
        if (error instanceof errors.JWSSignatureVerificationFailed) continue
        return { kind: 'refused', refusal: refusalOf(error) }
      }
    }
    return NOT_VALID
  }

  #options({ alg }: TokenHeader, now: number): JWTVerifyOptions {
    const { issuer, audience, requiredClaims, typ, clockToleranceMs } = this.#settings
    return {
      algorithms: [alg],
      requiredClaims: [...requiredClaims],
      clockTolerance: clockToleranceMs / 1_000,
      currentDate: new Date(now),
      ...(issuer !== undefined && { issuer: [...issuer] }),
      ...(audience !== undefined && { audience: [...audience] }),
      ...(typ !== undefined && { typ }),
    }
  }

  /** What jose does not look at. */
  #accepted(token: string, payload: JWTPayload, now: number): Verdict {
    const { clockToleranceMs } = this.#settings
    const { iat, exp } = payload
    if (!hasClearClaims(token)) return NOT_VALID
    if (iat !== undefined && iat * 1_000 > now + clockToleranceMs)
      return { kind: 'refused', refusal: refusal('the token was issued in the future') }
    const expiresAt = exp === undefined ? Number.POSITIVE_INFINITY : exp * 1_000 + clockToleranceMs
    return { kind: 'verified', claims: deeplyFrozen(payload) as JwtClaims, expiresAt }
  }
}

interface Candidates {
  /** Keys of the name that the token gives. */
  readonly named: readonly VerificationKey[]
  /** Where it gives none, all; else those that have none. */
  readonly unnamed: readonly VerificationKey[]
}

function candidates(keys: readonly VerificationKey[], { alg, kid }: TokenHeader): Candidates {
  const fit = keys.filter(({ algorithms }) => algorithms.has(alg as JwtAlgorithm))
  if (kid === undefined) return { named: [], unnamed: fit }
  return {
    named: fit.filter((it) => it.kid === kid),
    unnamed: fit.filter((it) => it.kid === undefined),
  }
}

const refusal = (description: string, cause?: unknown): Refusal => ({
  error: 'invalid_token',
  description,
  cause,
})

const NOT_VALID: Verdict = { kind: 'refused', refusal: refusal('the token is not valid') }

const CLAIMS: Readonly<Record<string, string>> = {
  iss: 'the token is of another issuer',
  aud: 'the token is for another audience',
  nbf: 'the token is not valid yet',
  typ: 'the token is of another type',
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return refusal('the token has expired')
  // Its error holds all claims, which are nobody's business who reads logs.
  if (error instanceof errors.JWTClaimValidationFailed)
    return refusal(
      (error.reason === 'check_failed' ? CLAIMS[error.claim] : undefined) ??
        `the token has no ${error.claim}, or a wrong one`,
    )
  return refusal('the token is not valid', error)
}

function deeplyFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) deeplyFrozen(part)
  return Object.freeze(value)
}
