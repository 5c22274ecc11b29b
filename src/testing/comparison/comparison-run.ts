import { durationMs } from '../../core/options.ts'
import {
  all,
  type Balancer,
  type Match,
  pool,
  proxy,
  type RequestMessage,
  type RoutedProxy,
} from '../../index.ts'
import type { ExchangeRecord } from '../simulation/exchange-record.ts'
import { loadPlan } from '../simulation/load.ts'
import { type Simulation, simulate } from '../simulation/simulate.ts'
import type { BalancerFigures, Comparison } from './compare-balancers.ts'
import { type ComparedService, setUpService } from './compared-endpoint.ts'
import { type ComparisonStep, disturbedSpan, stepsOf } from './comparison-event.ts'
import { disturbanceOf, type LoadPoint, secondsOf } from './disturbance.ts'
import { largestShare, type Membership, type Pick, sharesOf } from './endpoint-share.ts'
import { keyMovement } from './key-movement.ts'

/** Longer than any load. */
const FOR_GOOD_MS = 24 * 3_600_000

/** @internal One balancer's run of a comparison. */
export async function runBalancer(make: () => Balancer, comparison: Comparison): Promise<BalancerFigures> {
  const { services, load, keys, events, latencyMs, seed, script } = comparison
  const plan = loadPlan(load)
  const run = new Run(make, comparison)
  await using sim = simulate(run.app(services), {
    seed,
    latencyMs,
    // All of them, with room for the chance of their number, probes aside.
    keep: Math.ceil((1.5 * plan.durationMs) / plan.gapMs) + 1_000,
  })
  for (const service of services) setUpService(sim, service)
  await sim.settle()
  script(sim)

  const startedAtMs = sim.nowMs
  const result = sim.load(load)
  const memberships: Membership[] = [{ fromMs: 0, members: services }]
  for (const steps of byMoment(stepsOf(events))) {
    const { atMs } = steps[0]!
    await sim.advance(startedAtMs + atMs - sim.nowMs)
    const members = await run.take(sim, steps)
    if (members !== undefined) memberships.push({ fromMs: sim.nowMs - startedAtMs, members })
  }
  const { sent, latency, errorRate } = await result
  await sim.settle()

  const points = pointsOf(sim.exchanges, startedAtMs)
  const shares = sharesOf(picksOf(sim.exchanges, startedAtMs), memberships)
  const span = disturbedSpan(events)
  const { meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = latency
  return {
    sent,
    latency: { meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs },
    errorRate,
    largestShare: largestShare(shares),
    shares,
    keys: keyMovement(make, services, keys, sim.seed),
    disturbance: span === undefined ? undefined : disturbanceOf(points, span),
    seconds: secondsOf(points, durationMs('compareBalancers', 'duration', load.duration)),
  }
}

class Run {
  /** One for each proxy. They outlive a reload. */
  readonly #balancers: readonly Balancer[]
  readonly #comparison: Comparison
  /** Which of the proxies serves a request. */
  readonly #proxyOf = new WeakMap<RequestMessage, number>()
  #services: readonly ComparedService[]

  constructor(make: () => Balancer, comparison: Comparison) {
    this.#balancers = Array.from({ length: comparison.proxies }, () => make())
    this.#comparison = comparison
    this.#services = comparison.services
  }

  app(services: readonly ComparedService[]): RoutedProxy {
    const endpoints = services.map(({ id, weight }) => ({ url: id, weight }))
    const pools = this.#balancers.map((it) => this.#comparison.pool(pool(endpoints).balance(it)))
    if (pools.length === 1) return proxy().route('/', pools[0]!)
    // A pool knows nothing of the others: what makes several proxies different from one.
    const shared = proxy().use((exchange, next) => {
      this.#proxyOf.set(exchange.request, Math.floor(exchange.random() * pools.length))
      return next(exchange)
    })
    return pools
      .slice(1)
      .reduce(
        (routed, it, i) => routed.route(this.#served(i + 1), it),
        shared.route(this.#served(0), pools[0]!),
      )
  }

  #served(by: number): Match {
    return all('/', (request) => this.#proxyOf.get(request) === by)
  }

  /** Does what is to be done at one moment. Gives the members of the pool where they are others now. */
  async take(
    sim: Simulation,
    steps: readonly ComparisonStep[],
  ): Promise<readonly ComparedService[] | undefined> {
    const before = this.#services
    for (const step of steps) this.#takeOne(sim, step)
    if (this.#services === before) return undefined
    await sim.reload(this.app(this.#services))
    for (const service of this.#services) if (!before.includes(service)) setUpService(sim, service)
    return this.#services
  }

  #takeOne(sim: Simulation, step: ComparisonStep): void {
    switch (step.kind) {
      case 'pause':
        sim.upstream(step.id).pause()
        break
      case 'resume':
        sim.upstream(step.id).resume()
        break
      case 'service-time': {
        const { workers, serviceTime, queue } = this.#services.find(({ id }) => id === step.id)!
        sim.upstream(step.id).capacity({ workers, serviceTime: step.serviceTime ?? serviceTime, queue })
        break
      }
      case 'fault':
        sim.upstream(step.id).inject(step.fault, { lasts: step.lastsMs })
        break
      case 'outage':
        sim.upstream(step.id).outage({ lasts: step.lastsMs ?? FOR_GOOD_MS })
        break
      case 'join':
        this.#services = [...this.#services, step.service]
        break
      case 'leave':
        this.#services = this.#services.filter(({ id }) => id !== step.id)
        break
    }
  }
}

/** Steps that are due together, in the order of time. */
function byMoment(steps: readonly ComparisonStep[]): ComparisonStep[][] {
  const moments: ComparisonStep[][] = []
  for (const step of steps) {
    const last = moments.at(-1)
    if (last !== undefined && last[0]!.atMs === step.atMs) last.push(step)
    else moments.push([step])
  }
  return moments
}

function pointsOf(exchanges: readonly ExchangeRecord[], startedAtMs: number): LoadPoint[] {
  return exchanges.flatMap(({ startedAtMs: cameAtMs, outcome }) => {
    if (outcome === undefined) return []
    const { durationMs, result, status = 0 } = outcome
    return { atMs: cameAtMs - startedAtMs, durationMs, failed: result !== 'completed' || status >= 500 }
  })
}

function* picksOf(exchanges: readonly ExchangeRecord[], startedAtMs: number): Generator<Pick> {
  for (const { attempts } of exchanges)
    for (const attempt of attempts) yield { atMs: attempt.startedAtMs - startedAtMs, id: attempt.endpoint }
}
