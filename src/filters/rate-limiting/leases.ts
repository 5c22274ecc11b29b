import { LRUCache } from 'lru-cache'
import type { Exchange } from '../../core/exchange.ts'
import { PerClock } from './per-clock.ts'
import type { AskRedis } from './redis-limiter.ts'
import type { RateLimiter, RateVerdict } from './store.ts'

export interface LeaseSettings {
  readonly units: number
  readonly forMs: number
  readonly maxKeys: number
}

interface Lease {
  left: number
  readonly until: number
  readonly verdicts: readonly RateVerdict[]
}

interface Held {
  readonly leases: LRUCache<string, Lease>
  /** Keys for which a lease was asked. */
  readonly asking: Set<string>
}

/**
 * Takes several units of a key at a time, and spends them without asking. A key has one lease at a time; what is left when it
 * ends, or when it had to make room, is lost.
 */
export class LeasingLimiter implements RateLimiter {
  readonly #ask: AskRedis
  readonly #settings: LeaseSettings
  readonly #held: PerClock<Held>

  constructor(ask: AskRedis, settings: LeaseSettings) {
    this.#ask = ask
    this.#settings = settings
    this.#held = new PerClock(() => ({
      leases: new LRUCache<string, Lease>({ max: settings.maxKeys }),
      asking: new Set<string>(),
    }))
  }

  take(
    keys: readonly string[],
    cost: number,
    exchange: Exchange,
  ): readonly RateVerdict[] | Promise<readonly RateVerdict[]> {
    const { leases, asking } = this.#held.of(exchange.clock)
    // Keys say themselves where they end.
    const key = keys.join('')
    const now = exchange.clock.now()
    const lease = leases.get(key)
    if (lease !== undefined && now < lease.until && cost <= lease.left) {
      lease.left -= cost
      return withMore(lease.verdicts, lease.left)
    }
    if (asking.has(key) || cost >= this.#settings.units)
      return this.#ask(keys, cost, cost, exchange).then(({ verdicts }) => verdicts)
    asking.add(key)
    return this.#ask(keys, cost, this.#settings.units, exchange)
      .then(({ taken, verdicts }) => {
        if (taken <= cost) return verdicts
        const left = taken - cost
        leases.set(key, { left, until: now + this.#settings.forMs, verdicts })
        return withMore(verdicts, left)
      })
      .finally(() => asking.delete(key))
  }
}

function withMore(verdicts: readonly RateVerdict[], more: number): readonly RateVerdict[] {
  return verdicts.map((it) => ({ ...it, remaining: it.remaining + more }))
}
