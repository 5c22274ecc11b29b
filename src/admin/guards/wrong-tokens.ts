import { isIPv6 } from 'node:net'
import type { Clock } from '../../core/clock.ts'

/** So many wrong tokens at once, and one more with each second. */
const AT_ONCE = 10
const MAX_ADDRESSES = 1_000

/** Whoever finds no place among the addresses. */
const OTHERS = 'others'

/**
 * Wrong tokens that came from each address, of IPv6 from each /64. So many addresses are known apart; all others that come
 * while these guess are counted as one, so that who has many addresses can guess no more for it.
 */
export class WrongTokens {
  readonly #clock: Clock
  /** When the address has none of them left, on the engine's clock. */
  readonly #paidAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Addresses that are known apart. */
  get size(): number {
    return this.#paidAt.size
  }

  /** Whether the address has to wait before a token of its is looked at. */
  tooMany(address: string): boolean {
    const now = this.#clock.now()
    const paidAt = this.#paidAt.get(this.#keyOf(address, now)) ?? now
    return paidAt - now > (AT_ONCE - 1) * 1_000
  }

  add(address: string): void {
    const now = this.#clock.now()
    const key = this.#keyOf(address, now)
    this.#paidAt.set(key, Math.max(now, this.#paidAt.get(key) ?? now) + 1_000)
  }

  #keyOf(address: string, now: number): string {
    const own = networkOf(address)
    if (this.#paidAt.has(own) || this.#paidAt.size < MAX_ADDRESSES) return own
    for (const [key, paidAt] of this.#paidAt) if (paidAt <= now) this.#paidAt.delete(key)
    return this.#paidAt.size < MAX_ADDRESSES ? own : OTHERS
  }
}

/** One customer has a whole /64. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const heads = head === '' ? [] : head.split(':')
  if (tail === undefined) return heads.slice(0, 4).join(':')
  const tails = tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - heads.length - tails.length) }, () => '0')
  return [...heads, ...zeros, ...tails].slice(0, 4).join(':')
}
