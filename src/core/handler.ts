import type { Exchange } from './exchange.ts'
import { log } from './log.ts'
import { ResponseMessage } from './message.ts'
import { invalidOption } from './options.ts'
import { isThenable } from './thenable.ts'

/** Answers an exchange. A failure is a rejected promise or a throw, and nothing else. */
export type Handler = (exchange: Exchange) => Promise<ResponseMessage> | ResponseMessage

/**
 * Surrounds a handler: sees the exchange first and the response last, and may answer in the handler's place.
 *
 * One that holds something beside its exchanges, such as a timer, has a `Symbol.dispose`. It is called when a proxy that has
 * the filter is closed, or a reload has taken that description's place and its last exchange is over. The filter may be in
 * another proxy still: then it makes anew what it needs.
 */
export type Filter = (exchange: Exchange, next: Handler) => Promise<ResponseMessage> | ResponseMessage

/** One handler of some filters, outermost first, around a handler. Composed once, not for each exchange. */
export function compose(filters: readonly Filter[], handler: Handler): Handler {
  return filters.reduceRight<Handler>((inner, filter) => {
    const next = guarded(inner)
    return (exchange) => filter(exchange, next)
  }, handler)
}

/**
 * Lets filters release what they hold. One that throws over that is told of, `whose` with it, and keeps nothing else from its
 * end: it may be due because a socket was closed.
 */
export function dispose(filters: readonly object[], whose = ''): void {
  for (const filter of filters)
    try {
      ;(filter as Partial<Disposable>)[Symbol.dispose]?.()
    } catch (error) {
      log.error(`a filter${whose} has failed over its end`, error)
    }
}

/** The promise that was marked last: the filters of a chain hand on the same one. */
let marked: Promise<ResponseMessage> | undefined

/**
 * A `next` whose failure cannot end the process. A filter may await something else first, or never await it at all;
 * meanwhile the client leaves, and a rejection that nobody has looked at yet would be taken for one that nobody ever will.
 */
function guarded(inner: Handler): Handler {
  return (exchange) => {
    const response = inner(exchange)
    if (response instanceof ResponseMessage) return response
    if (response !== marked) {
      if (!isPromise(response)) throw noResponse(response)
      marked = response
      response.then(undefined, () => {})
    }
    return response
  }
}

export function isPromise(value: unknown): value is Promise<ResponseMessage> {
  return isThenable(value)
}

export function noResponse(value: unknown): TypeError {
  const got =
    value === null
      ? 'null'
      : typeof value === 'object'
        ? (value.constructor?.name ?? 'an object')
        : typeof value
  return new TypeError(
    `a handler or filter must return a ResponseMessage (see respond) or a promise of one, got ${got}`,
  )
}

// biome-ignore lint/suspicious/noConfusingVoidType: a step that returns nothing is the usual one
type Maybe = ResponseMessage | undefined | void

/** Looks at a request, and may change it. A response that it returns is the answer, and nothing behind it is called. */
export type RequestStep = (exchange: Exchange) => Promise<Maybe> | Maybe

/** A filter for the request alone. What it returns, if anything, is the answer. A synchronous one adds no promise. */
export function onRequest(step: RequestStep): Filter {
  assertStep('onRequest', step)
  const filter: Filter = (exchange, next) => {
    const early = step(exchange)
    if (early === undefined) return next(exchange)
    if (early instanceof ResponseMessage) return early
    if (!isPromise(early)) throw noResponse(early)
    return early.then((response) => response ?? next(exchange))
  }
  return named(filter, step.name)
}

/** Looks at a response, and may change it. One that it returns takes its place; `discard()` the body of the first. */
export type ResponseStep = (response: ResponseMessage, exchange: Exchange) => Promise<Maybe> | Maybe

/** A filter for the response head. It may change the response, or return another. */
export function onResponse(step: ResponseStep): Filter {
  assertStep('onResponse', step)
  const filter: Filter = (exchange, next) => {
    const response = next(exchange)
    if (response instanceof ResponseMessage) return afterStep(step, response, exchange)
    return response.then((it) => afterStep(step, it, exchange))
  }
  return named(filter, step.name)
}

function assertStep(owner: string, step: unknown): void {
  if (typeof step !== 'function') throw invalidOption(owner, 'step', 'a function', step)
}

function afterStep(
  step: ResponseStep,
  response: ResponseMessage,
  exchange: Exchange,
): Promise<ResponseMessage> | ResponseMessage {
  const replaced = step(response, exchange)
  if (replaced === undefined) return response
  if (replaced instanceof ResponseMessage) return replaced
  if (!isPromise(replaced)) throw noResponse(replaced)
  return replaced.then((it) => it ?? response)
}

/** Gives a function the name that lists of filters and balancers show. */
export function named<F extends object>(fn: F, name: string): F {
  return Object.defineProperty(fn, 'name', { value: name, configurable: true })
}

export function assertFilter(owner: string, filter: unknown): asserts filter is Filter {
  if (typeof filter !== 'function')
    throw invalidOption(owner, 'filter', 'a function (exchange, next) => response', filter)
}
