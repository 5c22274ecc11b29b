import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, isPromise, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { refusal } from './identity/refusal.ts'

/** Whether the request may go on: `true`, and nothing else, lets it. A response is the answer in its stead. */
export type AuthorizePredicate = (
  exchange: Exchange,
) => Promise<boolean | ResponseMessage> | boolean | ResponseMessage

export interface AuthorizeOptions {
  /** What a refused client is told: one sentence without internals. Default `the request is not allowed`. */
  message?: string
}

/**
 * Lets a request pass where a function of yours says `true`, and refuses it with 403 `access_denied` else.
 *
 * Nothing but `true` passes: not another truthy value, not a function that throws (403 too; what it threw is the `cause` in
 * logs). A `ProxyError` that it throws is answered as it is: `new ProxyError('unauthenticated')` with 401, for example. A
 * response that it returns is the answer: a redirect to a log-in, say.
 *
 * Traps: place it behind the filter that finds out who asks (`jwt`, `apiKey`, `basicAuth`). Decide by `exchange.request.path`,
 * which is normalized, and never by `rawTarget`. A function that answers later holds the request for so long.
 *
 * @example
 * route('DELETE /orders/:id', apiKey({ keys }), authorize((it) => it.get(apiKeyIdentity)?.attributes?.admin === true), orders)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function authorize(predicate: AuthorizePredicate, options: AuthorizeOptions = {}): Filter {
  if (typeof predicate !== 'function')
    throw invalidOption(
      'authorize',
      'predicate',
      'a function of the exchange that gives true or false',
      predicate,
    )
  knownOptions('authorize', options, ['message'] satisfies (keyof AuthorizeOptions)[])
  const { message: detail = 'the request is not allowed' } = options
  if (typeof detail !== 'string' || detail === '')
    throw invalidOption('authorize', 'message', 'a text that is not empty', detail)
  const refused = (exchange: Exchange, cause?: unknown): ProxyError =>
    cause instanceof ProxyError
      ? cause
      : refusal(exchange, 'authorize', 'access_denied', cause === undefined ? { detail } : { detail, cause })

  const filter: Filter = (exchange, next) => {
    const decided = (verdict: unknown): Promise<ResponseMessage> | ResponseMessage => {
      if (verdict === true) return next(exchange)
      if (verdict instanceof ResponseMessage) return verdict
      throw refused(exchange)
    }
    let verdict: unknown
    try {
      verdict = predicate(exchange)
    } catch (error) {
      throw refused(exchange, error)
    }
    if (!isPromise(verdict)) return decided(verdict)
    return verdict.then(decided, (error) => {
      throw refused(exchange, error)
    })
  }
  return named(filter, 'authorize')
}
