import type { ConnectOptions, Wire } from '../core/network.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { Probe, ProbeMaker, ProbeVerdict } from './probe.ts'
import { TALK_BYTES, type TcpHealthSettings } from './tcp-health-options.ts'
import { failure, PASSED, type ProbeTalk, WireProbe } from './wire-probe.ts'

/** Makes probes by connections, and by what comes on them: HAProxy's `tcp-check`, of one step. */
export class TcpProbes implements ProbeMaker {
  readonly #target: ConnectOptions
  readonly #settings: TcpHealthSettings
  readonly #runtime: Runtime

  constructor(target: ConnectOptions, settings: TcpHealthSettings, runtime: Runtime) {
    this.#target = target
    this.#settings = settings
    this.#runtime = runtime
  }

  make(onVerdict: (probe: Probe, verdict: ProbeVerdict) => void): Probe {
    const { send, expect } = this.#settings
    const talk = expect === undefined ? CONNECTS : new ExpectTalk(send, expect)
    return new WireProbe(this.#target, this.#runtime, talk, onVerdict)
  }

  // It holds nothing.
  retire(): void {}
  close(): void {}
}

/** The connection has said it all. */
const CONNECTS: ProbeTalk = {
  begin: () => PASSED,
  heard: () => undefined,
  ended: () => failure('upstream_reset'),
}

/** Sends, and waits until what is expected has come. */
class ExpectTalk implements ProbeTalk {
  readonly #send: Buffer | undefined
  readonly #expected: Buffer | RegExp
  #heard: Buffer = Buffer.alloc(0)

  constructor(send: Buffer | undefined, expected: Buffer | RegExp) {
    this.#send = send
    this.#expected = expected
  }

  begin(wire: Wire): undefined {
    if (this.#send !== undefined) wire.write(this.#send)
  }

  heard(chunk: Buffer): ProbeVerdict | undefined {
    this.#heard = Buffer.concat([this.#heard, chunk.subarray(0, TALK_BYTES - this.#heard.length)])
    if (this.#matches()) return PASSED
    return this.#heard.length === TALK_BYTES ? failure('expect') : undefined
  }

  ended(): ProbeVerdict {
    return failure(this.#heard.length === 0 ? 'upstream_reset' : 'expect')
  }

  #matches(): boolean {
    const expected = this.#expected
    if (Buffer.isBuffer(expected)) return this.#heard.includes(expected)
    // `search` begins at the start also where the pattern has the flag g.
    return this.#heard.toString('utf8').search(expected) >= 0
  }
}
