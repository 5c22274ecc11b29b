import { attribute } from '../core/attribute.ts'
import { Body } from '../core/body.ts'
import type { Exchange } from '../core/exchange.ts'
import { withState } from '../core/filter-state.ts'
import { type Filter, named } from '../core/handler.ts'
import { log } from '../core/log.ts'
import type { RequestMessage, ResponseMessage } from '../core/message.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { type CallTargetInit, targetOf, withTargets } from '../core/target.ts'
import { CopiedSource } from './mirroring/copied-source.ts'

export interface MirrorOptions {
  /** Where copies go: a pool, a handler, or the address of a service such as `'http://shadow:8080'`. */
  to: CallTargetInit
  /** The share of requests that are copied, from 0 to 1, drawn by `exchange.random`. Default 1: all. */
  share?: number
  /** Which requests are copied at all: only `true` is yes. Default all. Where it throws, the request is not. */
  when?: (exchange: Exchange) => boolean
  /** Content up to this size is copied; of a longer request, no copy is sent. Default 64 KiB; 0 copies requests without content alone. */
  maxBodyBytes?: Size
  /** How long a copy may take, from its begin to the end of its response. Default 5 s. */
  timeoutMs?: Duration
  /** Copies under way at once; past that, requests are not copied. Default 100. */
  maxInFlight?: number
  /** Fields that copies do not have, `['authorization', 'cookie']` for example. Default none. */
  removeHeaders?: readonly string[]
}

/** A filter that can be asked for its numbers. */
export interface Mirror extends Filter {
  /** Copies under way. */
  readonly inFlight: number
  /** Copies that were sent, so far; those that failed included. */
  readonly sent: number
  /** Copies that have failed: no answer came, or none in time. An answer of any status is one. */
  readonly failed: number
  /** Requests that were to be copied and were not: too long, broken off, too many under way, or `when` has thrown. */
  readonly dropped: number
}

const OWNER = 'mirror'

const OPTIONS: readonly string[] = [
  'to',
  'share',
  'when',
  'maxBodyBytes',
  'timeoutMs',
  'maxInFlight',
  'removeHeaders',
] satisfies (keyof MirrorOptions)[]

/** Says that a request is a copy. What has it already is not copied again. */
const MARK = 'X-Mirrored'

/** What is read of the answer to a copy, so that its connection can be kept. */
const ANSWER_BYTES = 1_048_576

/**
 * Sends copies of requests to another service as well, and drops what that answers: a new version tried with real traffic.
 *
 * Clients notice nothing of it, whether the other service is slow, broken or gone: a request goes on before its copy begins, and
 * its content is copied as it passes by. A copy is sent when the content is there as a whole; content that nobody reads is not
 * copied, so place it behind filters that refuse requests. Copies have a limit in time and in number of their own, and go on when the exchange
 * is over, but not when the proxy is.
 *
 * A copy has the fields as they are at this place in the chain, the address of the client in `X-Forwarded-For`, and
 * `X-Mirrored: 1`. A request that has that field is not copied again, so mirrors that point at each other do no harm. Upgrades are
 * not copied.
 *
 * Traps: copies do what requests do. A service that writes to the same database, sends mail or charges cards does so twice;
 * `when` can keep to safe methods. Credentials are copied too, unless `removeHeaders` names them. Retries of a pool are no
 * requests of clients: there is one copy of each.
 *
 * @example
 * proxy().use(mirror({ to: pool(['http://next:8080']), share: 0.05, when: ({ request }) => request.method === 'GET' }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function mirror(options: MirrorOptions): Mirror {
  knownOptions(OWNER, options, OPTIONS)
  const {
    share = 1,
    when,
    maxBodyBytes = 65_536,
    timeoutMs = 5_000,
    maxInFlight = 100,
    removeHeaders = [],
  } = options
  const target = targetOf(OWNER, 'to', options.to)
  if (typeof share !== 'number' || !(share >= 0 && share <= 1))
    throw invalidOption(OWNER, 'share', 'a number from 0 to 1', share)
  if (when !== undefined && typeof when !== 'function')
    throw invalidOption(OWNER, 'when', 'a function of the exchange that gives true or false', when)
  if (!Array.isArray(removeHeaders) || !removeHeaders.every((it) => typeof it === 'string' && it !== ''))
    throw invalidOption(OWNER, 'removeHeaders', 'a list of names of fields', removeHeaders)
  const maxBytes = sizeBytes(OWNER, 'maxBodyBytes', maxBodyBytes)
  const limitMs = durationMs(OWNER, 'timeoutMs', timeoutMs, { min: 1 })
  integer(OWNER, 'maxInFlight', maxInFlight, { min: 1 })
  /** Attempts of a pool pass by one after the other. */
  const copiedBefore = attribute<boolean>('mirror.copied')
  const numbers = { inFlight: 0, sent: 0, failed: 0, dropped: 0 }

  const wanted = (exchange: Exchange): boolean => {
    const { headers, upgrade } = exchange.request
    if (upgrade !== undefined || headers.has(MARK) || exchange.get(copiedBefore) === true) return false
    try {
      if (when !== undefined && when(exchange) !== true) return false
    } catch (error) {
      log.error('"when" of mirror has failed', error)
      numbers.dropped++
      return false
    }
    return share === 1 || exchange.random() < share
  }

  const send = async (exchange: Exchange, copy: RequestMessage): Promise<void> => {
    if (numbers.inFlight >= maxInFlight) {
      numbers.dropped++
      return
    }
    numbers.inFlight++
    numbers.sent++
    try {
      await readAway(await exchange.call(target, copy, { detached: true, timeoutMs: limitMs }))
    } catch {
      // A number is all that may come of it.
      numbers.failed++
    }
    numbers.inFlight--
  }

  const filter: Filter = (exchange, next) => {
    if (!wanted(exchange)) return next(exchange)
    const { request } = exchange
    const { body } = request
    const { length, bytes } = body
    if (length !== undefined && length > maxBytes) {
      numbers.dropped++
      return next(exchange)
    }
    const copy = request.copy()
    copy.headers.set(MARK, '1')
    for (const name of removeHeaders) copy.headers.delete(name)
    const sendWith = (content: Uint8Array): void => {
      // Another attempt may have been quicker.
      if (exchange.get(copiedBefore) === true) return
      exchange.set(copiedBefore, true)
      copy.body = Body.from(content)
      void send(exchange, copy)
    }
    if (bytes === undefined) {
      const copied = new CopiedSource(body.take(), maxBytes, (content) => {
        if (content === undefined) numbers.dropped++
        else sendWith(content)
      })
      request.body = new Body(copied)
      return next(exchange)
    }
    const response = next(exchange)
    sendWith(bytes)
    return response
  }
  Object.defineProperties(
    named(filter, OWNER),
    Object.fromEntries(
      (Object.keys(numbers) as (keyof typeof numbers)[]).map((name) => [name, { get: () => numbers[name] }]),
    ),
  )
  withState(filter, () => ({ kind: 'mirror', ...numbers }))
  return withTargets(filter as Mirror, [target])
}

/** Reads an answer to its end, or to where it is cheaper to give its connection up. */
async function readAway({ body }: ResponseMessage): Promise<void> {
  let read = 0
  for await (const chunk of body) {
    read += chunk.byteLength
    if (read > ANSWER_BYTES) return
  }
}
