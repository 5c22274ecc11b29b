import { Deadline } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import { type Client, Exchange, type ExchangeHost } from '../core/exchange.ts'
import { RequestMessage } from '../core/message.ts'
import type { ConnectOptions } from '../core/network.ts'
import type { ProbeResult } from '../core/observer.ts'
import { randomId } from '../core/random.ts'
import type { Connector } from '../transport/connector.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { UpstreamLimits } from '../transport/upstream-limits.ts'
import type { EndpointSpec } from './endpoint-spec.ts'
import type { HealthSettings } from './health-options.ts'
import { Probe, type ProbeVerdict } from './probe.ts'

/**
 * - `waiting`: for the time of the next probe.
 * - `probing`: one probe is under way; there is never a second one.
 * - `closed`: over.
 */
type Phase =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'probing'; readonly probe: Probe; readonly startedAt: number }
  | { readonly kind: 'closed' }

const WAITING: Phase = { kind: 'waiting' }
const CLOSED: Phase = { kind: 'closed' }

/**
 * Probes one endpoint again and again, from its making until it is closed.
 *
 * Every probe makes a connection of its own, as HAProxy's do, and closes it after the verdict. Thus it meets what a new
 * client would meet: the name is resolved, the connection accepted, the certificate checked. A probe on a kept connection
 * goes on passing where nobody gets in any more, and one on the pool's connections would wait behind the requests it is to
 * protect, and take a connection from them.
 */
export class Prober {
  readonly #settings: HealthSettings
  readonly #runtime: Runtime
  readonly #onResult: (result: ProbeResult) => void
  readonly #target: ConnectOptions
  readonly #limits: UpstreamLimits
  readonly #policy: OutgoingPolicy
  readonly #host: ExchangeHost
  readonly #connector: Connector
  readonly #deadline: Deadline
  #phase: Phase = WAITING

  /** `host` is the `Host` of the pool's own, where it has a fixed one. */
  constructor(
    spec: EndpointSpec,
    settings: HealthSettings,
    limits: UpstreamLimits,
    host: string | undefined,
    runtime: Runtime,
    onResult: (result: ProbeResult) => void,
  ) {
    const { clock, random, connectors } = runtime
    const { port = spec.connect.port, intervalMs, jitter } = settings
    this.#settings = settings
    this.#runtime = runtime
    this.#onResult = onResult
    this.#target = { ...spec.connect, port }
    this.#limits = { ...limits, ...PROBE_LIMITS }
    const authority = port === spec.connect.port ? spec.authority : authorityOf(this.#target)
    this.#policy = {
      close: true,
      host: settings.host ?? host ?? authority,
      authority,
      xForwarded: false,
      forwarded: false,
      via: undefined,
    }
    this.#host = { clock, random, ...NOBODY_ASKS, makeId: () => randomId(random) }
    this.#connector = connectors.acquire(this.#target, this.#limits)
    this.#deadline = new Deadline(clock, () => this.#timeIsUp())
    this.#deadline.arm(intervalMs * jitter * random())
  }

  /** Gives up the probe that is under way, and begins no other. */
  close(): void {
    const phase = this.#phase
    if (phase.kind === 'closed') return
    this.#phase = CLOSED
    this.#deadline.close()
    if (phase.kind === 'probing')
      phase.probe.abort(new ProxyError('proxy_closed', { sent: phase.probe.sent }))
    this.#runtime.connectors.release(this.#target, this.#limits)
  }

  #timeIsUp(): void {
    const phase = this.#phase
    if (phase.kind === 'waiting') this.#begin()
    else if (phase.kind === 'probing') phase.probe.expire()
  }

  #begin(): void {
    const { method, path, headers, timeoutMs } = this.#settings
    const startedAt = this.#runtime.clock.now()
    const request = new RequestMessage({ method, target: path, host: this.#policy.authority, headers })
    const exchange = new Exchange(request, NO_CLIENT, this.#host, startedAt)
    const probe = new Probe(exchange, this.#policy, this.#settings, this.#onVerdict)
    this.#phase = { kind: 'probing', probe, startedAt }
    this.#deadline.arm(timeoutMs)
    // May fail, and be judged, before it returns.
    this.#connector.send(probe)
  }

  readonly #onVerdict = (probe: Probe, verdict: ProbeVerdict): void => {
    const phase = this.#phase
    if (phase.kind !== 'probing' || phase.probe !== probe) return
    const { clock, random } = this.#runtime
    const { intervalMs, jitter } = this.#settings
    const durationMs = clock.now() - phase.startedAt
    this.#phase = WAITING
    // From begin to begin, so that slow answers do not make probes rarer; a probe that took longer is followed at once.
    this.#deadline.arm(Math.max(0, intervalMs * (1 + jitter * random()) - durationMs))
    this.#onResult({ ...verdict, durationMs })
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

/** A probe is sent for no client, and says so by sending nothing of one. */
const NO_CLIENT: Client = {
  address: '',
  port: 0,
  peer: { address: '', port: 0 },
  scheme: 'http',
  localPort: 0,
  tls: undefined,
  forwarding: { forwardedFor: undefined, forwarded: undefined, host: undefined, port: undefined },
}

/** There is no one to send interim responses to, and no filter that could throw. */
const NOBODY_ASKS: Pick<ExchangeHost, 'inform' | 'aborted' | 'report'> = {
  inform: () => {},
  aborted: () => {},
  report: () => {},
}

/** Host and port as a `Host` field has them. */
function authorityOf({ host, port, tls }: ConnectOptions): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === (tls === undefined ? 80 : 443) ? name : `${name}:${port}`
}
