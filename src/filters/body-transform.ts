import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import {
  type AskedOf,
  askedOf,
  canBeTransformed,
  hasPlainContent,
  transformRequest,
  transformResponse,
} from './content-coding/transformed-message.ts'
import { TypeList } from './content-coding/type-list.ts'

/** A step over the chunks of a body: an async generator function. What it throws breaks the message off. */
export type BodyStep = (chunks: AsyncIterable<Uint8Array>, exchange: Exchange) => AsyncIterable<Uint8Array>

export interface BodyTransformOptions {
  /** What the content of requests goes through on its way to the service. Default: nothing. */
  request?: BodyStep
  /** What the content of responses goes through on its way to the client. Default: nothing. */
  response?: BodyStep
  /** Media types of the content that is changed, such as `text/html`, `text/*`, `application/*+json`. Default: any, or none. */
  types?: string | readonly string[]
}

const OWNER = 'bodyTransform'

const OPTIONS: readonly string[] = ['request', 'response', 'types'] satisfies (keyof BodyTransformOptions)[]

/**
 * Sends the content of requests, of responses, or of both through an async generator over its chunks.
 *
 * A chunk is what has come, and need not be a line, an event or a whole character: what a step looks for may stand in two of
 * them. One chunk is read at a time, when the step asks for it, so a slow reader slows its sender down, and nothing is
 * collected that the step does not collect. When the client leaves, the step ends as by `return`: its `finally` runs.
 *
 * Content that has a `Content-Encoding` is left alone, and so is a part of a response (206): put `decompress()` behind this
 * filter, that is after it in the list. A message without content has nothing to change, and its step is not run.
 *
 * What is changed loses `Content-Length`, `Accept-Ranges` and its checksums, and a strong `ETag` becomes weak. The answer to HEAD
 * tells what the one to GET would.
 *
 * `Cache-Control: no-transform` is not heeded: it is said to those on the way, and this filter speaks for the service.
 *
 * Traps: a client may ask for a part of a response (`Range`) and gets that as the service has it. Where nobody may see the content
 * unchanged, remove `Range` from requests. A chunk may be the memory of a read: change a copy, never the chunk itself. What a step
 * collects, it must bound itself.
 *
 * @example
 * proxy().use(bodyTransform({ types: 'text/html', async *response(chunks) { yield* chunks; yield Buffer.from('<!-- end -->') } }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function bodyTransform(options: BodyTransformOptions): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const request = stepOf('request', options.request)
  const response = stepOf('response', options.response)
  if (request === undefined && response === undefined)
    throw invalidOption(OWNER, 'response', 'a generator function, where "request" is none', response)
  const types = options.types === undefined ? undefined : new TypeList(OWNER, 'types', options.types)

  const transformed = (answer: ResponseMessage, asked: AskedOf, exchange: Exchange): ResponseMessage => {
    if (canBeTransformed(answer, asked) && hasPlainContent(answer, types))
      transformResponse(answer, asked, (chunks) => response!(chunks, exchange))
    return answer
  }
  const filter: Filter = (exchange, next) => {
    if (request !== undefined && hasPlainContent(exchange.request, types))
      transformRequest(exchange.request, (chunks) => request(chunks, exchange))
    if (response === undefined) return next(exchange)
    const asked = askedOf(exchange.request)
    const answer = next(exchange)
    if (answer instanceof ResponseMessage) return transformed(answer, asked, exchange)
    return answer.then((it) => transformed(it, asked, exchange))
  }
  return named(filter, OWNER)
}

function stepOf(option: string, step: BodyStep | undefined): BodyStep | undefined {
  if (step !== undefined && typeof step !== 'function')
    throw invalidOption(OWNER, option, 'an async generator function over chunks', step)
  return step
}
