import { type Filter, named } from '../core/handler.ts'
import { type Duration, durationMs } from '../core/options.ts'

/**
 * Says how long an exchange may be silent, for streams of events and of gRPC on which nothing may come for long.
 *
 * In each direction, it takes the place of all limits that a stream meets which has nothing to say:
 *
 * - of the listener, `bodyIdleMs` and `minBodyBytesPerSecond`: a byte in that time is enough,
 * - of the pool, `headMs` and `bodyIdleMs`: nor does the head have to come sooner.
 *
 * Limits for a peer that takes nothing (`sendIdleMs`) stay as they are.
 *
 * Trap: for so long a client that is gone without a word may hold a connection to the service. `Infinity` is for ever.
 * Services should send a sign of life: a comment of server-sent events, a PING of gRPC.
 *
 * @example proxy().route('/events', streamIdleTimeout('10m'), pool(['http://10.0.0.7:8080']))
 *
 * @param idleMs Milliseconds, a text such as `'10m'`, or `Infinity`.
 * @throws `ERR_OPTION_INVALID` for what is no time.
 */
export function streamIdleTimeout(idleMs: Duration): Filter {
  const ms = durationMs('streamIdleTimeout', 'idleMs', idleMs, { min: 1, unlimited: true })
  const filter: Filter = (exchange, next) => {
    exchange.streamIdleMs = ms
    return next(exchange)
  }
  return named(filter, 'streamIdleTimeout')
}
