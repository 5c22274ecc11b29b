import type { ProxyErrorCode } from '../core/errors.ts'
import type { Connecting, ConnectOptions, Wire, WireHandler } from '../core/network.ts'
import { connectError } from '../transport/connect-error.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { Probe, ProbeVerdict } from './probe.ts'

/** What is said on the connection of a probe. Each call returns the verdict as soon as there is one. */
export interface ProbeTalk {
  /** The connection is made. */
  begin(wire: Wire): ProbeVerdict | undefined
  /** Bytes came. Their memory is only good for the call. */
  heard(chunk: Buffer): ProbeVerdict | undefined
  /** The other side sends no more. */
  ended(): ProbeVerdict
}

/** A probe has passed. */
export const PASSED: ProbeVerdict = { passed: true, reason: 'passed', status: undefined }

/** A probe has failed, and why. */
export function failure(reason: string): ProbeVerdict {
  return { passed: false, reason, status: undefined }
}

/**
 * - `connecting`, `securing`: the connection, or TLS on it, is being made.
 * - `talking`: it is made, and the verdict depends on what is said.
 * - `over`: the verdict was given, or the probe given up.
 */
type Phase =
  | { readonly kind: 'connecting' | 'securing'; readonly connecting: Connecting | undefined }
  | { readonly kind: 'talking'; readonly wire: Wire }
  | { readonly kind: 'over' }

const OVER: Phase = { kind: 'over' }

/** A probe on a connection that is none of HTTP/1.1. Closes it with the verdict. */
export class WireProbe implements Probe, WireHandler {
  readonly #target: ConnectOptions
  readonly #runtime: Runtime
  readonly #talk: ProbeTalk
  readonly #onVerdict: (probe: Probe, verdict: ProbeVerdict) => void
  #phase: Phase = { kind: 'connecting', connecting: undefined }

  constructor(
    target: ConnectOptions,
    runtime: Runtime,
    talk: ProbeTalk,
    onVerdict: (probe: Probe, verdict: ProbeVerdict) => void,
  ) {
    this.#target = target
    this.#runtime = runtime
    this.#talk = talk
    this.#onVerdict = onVerdict
  }

  start(): void {
    try {
      const connecting = this.#runtime.network.connect(this.#target, {
        onSecuring: () => this.#securing(),
        onConnect: (wire) => this.#connected(wire),
        onConnectError: (error) => this.#judge(failure(connectError(error).code)),
      })
      // Unless it is over before the call has returned.
      if (this.#phase.kind === 'connecting') this.#phase = { kind: 'connecting', connecting }
    } catch (error) {
      this.#judge(failure(connectError(error as Error).code))
    }
  }

  expire(): void {
    const { kind } = this.#phase
    if (kind !== 'over') this.#judge(failure(LATE[kind]))
  }

  close(): void {
    const phase = this.#phase
    this.#phase = OVER
    if (phase.kind === 'talking') phase.wire.destroy()
    else if (phase.kind !== 'over') phase.connecting?.cancel()
  }

  // The wire's side.

  onData(chunk: Buffer): boolean {
    if (this.#phase.kind === 'talking') this.#judge(this.#talk.heard(chunk))
    return true
  }

  onEnd(): void {
    if (this.#phase.kind === 'talking') this.#judge(this.#talk.ended())
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    this.#runtime.connectors.onWires(-1)
    if (this.#phase.kind === 'talking')
      this.#judge(error === undefined ? this.#talk.ended() : failure('upstream_reset'))
  }

  #securing(): void {
    if (this.#phase.kind === 'connecting')
      this.#phase = { kind: 'securing', connecting: this.#phase.connecting }
  }

  #connected(wire: Wire): void {
    wire.handler = this
    this.#runtime.connectors.onWires(1)
    this.#phase = { kind: 'talking', wire }
    this.#judge(this.#talk.begin(wire))
  }

  #judge(verdict: ProbeVerdict | undefined): void {
    if (verdict === undefined || this.#phase.kind === 'over') return
    this.close()
    this.#onVerdict(this, verdict)
  }
}

/** Why it has failed that took too long. */
const LATE: Readonly<Record<Exclude<Phase['kind'], 'over'>, ProxyErrorCode>> = {
  connecting: 'upstream_connect_timeout',
  securing: 'upstream_tls_timeout',
  talking: 'upstream_head_timeout',
}
