import { ProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { withoutStack } from '../../core/without-stack.ts'
import { challenge } from '../identity/challenge.ts'

/** Why a request is turned away, in words for whoever sent it. */
export interface Refusal {
  readonly error: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | undefined
  readonly description: string
  readonly scope?: readonly string[]
  /** For logs alone. */
  readonly cause?: unknown
}

/** The error of a refusal: 401, or 403 where the token is good and not for this. */
export function refused(name: string, realm: string, refusal: Refusal, exchange: Exchange): ProxyError {
  const { error, description, scope, cause } = refusal
  const code = error === 'insufficient_scope' ? 'access_denied' : 'unauthenticated'
  exchange.recording?.refused(name, code, description)
  const value = challenge({
    scheme: 'Bearer',
    realm,
    error,
    errorDescription: error === undefined ? undefined : description,
    scope,
  })
  return withoutStack(
    () => new ProxyError(code, { detail: description, headers: { 'WWW-Authenticate': value }, cause }),
  )
}

/** Nobody can say at the moment whether the token is good. */
export function unavailable(
  name: string,
  description: string,
  cause: unknown,
  exchange: Exchange,
): ProxyError {
  exchange.recording?.refused(name, 'identity_unavailable', description)
  return withoutStack(
    () => new ProxyError('identity_unavailable', { headers: { 'Retry-After': '1' }, cause }),
  )
}
