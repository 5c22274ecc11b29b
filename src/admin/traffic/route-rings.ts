import type { Percentiles } from '../api.ts'
import { RouteRing } from './route-ring.ts'
import type { LatencyCounts } from './shared-latencies.ts'

/** What the admin listener knows of the traffic of a route. */
export interface RouteTraffic {
  readonly matches: number
  /** Of those that have ended. */
  readonly failures: number
  readonly inFlight: number
  /** Of the last minute, at most 9.1 % off; `undefined` where there was no exchange. */
  readonly latency: Percentiles | undefined
}

/** Names of reloads that are long gone are among them. */
const MAX_ROUTES = 10_000
/** A route of which so long nothing has ended makes room for another one. */
const IDLE_MS = 60_000

/** The routes of which something has ended. */
export class RouteRings {
  readonly #rings = new Map<string, RouteRing>()
  #sweptAtMs = Number.NEGATIVE_INFINITY

  count(route: string, atMs: number, durationMs: number, failed: boolean, timed: boolean): void {
    const ring = this.#rings.get(route) ?? this.#begin(route, atMs)
    ring?.count(atMs, durationMs, failed, timed)
  }

  /** `live`: how many are under way, by route. */
  traffic(nowMs: number, live: ReadonlyMap<string, number>): ReadonlyMap<string, RouteTraffic> {
    const all = new Map<string, RouteTraffic>()
    for (const [route, ring] of this.#rings) {
      const inFlight = live.get(route) ?? 0
      const { ended, failures } = ring
      all.set(route, {
        matches: ended + inFlight,
        failures,
        inFlight,
        latency: ring.latencies(nowMs).percentiles,
      })
    }
    for (const [route, inFlight] of live)
      if (!all.has(route)) all.set(route, { matches: inFlight, failures: 0, inFlight, latency: undefined })
    return all
  }

  /** By the route's name; of those that were timed. */
  latencies(nowMs: number): Readonly<Record<string, LatencyCounts>> {
    const shared = [...this.#rings].map(([route, ring]) => [route, ring.latencies(nowMs).shared] as const)
    return Object.fromEntries(shared.filter(([, { counts }]) => counts.length > 0))
  }

  #begin(route: string, atMs: number): RouteRing | undefined {
    if (this.#rings.size >= MAX_ROUTES && !this.#makeRoom(atMs)) return undefined
    const ring = new RouteRing()
    this.#rings.set(route, ring)
    return ring
  }

  #makeRoom(atMs: number): boolean {
    // Where all are busy, looking through them for each exchange of one more would cost too much.
    if (atMs - this.#sweptAtMs < IDLE_MS) return false
    this.#sweptAtMs = atMs
    for (const [route, { lastAtMs }] of this.#rings) if (atMs - lastAtMs > IDLE_MS) this.#rings.delete(route)
    return this.#rings.size < MAX_ROUTES
  }
}
