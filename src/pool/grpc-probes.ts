import type { ConnectOptions } from '../core/network.ts'
import type { Runtime } from '../transport/runtime.ts'
import { GrpcHealthCall, type GrpcHealthQuestion } from './grpc-health-call.ts'
import type { Probe, ProbeMaker, ProbeVerdict } from './probe.ts'
import { WireProbe } from './wire-probe.ts'

/** Makes probes by gRPC's health checking protocol, each on a connection of its own. */
export class GrpcProbes implements ProbeMaker {
  readonly #target: ConnectOptions
  readonly #question: GrpcHealthQuestion
  readonly #runtime: Runtime

  constructor(target: ConnectOptions, question: GrpcHealthQuestion, runtime: Runtime) {
    const { tls } = target
    this.#target = tls === undefined ? target : { ...target, tls: { ...tls, alpn: ['h2'] } }
    this.#question = question
    this.#runtime = runtime
  }

  make(onVerdict: (probe: Probe, verdict: ProbeVerdict) => void): Probe {
    return new WireProbe(this.#target, this.#runtime, new GrpcHealthCall(this.#question), onVerdict)
  }

  // It holds nothing.
  retire(): void {}
  close(): void {}
}
