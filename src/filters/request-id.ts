import { addErrorFields } from '../core/error-fields.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { HeaderList, isFieldName } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { integer, invalidOption, knownOptions } from '../core/options.ts'
import { currentRequestId } from '../core/request-id.ts'
import { isEngineField, ToldFields } from './fields/told-fields.ts'

export interface RequestIdOptions {
  /** The field that carries the id. Default `X-Request-Id`. */
  header?: string
  /**
   * Whose ids are kept: `trusted`, those of peers that are among the listener's `trustedProxies`; `anyone`, where every client
   * may choose what stands in your logs; `nobody`. Default `trusted`.
   */
  accept?: 'trusted' | 'anyone' | 'nobody'
  /** Characters that an accepted id may have. A longer one counts as none. Default 128. */
  maxLength?: number
  /**
   * Makes an id. What it gives must be of the same syntax as an accepted one; anything else fails the exchange with 500
   * `internal_error`. Default: `exchange.id`.
   */
  generate?: (exchange: Exchange) => string
  /** Whether clients are told the id, in responses and in error answers. Default true. */
  respond?: boolean
}

const OPTIONS: readonly string[] = [
  'header',
  'accept',
  'maxLength',
  'generate',
  'respond',
] satisfies (keyof RequestIdOptions)[]

export { currentRequestId } from '../core/request-id.ts'

/** Fit for logs, fields and queries without any quoting. */
const ID = /^[A-Za-z0-9._~:@+/=-]+$/

/**
 * Gives every request one id, for services, logs and clients alike.
 *
 * An `X-Request-Id` that a trusted proxy has sent is kept; in its stead, or where a client has sent one, a new one is made. The
 * service gets it, the client gets it back, in error answers of the proxy too, and filters read it with
 * `exchange.get(currentRequestId)`. What a service says in a field of that name is replaced, and a client's `X_Request_Id`, which
 * many services take for the same, is removed.
 *
 * A new id is `exchange.id`, so that whatever names that names the request. It is unique, and no secret. An accepted one is
 * not made `exchange.id`: two requests may come with the same. An accepted id has letters, digits and `. _ ~ : @ + / = -`, and
 * at most `maxLength` of them; one that is anything else, or stands on two lines, counts as none.
 *
 * Traps: behind a load balancer that is not among `trustedProxies` of `listen`, its ids are replaced. Placed in `proxy().use(...)`,
 * before filters that refuse, it marks their refusals too.
 *
 * @example
 * proxy().listen({ port: 8080, trustedProxies: ['10.0.0.0/8'] }).use(requestId()).route('/', app)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function requestId(options: RequestIdOptions = {}): Filter {
  knownOptions('requestId', options, OPTIONS)
  const { header = 'X-Request-Id', accept = 'trusted', generate, respond = true } = options
  const maxLength = integer('requestId', 'maxLength', options.maxLength ?? 128, { min: 1, max: 1_024 })
  if (!isFieldName(header) || isEngineField(header))
    throw invalidOption('requestId', 'header', 'the name of a field without a meaning of its own', header)
  if (accept !== 'trusted' && accept !== 'anyone' && accept !== 'nobody')
    throw invalidOption('requestId', 'accept', '"trusted", "anyone" or "nobody"', accept)
  if (generate !== undefined && typeof generate !== 'function')
    throw invalidOption('requestId', 'generate', 'a function of the exchange that gives an id', generate)
  if (typeof respond !== 'boolean') throw invalidOption('requestId', 'respond', 'true or false', respond)

  const told = new ToldFields([header])
  const make = (exchange: Exchange): string => {
    if (generate === undefined) return exchange.id
    const id: unknown = generate(exchange)
    if (typeof id === 'string' && id.length <= maxLength && ID.test(id)) return id
    throw invalidOption('requestId', 'generate', 'a function that gives letters, digits and ._~:@+/=-', id)
  }
  const filter: Filter = (exchange, next) => {
    const { headers } = exchange.request
    const believed = accept === 'anyone' || (accept === 'trusted' && exchange.client.peerTrusted)
    // Two lines are joined with a comma, which no id has.
    const sent = believed ? headers.get(header) : undefined
    const accepted = sent !== undefined && sent.length <= maxLength && ID.test(sent)
    const id = accepted ? sent : make(exchange)
    told.removeFrom(headers)
    headers.append(header, id)
    exchange.set(currentRequestId, id)
    if (!respond) return next(exchange)
    addErrorFields(exchange, new HeaderList().append(header, id))
    const response = next(exchange)
    if (response instanceof ResponseMessage) return marked(response, header, id)
    return response.then((it) => marked(it, header, id))
  }
  return named(filter, 'requestId')
}

function marked(response: ResponseMessage, header: string, id: string): ResponseMessage {
  response.headers.set(header, id)
  return response
}
