import type { Clock } from '../../core/clock.ts'
import type { Wire } from '../../core/network.ts'
import { durationMs } from '../../core/options.ts'
import { bytesOf, chunk, isWhole, type WireReply } from './reply-bytes.ts'
import type { RequestFaults } from './upstream-faults.ts'
import { Waiting } from './waiting.ts'

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
  readonly #waiting: Waiting

  constructor(options: ReplyWriterOptions) {
    this.#options = options
    this.#waiting = new Waiting(options.clock, options.mayWrite)
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
    while (mayWrite() && wire.pendingBytes > 0) await this.#waiting.wakened()
  }

  /** Resolves when so much time has passed, or at `close`. */
  sleep(ms: number): Promise<void> {
    return this.#waiting.sleep(ms)
  }

  /** Looks again whether there is a reason to wait. */
  wake(): void {
    this.#waiting.wake()
  }

  /** Ends all waiting. Nothing may be written any more. */
  close(): void {
    this.#waiting.close()
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
}
