import { Deadline } from '../core/clock.ts'
import type { ConnectOptions } from '../core/network.ts'
import type { ProbeResult } from '../core/observer.ts'
import { proxyHeader } from '../transport/proxy-protocol/header-writer.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { UpstreamLimits } from '../transport/upstream-limits.ts'
import type { EndpointSpec } from './endpoint-spec.ts'
import { GrpcProbes } from './grpc-probes.ts'
import type { HealthSettings } from './health-options.ts'
import { HttpProbes } from './http-probes.ts'
import type { Probe, ProbeMaker, ProbeVerdict } from './probe.ts'
import { TcpProbes } from './tcp-probes.ts'

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
  readonly #runtime: Runtime
  readonly #onResult: (result: ProbeResult) => void
  readonly #deadline: Deadline
  #settings: HealthSettings
  #probes: ProbeMaker
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
    this.#settings = settings
    this.#runtime = runtime
    this.#onResult = onResult
    this.#probes = probesOf(spec, settings, limits, host, runtime)
    this.#deadline = new Deadline(runtime.clock, () => this.#timeIsUp())
    this.#deadline.arm(this.#firstWaitMs())
  }

  /** Probes in another way, from the next probe on. One that is under way ends as it began. */
  follow(
    spec: EndpointSpec,
    settings: HealthSettings,
    limits: UpstreamLimits,
    host: string | undefined,
  ): void {
    const { intervalMs } = this.#settings
    const before = this.#probes
    this.#settings = settings
    this.#probes = probesOf(spec, settings, limits, host, this.#runtime)
    before.retire()
    // The next one may be due much earlier than it would have been.
    if (this.#phase.kind === 'waiting' && settings.intervalMs !== intervalMs)
      this.#deadline.arm(this.#firstWaitMs())
  }

  /** Gives up the probe that is under way, and begins no other. */
  close(): void {
    const phase = this.#phase
    if (phase.kind === 'closed') return
    this.#phase = CLOSED
    this.#deadline.close()
    if (phase.kind === 'probing') phase.probe.close()
    this.#probes.close()
  }

  #firstWaitMs(): number {
    const { intervalMs, jitter } = this.#settings
    return intervalMs * jitter * this.#runtime.random()
  }

  #timeIsUp(): void {
    const phase = this.#phase
    if (phase.kind === 'waiting') this.#begin()
    else if (phase.kind === 'probing') phase.probe.expire()
  }

  #begin(): void {
    const probe = this.#probes.make(this.#onVerdict)
    this.#phase = { kind: 'probing', probe, startedAt: this.#runtime.clock.now() }
    this.#deadline.arm(this.#settings.timeoutMs)
    // May fail, and be judged, before it returns.
    probe.start()
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

function probesOf(
  spec: EndpointSpec,
  settings: HealthSettings,
  limits: UpstreamLimits,
  host: string | undefined,
  runtime: Runtime,
): ProbeMaker {
  const elsewhere = probeTarget(spec, settings)
  const itself = elsewhere.host === spec.connect.host && elsewhere.port === spec.connect.port
  // An agent that answers for the endpoint expects no header of its protocol.
  const proxyProtocol = itself ? limits.proxyProtocol : 'off'
  const target =
    proxyProtocol === 'off' || settings.type === 'http'
      ? elsewhere
      : { ...elsewhere, preamble: proxyHeader(proxyProtocol, undefined) }
  const authority = itself ? spec.authority : authorityOf(target)
  switch (settings.type) {
    case 'http':
      return new HttpProbes(target, authority, host, settings, { ...limits, proxyProtocol }, runtime)
    case 'tcp':
      return new TcpProbes(target, settings, runtime)
    case 'grpc': {
      const { service, timeoutMs } = settings
      const question = { service, timeoutMs, authority: settings.host ?? host ?? authority }
      return new GrpcProbes(target, question, runtime)
    }
  }
}

/** Where an endpoint is probed: what it says itself goes before what its pool says. */
function probeTarget({ connect, probe }: EndpointSpec, { address, port }: HealthSettings): ConnectOptions {
  return {
    ...connect,
    host: probe?.host ?? address ?? connect.host,
    port: probe?.port ?? port ?? connect.port,
  }
}

/** Host and port as a `Host` field has them. */
function authorityOf({ host, port, tls }: ConnectOptions): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === (tls === undefined ? 80 : 443) ? name : `${name}:${port}`
}
