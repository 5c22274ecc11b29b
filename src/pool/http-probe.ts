import type { BodySink, BodySource } from '../core/body-source.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { MemoryUse } from '../core/network.ts'
import { Attempt } from '../transport/attempt.ts'
import type { Connector } from '../transport/connector.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { HttpHealthSettings } from './http-health-options.ts'
import type { Probe, ProbeVerdict } from './probe.ts'
import { inRanges } from './status-range.ts'

/** How much of a body is looked at. */
const BODY_BYTES = 65_536

/** Made once: nobody is shown it, and a stack of its own would be dearer than all else about a probe. */
const SEEN_ENOUGH = new ProxyError('exchange_aborted', { detail: 'enough of the answer was read' })

/** A probe by an HTTP request: an attempt without a lease, since nobody waits for its response. */
export class HttpProbe extends Attempt implements Probe {
  readonly #connector: Connector
  readonly #settings: HttpHealthSettings
  readonly #onVerdict: (probe: Probe, verdict: ProbeVerdict) => void
  #status: number | undefined
  #securing = false
  #judged = false

  constructor(
    connector: Connector,
    exchange: Exchange,
    policy: OutgoingPolicy,
    settings: HttpHealthSettings,
    onVerdict: (probe: Probe, verdict: ProbeVerdict) => void,
  ) {
    super(exchange, exchange.request, policy)
    this.#connector = connector
    this.#settings = settings
    this.#onVerdict = onVerdict
  }

  start(): void {
    this.#connector.send(this)
  }

  override tlsBegan(): void {
    this.#securing = true
  }

  expire(): void {
    const code =
      this.sent === 'none'
        ? this.#securing
          ? 'upstream_tls_timeout'
          : 'upstream_connect_timeout'
        : this.sent === 'response'
          ? 'upstream_body_timeout'
          : 'upstream_head_timeout'
    this.abort(new ProxyError(code, { sent: this.sent }))
  }

  close(): void {
    this.#judged = true
    this.abort(new ProxyError('proxy_closed', { sent: this.sent }))
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
