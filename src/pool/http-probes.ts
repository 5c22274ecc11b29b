import { Exchange, type ExchangeHost, NOBODY } from '../core/exchange.ts'
import { RequestMessage } from '../core/message.ts'
import type { ConnectOptions } from '../core/network.ts'
import { randomId } from '../core/random.ts'
import { handlersBeside } from '../core/side-call.ts'
import type { Connector } from '../transport/connector.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { UpstreamLimits } from '../transport/upstream-limits.ts'
import type { HttpHealthSettings } from './http-health-options.ts'
import { HttpProbe } from './http-probe.ts'
import type { Probe, ProbeMaker, ProbeVerdict } from './probe.ts'

/** Makes probes by HTTP requests, through the same engine as any request, with limits of their own. */
export class HttpProbes implements ProbeMaker {
  readonly #settings: HttpHealthSettings
  readonly #runtime: Runtime
  readonly #target: ConnectOptions
  readonly #limits: UpstreamLimits
  readonly #policy: OutgoingPolicy
  readonly #host: ExchangeHost
  readonly #connector: Connector

  /** `authority` is host and port of what is probed; `host` the `Host` of the pool's own, where it has a fixed one. */
  constructor(
    target: ConnectOptions,
    authority: string,
    host: string | undefined,
    settings: HttpHealthSettings,
    limits: UpstreamLimits,
    runtime: Runtime,
  ) {
    const { clock, random, connectors } = runtime
    this.#settings = settings
    this.#runtime = runtime
    this.#target = target
    this.#limits = { ...limits, ...PROBE_LIMITS }
    this.#policy = {
      close: true,
      host: settings.host ?? host ?? authority,
      authority,
      xForwarded: false,
      forwarded: false,
      via: undefined,
    }
    this.#host = { clock, random, ...NOBODY_ASKS, makeId: () => randomId(random) }
    this.#connector = connectors.acquire(target, this.#limits, 'http')
  }

  make(onVerdict: (probe: Probe, verdict: ProbeVerdict) => void): Probe {
    const { method, path, headers } = this.#settings
    const request = new RequestMessage({ method, target: path, host: this.#policy.authority, headers })
    const exchange = new Exchange(request, NOBODY, this.#host, this.#runtime.clock.now())
    return new HttpProbe(this.#connector, exchange, this.#policy, this.#settings, onVerdict)
  }

  retire(): void {
    this.#runtime.connectors.retire(this.#target, this.#limits, 'http')
  }

  close(): void {
    this.#runtime.connectors.release(this.#target, this.#limits, 'http')
  }
}

/** A probe has one limit in time, its own. It never waits for another's connection, and leaves none behind. */
const PROBE_LIMITS = {
  maxConnections: Number.POSITIVE_INFINITY,
  idleMs: 0,
  connectMs: Number.POSITIVE_INFINITY,
  tlsMs: Number.POSITIVE_INFINITY,
  headMs: Number.POSITIVE_INFINITY,
  bodyIdleMs: Number.POSITIVE_INFINITY,
  sendIdleMs: Number.POSITIVE_INFINITY,
  bodyBytes: Number.POSITIVE_INFINITY,
} satisfies Partial<UpstreamLimits>

/** There is no one to send interim responses to, and no filter that could throw. */
const NOBODY_ASKS: Pick<ExchangeHost, 'beside' | 'inform' | 'aborted' | 'report'> = {
  beside: handlersBeside,
  inform: () => {},
  aborted: () => {},
  report: () => {},
}
