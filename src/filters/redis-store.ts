import { CallGuard } from '../core/call-guard.ts'
import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../core/options.ts'
import { commandSender, type RedisClient } from '../core/redis-client.ts'
import { type LeaseSettings, LeasingLimiter } from './rate-limiting/leases.ts'
import { PerClock } from './rate-limiting/per-clock.ts'
import { type AskRedis, RedisLimiter } from './rate-limiting/redis-limiter.ts'
import type { RateLimitStore } from './rate-limiting/store.ts'

export type { RedisClient } from '../core/redis-client.ts'

export interface RedisStoreOptions {
  /**
   * The client that commands are sent with: of `redis` (node-redis, its cluster client too), `ioredis` or `iovalkey`. It is yours:
   * you connect it, listen to its errors, and close it.
   */
  client: RedisClient
  /** What each key in Redis begins with; no braces. Default `gatewright:`. */
  prefix?: string
  /** How long a decision may take. Default 100 ms. */
  timeoutMs?: Duration
  /** Decisions that may be under way at once, late ones included; others cannot be made. Default 1 000. */
  maxPending?: number
  /** A Redis that has failed five times in a row is asked again only after so long, by one request. Default 1 s. */
  retryMs?: Duration
  /** Takes several units at a time and spends them in this process. Default: none, each decision asks Redis. */
  lease?: RedisLeaseOptions
}

export interface RedisLeaseOptions {
  /** Units that are taken at a time, if there are so many. At least 2. */
  units: number
  /** How long they may be spent. Default 1 s. */
  forMs?: Duration
  /** Keys that may have a lease; of those that were used longest ago, it is lost. Default 10 000. */
  maxKeys?: number
}

/** A store that can be asked whether Redis is well. */
export interface RedisStore extends RateLimitStore {
  /** Whether Redis is left alone at the moment, since it has failed too often. */
  readonly unavailable: boolean
  /** Commands that the client has not settled yet. */
  readonly pending: number
}

const OWNER = 'redisStore'

/**
 * Keeps the counts of rate limits in Redis or Valkey, so that several processes count together.
 *
 * Each decision is one script, for all rules of a filter: it reads, decides and takes at once, by the server's own clock. The
 * keys expire when they mean nothing any more, and hold hashes of what is counted for, not addresses or tokens. In a
 * cluster the keys of a decision are in one slot: rules that count for the same are spread over slots by it; rules that count
 * for different things, or by functions, are all in one slot, for each filter.
 *
 * A decision that takes longer than `timeoutMs` cannot be made, and what becomes of its request is what `whenUnavailable` of
 * the filter says; it may be counted all the same. After five failures in a row Redis is not asked for `retryMs`; then one
 * request tries it. It is back with the first decision that is in time.
 *
 * With a `lease`, a process takes several units of a key at a time, and most requests are decided without asking. The price:
 * what a process has taken in one window it may spend in the next, so a window may have up to (`units` - 1) more for each
 * process, and in it for each filter with the store; and what is not spent in time is lost, so a key may have fewer.
 *
 * Nothing of Redis comes with this package: `npm install redis`, which has `createClient`,
 * or another of the clients.
 *
 * Traps: an open client keeps the process after the proxy has ended; close it then, as in the lines above. With asynchronous replication, a failover may forget the last counts. A Redis that evicts keys forgets counts too: give
 * it a memory of its own, or `maxmemory-policy noeviction`. A client that keeps commands while it is not connected sends them
 * late; they are few, and only count too much. A sentinel client of node-redis takes other arguments: wrap it,
 * `{ sendCommand: (args) => sentinel.sendCommand(false, args) }`.
 *
 * @example
 * const client = await createClient({ url: 'redis://127.0.0.1:6379' }).on('error', console.error).connect()
 * const limit = rateLimit({ limit: 100, per: '1m', store: redisStore({ client }), whenUnavailable: 'refuse' })
 * const running = await proxy().use(limit).route('/', app).start()
 * void running.closed.then(() => client.close())
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  knownOptions(OWNER, options, OPTIONS)
  const { prefix = 'gatewright:', lease } = options
  const send = commandSender(OWNER, options.client)
  if (typeof prefix !== 'string' || /[{}]/.test(prefix))
    throw invalidOption(OWNER, 'prefix', 'a text without braces', prefix)
  const settings = {
    name: 'rate limits: Redis',
    timeoutMs: durationMs(OWNER, 'timeoutMs', options.timeoutMs ?? 100, { min: 1 }),
    maxPending: integer(OWNER, 'maxPending', options.maxPending ?? 1_000, { min: 1 }),
    retryMs: durationMs(OWNER, 'retryMs', options.retryMs ?? 1_000, { min: 1 }),
  }
  const leases = lease === undefined ? undefined : leaseSettings(lease)
  const guards = new PerClock(() => new CallGuard(settings))
  const store: RateLimitStore = {
    limiter(rules) {
      const limiter = new RedisLimiter(send, prefix, rules)
      const ask: AskRedis = (keys, cost, want, { clock }) =>
        guards.of(clock).run(clock, () => limiter.ask(keys, cost, want))
      if (leases !== undefined) return new LeasingLimiter(ask, leases)
      return {
        take: (keys, cost, exchange) => ask(keys, cost, cost, exchange).then(({ verdicts }) => verdicts),
      }
    },
  }
  return Object.defineProperties(store, {
    unavailable: { get: () => guards.last?.open ?? false },
    pending: { get: () => guards.last?.pending ?? 0 },
  }) as RedisStore
}

const OPTIONS: readonly string[] = [
  'client',
  'prefix',
  'timeoutMs',
  'maxPending',
  'retryMs',
  'lease',
] satisfies (keyof RedisStoreOptions)[]

function leaseSettings(options: RedisLeaseOptions): LeaseSettings {
  const owner = `${OWNER}: lease`
  knownOptions(owner, options, ['units', 'forMs', 'maxKeys'] satisfies (keyof RedisLeaseOptions)[])
  return {
    units: integer(owner, 'units', options.units, { min: 2 }),
    forMs: durationMs(owner, 'forMs', options.forMs ?? 1_000, { min: 1 }),
    maxKeys: integer(owner, 'maxKeys', options.maxKeys ?? 10_000, { min: 1 }),
  }
}
