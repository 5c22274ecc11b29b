import type { Clock, Timer } from '../../core/clock.ts'
import type { Wire } from '../../core/network.ts'
import { durationMs } from '../../core/options.ts'
import { bytesOf, chunk, isWhole, type WireReply } from './reply-bytes.ts'
import type { RequestFaults } from './upstream-faults.ts'

interface ReplyWriterOptions {
  readonly wire: Wire
  readonly clock: Clock
  /** Resolves when nothing holds the service back. */
  readonly running: () => Promise<void>
  /** `false` as soon as there is nobody to write to any more. */
  readonly mayWrite: () => boolean
}

/** @internal Writes replies to a connection, as fast as it takes them or as slowly as a fault wants. */
export class ReplyWriter {
  readonly #options: ReplyWriterOptions
  #sent = 0
  #timer: Timer | undefined
  #waiting: (() => void)[] = []

  constructor(options: ReplyWriterOptions) {
    this.#options = options
  }

  /** Bytes of the last reply that were written. */
  get sent(): number {
    return this.#sent
  }

  /** Writes what is whole. `false`: wait until it is `drained`. */
  writeWhole(bytes: Uint8Array): boolean {
    this.#sent = bytes.byteLength
    return this.#options.wire.write(bytes)
  }

  /** Writes a reply up to its cut. */
  async write(reply: WireReply, drip: RequestFaults['drip']): Promise<void> {
    this.#sent = 0
    await this.#write(reply.interim)
    let left = reply.cut
    const send = async (bytes: Uint8Array): Promise<void> => {
      const part = bytes.subarray(0, left)
      left -= part.byteLength
      if (drip === undefined) await this.#write(part)
      else await this.#drip(part, drip)
    }
    const { head, body, tail } = reply
    if (isWhole(body)) {
      // Together, as most services do.
      await send(Buffer.concat([head, bytesOf(body), tail]))
      return
    }
    await send(head)
    // What is cut off here must not wait for a body that is late.
    if (left === 0) return
    for await (const part of body) {
      await send(reply.chunked ? chunk(bytesOf(part)) : bytesOf(part))
      // Leaving the loop tells the generator.
      if (left === 0 || !this.#options.mayWrite()) break
    }
    await send(tail)
  }

  /** Resolves when all that was written has left, or nobody wants it any more. */
  async drained(): Promise<void> {
    const { wire, mayWrite } = this.#options
    while (mayWrite() && wire.pendingBytes > 0) await this.#wakened()
  }

  /** Resolves when so much time has passed, or at `close`. */
  async sleep(ms: number): Promise<void> {
    let over = false
    this.#timer = this.#options.clock.setTimeout(() => {
      over = true
      this.wake()
    }, ms)
    while (!over && this.#options.mayWrite()) await this.#wakened()
  }

  /** Looks again whether there is a reason to wait. */
  wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Ends all waiting. Nothing may be written any more. */
  close(): void {
    this.#timer?.clear()
    this.wake()
  }

  async #drip(bytes: Uint8Array, drip: NonNullable<RequestFaults['drip']>): Promise<void> {
    const everyMs = durationMs('fault.drip', 'every', drip.every)
    for (let at = 0; at < bytes.byteLength && this.#options.mayWrite(); at += drip.bytes) {
      await this.sleep(everyMs)
      await this.#write(bytes.subarray(at, at + drip.bytes))
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#options.running()
    if (bytes.byteLength === 0 || !this.#options.mayWrite()) return
    this.#sent += bytes.byteLength
    if (!this.#options.wire.write(bytes)) await this.drained()
  }

  #wakened(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
