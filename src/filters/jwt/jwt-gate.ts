import { type Attribute, attribute } from '../../core/attribute.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Handler } from '../../core/handler.ts'
import type { ResponseMessage } from '../../core/message.ts'
import { MalformedCredentials } from '../identity/bearer-token.ts'
import type { ClaimFields } from './claim-fields.ts'
import type { Entitlement } from './entitlement.ts'
import type { KeySource } from './key-source.ts'
import type { KnownToken, KnownTokens } from './known-tokens.ts'
import { type Refusal, refused, unavailable } from './refusal.ts'
import { readToken, type TokenSource } from './token-source.ts'
import type { JwtClaims, TokenVerifier } from './token-verifier.ts'

type Question = (claims: JwtClaims, exchange: Exchange) => boolean | Promise<boolean>

/** What the token of an exchange says, once `jwt` has let it through. */
export const claims: Attribute<JwtClaims> = attribute('jwt.claims')

export interface JwtGateSettings {
  readonly name: string
  readonly sources: readonly TokenSource[]
  readonly maxTokenLength: number
  readonly known: KnownTokens
  readonly keys: KeySource
  readonly verifier: TokenVerifier
  readonly entitlement: Entitlement
  readonly fields: ClaimFields | undefined
  readonly isRevoked: Question | undefined
  readonly allow: Question | undefined
  readonly optional: boolean
  readonly forward: boolean
  readonly realm: string
}

/**
 * Where a request is let through or turned away. For a token that is known, with nobody to be asked, that is one look-up and
 * two comparisons of time: no promise, no signature.
 */
export class JwtGate {
  readonly #settings: JwtGateSettings

  constructor(settings: JwtGateSettings) {
    this.#settings = settings
  }

  enter(exchange: Exchange, next: Handler): Promise<ResponseMessage> | ResponseMessage {
    const { sources, maxTokenLength, known, keys } = this.#settings
    const token = readToken(sources, exchange.request, maxTokenLength)
    if (typeof token !== 'string') return this.#enterWithout(token, exchange, next)
    const found = known.get(token)
    if (found !== undefined) {
      const now = exchange.clock.wallTime()
      if (now < found.expiresAt && keys.holds(exchange, now)) return this.#admit(found, exchange, next)
    }
    return this.#enterUnknown(token, exchange, next)
  }

  #enterWithout(
    token: MalformedCredentials | undefined,
    exchange: Exchange,
    next: Handler,
  ): Promise<ResponseMessage> | ResponseMessage {
    const { optional, fields } = this.#settings
    if (token instanceof MalformedCredentials)
      throw this.#refused({ error: 'invalid_request', description: token.reason }, exchange)
    if (!optional) throw this.#refused(NO_TOKEN, exchange)
    fields?.removeFrom(exchange.request.headers)
    return next(exchange)
  }

  async #enterUnknown(token: string, exchange: Exchange, next: Handler): Promise<ResponseMessage> {
    const { name, known, verifier, entitlement, fields } = this.#settings
    const { generation } = known
    const verdict = await verifier.verify(token, exchange)
    goesOn(exchange)
    if (verdict.kind === 'refused') throw this.#refused(verdict.refusal, exchange)
    if (verdict.kind === 'unavailable')
      throw unavailable(name, 'there are no keys to check the token with', verdict.cause, exchange)
    const found: KnownToken = {
      claims: verdict.claims,
      expiresAt: verdict.expiresAt,
      lack: entitlement.lackOf(verdict.claims),
      fields: fields?.of(verdict.claims) ?? [],
    }
    known.keep(token, found, generation)
    return this.#admit(found, exchange, next)
  }

  #admit(found: KnownToken, exchange: Exchange, next: Handler): Promise<ResponseMessage> | ResponseMessage {
    const { isRevoked, allow } = this.#settings
    if (found.lack !== undefined) throw this.#refused(found.lack, exchange)
    const revoked = isRevoked === undefined ? false : this.#ask(isRevoked, found, exchange)
    // Anything else than the one answer that opens the door would be a mistake that opens it.
    if (revoked === true) throw this.#refused(REVOKED, exchange)
    if (revoked !== false) return this.#admitLater(revoked, undefined, found, exchange, next)
    const allowed = allow === undefined ? true : this.#ask(allow, found, exchange)
    if (allowed === false) throw this.#refused(NOT_ALLOWED, exchange)
    if (allowed !== true) return this.#admitLater(false, allowed, found, exchange, next)
    return this.#passOn(found, exchange, next)
  }

  async #admitLater(
    revoked: unknown,
    allowed: unknown,
    found: KnownToken,
    exchange: Exchange,
    next: Handler,
  ): Promise<ResponseMessage> {
    const { allow } = this.#settings
    if ((await this.#answer(revoked, exchange)) !== false) throw this.#refused(REVOKED, exchange)
    goesOn(exchange)
    const answer = allowed ?? (allow === undefined ? true : this.#ask(allow, found, exchange))
    if ((await this.#answer(answer, exchange)) !== true) throw this.#refused(NOT_ALLOWED, exchange)
    goesOn(exchange)
    return this.#passOn(found, exchange, next)
  }

  /** What someone of the user's says: an answer, or a promise of one. */
  #ask(question: Question, found: KnownToken, exchange: Exchange): unknown {
    try {
      return question(found.claims, exchange)
    } catch (error) {
      throw this.#unanswered(error, exchange)
    }
  }

  async #answer(answer: unknown, exchange: Exchange): Promise<unknown> {
    try {
      return await answer
    } catch (error) {
      throw this.#unanswered(error, exchange)
    }
  }

  #unanswered(error: unknown, exchange: Exchange): ProxyError {
    if (error instanceof ProxyError) return error
    return unavailable(this.#settings.name, 'nobody answers for the token', error, exchange)
  }

  #passOn(found: KnownToken, exchange: Exchange, next: Handler): Promise<ResponseMessage> | ResponseMessage {
    const { fields, forward, sources } = this.#settings
    const { request } = exchange
    exchange.set(claims, found.claims)
    if (!forward) for (const source of sources) source.remove(request)
    if (fields !== undefined) {
      fields.removeFrom(request.headers)
      for (const [name, value] of found.fields) request.headers.append(name, value)
    }
    return next(exchange)
  }

  #refused(refusal: Refusal, exchange: Exchange): ProxyError {
    return refused(this.#settings.name, this.#settings.realm, refusal, exchange)
  }
}

const NO_TOKEN: Refusal = { error: undefined, description: 'the request needs a token' }
const REVOKED: Refusal = { error: 'invalid_token', description: 'the token was revoked' }
const NOT_ALLOWED: Refusal = {
  error: 'insufficient_scope',
  description: 'the token does not entitle to this request',
}

/** The client may have left while its token was looked at. */
function goesOn(exchange: Exchange): void {
  if (exchange.over || exchange.abortReason !== undefined)
    throw exchange.abortReason ?? new ProxyError('exchange_aborted')
}
