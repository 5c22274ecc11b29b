import { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import { withoutStack } from '../core/without-stack.ts'
import { LimitedSource } from './body-flow/limited-source.ts'

export interface BodyLimitOptions {
  /** Bytes that the body of a request may have, as they come over the wire. Default: what the listener allows. */
  request?: Size
  /** Bytes that the body of a response may have, as they come from the service. Default: what the pool allows. */
  response?: Size
}

const OWNER = 'bodyLimit'

/**
 * Refuses bodies that are too large: a request's with 413 `request_body_too_large`, a response's with 502 `upstream_body_too_large`.
 *
 * A length that is told beforehand (`Content-Length`) is refused at once: of such a request nothing is read, and no service
 * is asked; a client that waits for `100 Continue` never sends it. A body whose length is not known is counted while it
 * streams, and given up with the first byte that is too many: the service's connection is closed, and the client is answered
 * as above, or, where the response has begun already, that is broken off. Nothing is collected.
 *
 * It only lowers what listeners and pools allow. With neither option it is a mistake. Bodies without content have length 0; tunnels
 * (WebSocket, CONNECT) are not limited.
 *
 * Traps: bytes are counted as they come. A compressed body may become much larger for whoever unpacks it: where a filter does,
 * place this one behind it. A response that is broken off in its middle is one that the client may have half processed.
 *
 * @example
 * proxy().route('/upload', bodyLimit({ request: '10mb' }), pool(['http://files:8080']))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function bodyLimit(options: BodyLimitOptions): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const ofRequest = bytes('request', options.request)
  const ofResponse = bytes('response', options.response)
  if (ofRequest === undefined && ofResponse === undefined)
    throw invalidOption(OWNER, 'request', 'given, or "response"', undefined)

  const filter: Filter = (exchange, next) => {
    if (ofRequest !== undefined) limitRequest(exchange, ofRequest)
    const response = next(exchange)
    if (ofResponse === undefined) return response
    if (response instanceof ResponseMessage) return limited(response, ofResponse, exchange)
    return response.then((it) => limited(it, ofResponse, exchange))
  }
  return named(filter, OWNER)
}

const OPTIONS: readonly string[] = ['request', 'response'] satisfies (keyof BodyLimitOptions)[]

function bytes(option: string, size: Size | undefined): number | undefined {
  return size === undefined ? undefined : sizeBytes(OWNER, option, size)
}

function limitRequest(exchange: Exchange, maxBytes: number): void {
  const { request } = exchange
  const { length } = request.body
  const tooLarge = () => refusal(exchange, 'request_body_too_large', maxBytes)
  if (length === undefined)
    request.body = new Body(new LimitedSource(request.body.take(), maxBytes, tooLarge))
  else if (length > maxBytes) throw tooLarge()
}

function limited(response: ResponseMessage, maxBytes: number, exchange: Exchange): ResponseMessage {
  const { body } = response
  const tooLarge = () => refusal(exchange, 'upstream_body_too_large', maxBytes)
  if (body.length === undefined)
    response.body = new Body(new LimitedSource(body.take(), maxBytes, tooLarge)).fromUpstream()
  else if (body.length > maxBytes) {
    const error = tooLarge()
    body.discard(error)
    throw error
  }
  return response
}

function refusal(
  exchange: Exchange,
  code: 'request_body_too_large' | 'upstream_body_too_large',
  maxBytes: number,
): ProxyError {
  const detail = `more than ${maxBytes} bytes`
  exchange.recording?.refused(OWNER, code, detail)
  return withoutStack(
    () => new ProxyError(code, { detail, sent: code === 'upstream_body_too_large' ? 'response' : 'none' }),
  )
}
