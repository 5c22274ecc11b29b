import type { LifecyclePhase } from '../core/lifecycle.ts'
import { respondJson } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import type { Readiness } from '../core/readiness.ts'
import { Pool } from '../pool/pool.ts'
import type { Compilable, Compiled, Runtime, TargetDescription } from '../transport/runtime.ts'

/** What else than the proxy itself must be as it should. */
export interface ReadinessOptions {
  /** Pools of which at least one endpoint must be fit to serve: healthy, and not ejected. Default none. */
  pools?: readonly Pool[]
}

/**
 * Makes what answers load balancers that ask whether to send traffic here: 200 while the proxy is ready, and 503 with the
 * reasons from the first moment of a drain on. In JSON: `{ "ready": false, "reasons": ["draining"] }`.
 *
 * Of the pools that are named, each must have an endpoint that is fit to serve: healthy by its probes, or not probed yet
 * where that is trusted (`initial`), and not ejected. Such a pool runs, and is probed, although no route may lead to it.
 * With `handler()`, where nothing drains and nothing is probed, the answer is 200.
 *
 * Trap: when a service is down that all your proxies share, naming its pool makes all of them unready at once, and the
 * load balancer has nobody left to send the rest of the traffic to. Name a pool only where a proxy without it is of no use.
 * And it is no liveness probe: a proxy that drains is not to be restarted.
 *
 * @example
 * proxy().route('GET /ready', readiness()).route('GET /alive', () => respond(200, 'ok'))
 *
 * @throws `ERR_OPTION_INVALID` for what is no list of pools.
 */
export function readiness(options: ReadinessOptions = {}): Compilable {
  const owner = 'readiness'
  knownOptions(owner, options, ['pools'] satisfies (keyof ReadinessOptions)[])
  const { pools = [] } = options
  if (!Array.isArray(pools) || !pools.every((it) => it instanceof Pool))
    throw invalidOption(owner, 'pools', 'a list of pools', pools)
  return new ReadinessRoute([...pools])
}

/** What a proxy in this phase says of itself. */
export function readinessIn(phase: LifecyclePhase): Readiness {
  return phase === 'serving' ? READY : { ready: false, reasons: [REASONS[phase]] }
}

const READY: Readiness = { ready: true, reasons: [] }
const REASONS = { starting: 'starting', notice: 'draining', draining: 'draining', closed: 'closed' } as const

class ReadinessRoute implements Compilable {
  readonly uses: readonly Pool[]

  constructor(pools: readonly Pool[]) {
    this.uses = pools
  }

  describe(): TargetDescription {
    return { kind: 'handler', name: 'readiness' }
  }

  compile({ lifecycle, targets }: Runtime): Compiled {
    const pools = this.uses.map((pool) => ({ name: pool.describe().name, running: targets.running(pool) }))
    const current = (): Readiness => {
      const { reasons } = readinessIn(lifecycle?.phase ?? 'serving')
      const all = [...reasons]
      for (const { name, running } of pools)
        if (running.fit === false) all.push(`no endpoint of the pool ${name} is fit to serve`)
      return all.length === 0 ? READY : { ready: false, reasons: all }
    }
    return {
      handler: () => {
        const now = current()
        // A cache between would go on saying what is true no longer.
        return respondJson(now.ready ? 200 : 503, now, { 'Cache-Control': 'no-store' })
      },
      start: () => {},
      takeOver: () => {},
      close: () => {},
    }
  }
}
