import { type Attribute, attribute } from '../../core/attribute.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ResponseMessage } from '../../core/message.ts'
import type { TappedBody } from '../api.ts'
import type { BodyBudget } from './body-budget.ts'
import { maskedFields } from './masked-fields.ts'

/** Fields as a tap shows them. */
export type ShownFields = readonly (readonly [name: string, value: string])[]

/** What a tap has overheard of one exchange while that was under way: nothing of it is known any more when it is over. */
export class Overheard {
  readonly request: BodyCopy
  response: BodyCopy
  responseHeaders: ShownFields = []
  readonly #exchange: Exchange
  readonly #maxBytes: number
  readonly #budget: BodyBudget

  /** `maxBytes`: of each body, at most. */
  constructor(exchange: Exchange, maxBytes: number, budget: BodyBudget) {
    this.#exchange = exchange
    this.#maxBytes = maxBytes
    this.#budget = budget
    this.request = new BodyCopy(maxBytes, budget)
    this.response = new BodyCopy(maxBytes, budget)
    if (maxBytes > 0) exchange.request.body.overhear((chunk) => this.request.add(chunk))
    exchange.set(overheard, this)
  }

  /** The last one counts: an answer that could not be sent is followed by another one. */
  answered({ status, headers, body, tunnel }: ResponseMessage): void {
    this.responseHeaders = maskedFields(headers)
    this.response.release()
    const copy = new BodyCopy(this.#maxBytes, this.#budget)
    this.response = copy
    const hasContent = tunnel === undefined && this.#exchange.request.method !== 'HEAD' && status !== 304
    if (this.#maxBytes > 0 && hasContent) body.overhear((chunk) => copy.add(chunk))
  }

  /** The exchange is over, and was shown to whoever wanted it. */
  release(): void {
    this.request.release()
    this.response.release()
  }
}

/** Of exchanges that began while a tap was open that wants more than what is known at their end. */
export const overheard: Attribute<Overheard> = attribute('admin.overheard')

/** The begin of a body, as it went by. */
export class BodyCopy {
  readonly #maxBytes: number
  readonly #budget: BodyBudget
  #kept: Buffer[] = []
  #keptBytes = 0
  #bytes = 0

  constructor(maxBytes: number, budget: BodyBudget) {
    this.#maxBytes = maxBytes
    this.#budget = budget
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    const wanted = Math.min(chunk.byteLength, this.#maxBytes - this.#keptBytes)
    // What is behind a gap would be read as if it followed.
    if (wanted <= 0 || this.#keptBytes + chunk.byteLength < this.#bytes) return
    const granted = this.#budget.take(wanted)
    if (granted === 0) return
    this.#kept.push(Buffer.from(chunk.subarray(0, granted)))
    this.#keptBytes += granted
  }

  /** At most so many bytes of it; another tap may have wanted more. `undefined` where there was no body. */
  shown(maxBytes: number): TappedBody | undefined {
    if (this.#bytes === 0) return undefined
    const bytes = Buffer.concat(this.#kept).subarray(0, maxBytes)
    const cut = bytes.length < this.#bytes
    try {
      // A character that the limit has cut in two is left out.
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut })
      return { bytes: this.#bytes, cut, text }
    } catch {
      return { bytes: this.#bytes, cut, base64: bytes.toString('base64') }
    }
  }

  release(): void {
    this.#budget.give(this.#keptBytes)
    this.#keptBytes = 0
    this.#kept = []
  }
}
