import type { BodySink, BodySource } from '../core/body-source.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { MemoryUse } from '../core/network.ts'
import type { ProbeResult } from '../core/observer.ts'
import { Attempt } from '../transport/attempt.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { HealthSettings } from './health-options.ts'
import { inRanges } from './status-range.ts'

/** What a probe has found. How long it took is known to whoever sent it. */
export type ProbeVerdict = Omit<ProbeResult, 'durationMs'>

/** How much of a body is looked at. */
const BODY_BYTES = 65_536

/** Made once: nobody is shown it, and a stack of its own would be dearer than all else about a probe. */
const SEEN_ENOUGH = new ProxyError('exchange_aborted', { detail: 'enough of the answer was read' })

/** One probe: an attempt without a lease, since nobody waits for its response. Gives its verdict once. */
export class Probe extends Attempt {
  readonly #settings: HealthSettings
  readonly #onVerdict: (probe: Probe, verdict: ProbeVerdict) => void
  #status: number | undefined
  #judged = false

  constructor(
    exchange: Exchange,
    policy: OutgoingPolicy,
    settings: HealthSettings,
    onVerdict: (probe: Probe, verdict: ProbeVerdict) => void,
  ) {
    super(exchange, exchange.request, policy)
    this.#settings = settings
    this.#onVerdict = onVerdict
  }

  /** It has taken too long. */
  expire(): void {
    const code =
      this.sent === 'none'
        ? 'upstream_connect_timeout'
        : this.sent === 'response'
          ? 'upstream_body_timeout'
          : 'upstream_head_timeout'
    this.abort(new ProxyError(code, { sent: this.sent }))
  }

  protected responded({ status, body }: ResponseMessage): void {
    this.#status = status
    const { statuses, body: expected } = this.#settings
    const passes = inRanges(statuses, status)
    if (passes && expected !== undefined) {
      const source = body.take()
      source.open(
        new BodyMatch(source, expected, (matched) => this.#judge(matched, matched ? 'passed' : 'body')),
      )
      return
    }
    // The head has said it all: whatever else comes is not waited for.
    this.#judge(passes, passes ? 'passed' : `status ${status}`)
    body.discard(SEEN_ENOUGH)
  }

  protected failed(error: ProxyError): void {
    this.#judge(false, error.code)
  }

  protected ended(error: ProxyError | undefined): void {
    if (error !== undefined) this.#judge(false, error.code)
  }

  #judge(passed: boolean, reason: string): void {
    if (this.#judged) return
    this.#judged = true
    this.#onVerdict(this, { passed, reason, status: this.#status })
  }
}

/** Reads a body as far as it is looked at, and says whether it is as expected. Says nothing of one that breaks off. */
class BodyMatch implements BodySink {
  readonly #source: BodySource
  readonly #expected: string | RegExp
  readonly #onMatched: (matched: boolean) => void
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #over = false

  constructor(source: BodySource, expected: string | RegExp, onMatched: (matched: boolean) => void) {
    this.#source = source
    this.#expected = expected
    this.#onMatched = onMatched
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#over) return true
    this.#chunks.push(Buffer.from(chunk.subarray(0, BODY_BYTES - this.#bytes)))
    this.#bytes += chunk.byteLength
    if (this.#bytes >= BODY_BYTES) {
      this.onEnd()
      this.#source.cancel(SEEN_ENOUGH)
    }
    return true
  }

  onEnd(): void {
    if (this.#over) return
    this.#over = true
    const text = Buffer.concat(this.#chunks).toString('utf8')
    const expected = this.#expected
    // `search` begins at the start also where the pattern has the flag g.
    this.#onMatched(typeof expected === 'string' ? text.includes(expected) : text.search(expected) >= 0)
  }

  onError(): void {
    this.#over = true
  }
}
