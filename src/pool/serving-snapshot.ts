import type { Candidates } from '../core/balancer.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Random } from '../core/random.ts'
import {
  type CandidateParts,
  candidateParts,
  type LeftOut,
  type PartRules,
  partRules,
} from './candidate-parts.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { servingOf } from './health.ts'
import type { PoolDescription } from './pool-description.ts'
import type { PoolNews } from './pool-news.ts'
import type { Supervision } from './supervision.ts'
import { Untried } from './untried.ts'

/**
 * Which endpoints of a running pool may be chosen, as balancers see them: a new array wherever its members change, and the
 * same one as long as they do not, since balancers keep what they made for one.
 */
export class ServingSnapshot {
  readonly #news: PoolNews
  readonly #untried = new Untried()
  #all: readonly PoolEndpoint[] = []
  #candidates: Candidates = []
  #panicThreshold: number
  #rules: PartRules
  /** What balancers choose from, an attempt at a time; `undefined` where that is always the whole snapshot. */
  #parts: CandidateParts | undefined
  /** Some have been candidates since it runs. Who comes to serve from then on begins slowly, where that is asked for. */
  #served = false
  #panic = false

  /** Before the pool runs, all of its endpoints are candidates. */
  constructor(all: readonly PoolEndpoint[], description: PoolDescription, news: PoolNews, random: Random) {
    this.#news = news
    this.#panicThreshold = description.panicThreshold
    this.#rules = partRules(description, random)
    this.#all = all
    this.#candidates = all
    for (const endpoint of all) endpoint.candidate = true
    this.#parts = this.#partsNow()
  }

  /** Whether balancers are given parts of the candidates. */
  get inParts(): boolean {
    return this.#parts !== undefined
  }

  /** What to choose from for an attempt: those that were not tried, where one is left. */
  from(exchange: Exchange, tried: readonly PoolEndpoint[]): Candidates {
    if (this.#parts !== undefined) return this.#parts.from(exchange, tried)
    return tried.length === 0 ? this.#candidates : this.#untried.without(tried, this.#candidates)
  }

  /** All that may be chosen for an exchange, by whichever attempt. */
  servingFor(exchange: Exchange): Candidates {
    return this.#parts === undefined ? this.#candidates : this.#parts.servingFor(exchange)
  }

  /** Why an endpoint is not in `from`, if that is for its tier, its zone or its labels. */
  whyLeftOut(endpoint: PoolEndpoint, exchange: Exchange, from: Candidates): LeftOut | undefined {
    return this.#parts?.whyLeftOut(endpoint, exchange, from)
  }

  /** Another description is in force. It shows with the next snapshot. */
  follow(description: PoolDescription, random: Random): void {
    this.#panicThreshold = description.panicThreshold
    this.#rules = partRules(description, random, this.#rules)
  }

  /** Replaces it, if others of all endpoints may be chosen than before, or `changed` ones. */
  publish(all: readonly PoolEndpoint[], supervision: Supervision, changed: boolean): void {
    this.#all = all
    const parts = this.#partsNow()
    const { endpoints: serving, panic } = parts ?? servingOf(all, this.#panicThreshold)
    // All that serve from the begin on begin alike, so none of them has to begin slowly.
    const reweighted = this.#served && supervision.weigh(serving)
    if (all.length > 0) this.#served = true
    const before = this.#candidates
    const same = serving.length === before.length && serving.every((endpoint, i) => endpoint === before[i])
    // Loads of tiers, zones and subsets may differ although the same endpoints serve.
    if (!same || changed || reweighted || parts !== undefined || this.#parts !== undefined) {
      for (const endpoint of all) endpoint.candidate = false
      for (const endpoint of serving) endpoint.candidate = true
      this.#replace(serving, supervision)
    }
    if (panic === this.#panic) return
    this.#panic = panic
    if (panic) this.#news.panicBegan(serving.length)
    else this.#news.panicEnded()
  }

  /** The same endpoints, with other weights. */
  renew(supervision: Supervision): void {
    this.#replace([...this.#candidates], supervision)
  }

  close(): void {
    this.#all = []
    this.#candidates = []
  }

  /** All of them are the snapshot of the beginning once more, so that what was made for it is still of use. */
  #replace(members: Candidates, supervision: Supervision): void {
    this.#candidates = members.length === this.#all.length && !supervision.underWay ? this.#all : members
    this.#parts = this.#partsNow()
  }

  #partsNow(): CandidateParts | undefined {
    return candidateParts(this.#all, this.#rules, this.#untried)
  }
}
