import { toProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { FieldKind } from '../../core/field-name.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { ResponseMessage } from '../../core/message.ts'
import { BodyCopy } from './body-copy.ts'
import { type RecordedBody, recordedBody } from './recorded-body.ts'
import type { RecordedExchange, RecordedRequest, RecordedResponse } from './recording-file.ts'
import type { Redactor } from './redaction.ts'

/** Of the connection, or written by the proxy itself. */
const REQUEST_DROPPED =
  FieldKind.hopByHop |
  FieldKind.framing |
  FieldKind.host |
  FieldKind.expect |
  FieldKind.forwarding |
  FieldKind.disguised
const RESPONSE_DROPPED = FieldKind.hopByHop | FieldKind.framing

/** What bodies are unpacked to, at most, to be looked into for secrets. */
const LEAST_UNPACKED_BYTES = 16 * 1024 * 1024

interface ResponseHead {
  readonly status: number
  readonly reason: string | undefined
  readonly afterMs: number
  readonly headers: HeaderList
}

/** What is noted of one attempt, from its begin until its response has ended. */
export class AttemptNote {
  readonly #pool: string
  readonly #exchange: Exchange
  readonly #maxBodyBytes: number
  readonly #onOver: () => void
  readonly #startedAt: number
  readonly #method: string
  readonly #target: string
  readonly #headers: HeaderList
  readonly #sent: BodyCopy
  #head: ResponseHead | undefined
  #received: BodyCopy | undefined
  #end: { readonly noResponse?: string; readonly brokeOff?: string } | undefined

  constructor(pool: string, exchange: Exchange, maxBodyBytes: number, onOver: () => void) {
    const { request } = exchange
    this.#pool = pool
    this.#exchange = exchange
    this.#maxBodyBytes = maxBodyBytes
    this.#onOver = onOver
    this.#startedAt = exchange.clock.now()
    this.#method = request.method
    this.#target = request.target
    this.#headers = request.headers.clone()
    this.#sent = new BodyCopy(request.body, maxBodyBytes)
    request.body = this.#sent.body
  }

  responded(response: ResponseMessage): void {
    const { tunnel, status, reason } = response
    if (tunnel !== undefined) {
      this.#over({ noResponse: `switched to ${tunnel.protocol}: what goes through a tunnel is not recorded` })
      return
    }
    // Now, because filters further out may change the response.
    const afterMs = Math.round((this.#exchange.clock.now() - this.#startedAt) * 100) / 100
    this.#head = { status, reason, afterMs, headers: response.headers.clone() }
    const received = new BodyCopy(response.body, this.#maxBodyBytes)
    this.#received = received
    if (received.body !== response.body) response.body = received.body.fromUpstream()
    received.whenOver((error) => {
      this.#over(error === undefined ? {} : { brokeOff: toProxyError(error).code })
    })
  }

  failed(thrown: unknown): void {
    const { code, title } = toProxyError(thrown)
    this.#over({ noResponse: `${code}: ${title}` })
  }

  /** It is over without an end of its own. */
  abandon(why: string): void {
    this.#over(this.#head === undefined ? { noResponse: why } : { brokeOff: why })
  }

  /** All that was noted, without secrets. */
  describe(redactor: Redactor): RecordedExchange {
    const head = this.#head
    const received = this.#received
    const { noResponse, brokeOff } = this.#end ?? {}
    const request: RecordedRequest = {
      method: this.#method,
      target: redactor.target(this.#target),
      ...this.#content(this.#headers, REQUEST_DROPPED, this.#sent, redactor),
    }
    const endpoint = redactor.field('endpoint', this.#exchange.endpoint?.url ?? '')
    const exchange = { pool: this.#pool, endpoint, request }
    if (head === undefined || received === undefined) return { ...exchange, noResponse: noResponse ?? '' }
    // Where there is no content, its length tells of the content that there would have been.
    const dropped = this.#method === 'HEAD' || head.status === 304 ? FieldKind.hopByHop : RESPONSE_DROPPED
    const response: RecordedResponse = {
      status: head.status,
      ...(head.reason && { reason: redactor.field('reason', head.reason) }),
      afterMs: head.afterMs,
      ...this.#content(head.headers, dropped, received, redactor),
      ...(brokeOff !== undefined && { brokeOff }),
    }
    return { ...exchange, response }
  }

  #over(end: { readonly noResponse?: string; readonly brokeOff?: string }): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#onOver()
  }

  #content(
    headers: HeaderList,
    dropped: number,
    copy: BodyCopy,
    redactor: Redactor,
  ): Pick<RecordedResponse, 'headers' | 'body' | 'trailers'> {
    const { body, decoded } = this.#body(headers, copy, redactor)
    const { trailers } = copy
    return {
      headers: fieldLines(headers, dropped, redactor, decoded),
      ...(body !== undefined && { body }),
      ...(trailers !== undefined &&
        trailers.size > 0 && { trailers: fieldLines(trailers, RESPONSE_DROPPED, redactor, false) }),
    }
  }

  #body(
    headers: HeaderList,
    copy: BodyCopy,
    redactor: Redactor,
  ): { readonly body?: RecordedBody; readonly decoded: boolean } {
    const { bytes } = copy
    if (bytes === undefined)
      return { body: { omitted: `it is longer than ${this.#maxBodyBytes} bytes` }, decoded: false }
    // The half of a request says nothing about which request it was; the half of a response can be told again.
    if (copy === this.#sent && !copy.whole)
      return { body: { omitted: 'it was not sent whole' }, decoded: false }
    const type = headers.get('content-type')
    const unpacked = Math.max(this.#maxBodyBytes, LEAST_UNPACKED_BYTES)
    const clean = redactor.body(bytes, type, headers.get('content-encoding'), unpacked)
    if ('omitted' in clean) return { body: clean, decoded: false }
    return {
      ...(clean.bytes.length > 0 && { body: recordedBody(clean.bytes) }),
      decoded: clean.decoded,
    }
  }
}

function fieldLines(headers: HeaderList, dropped: number, redactor: Redactor, decoded: boolean): string[] {
  return headers.fields.flatMap(({ wire, lower, kind }, i) => {
    if ((kind & dropped) !== 0 || (decoded && lower === 'content-encoding')) return []
    return [`${wire}: ${redactor.field(wire, headers.values[i]!)}`]
  })
}
