import type { Address } from '../../core/network.ts'
import type { RawClient, RawResponse } from '../network/raw-client.ts'
import type { SimulationDriver } from './simulation-driver.ts'

/** One connection to a simulated proxy, byte by byte. Virtual time moves while what it gives is awaited. */
export interface SimulatedRawClient extends RawClient {
  /** Sends pieces one by one: without latency, each has reached the proxy before the next is sent. A string goes as latin1. */
  sendInPieces(pieces: Iterable<string | Uint8Array>): Promise<void>
}

/** @internal */
export class DrivenRawClient implements SimulatedRawClient {
  readonly #raw: RawClient
  readonly #driver: SimulationDriver

  constructor(raw: RawClient, driver: SimulationDriver) {
    this.#raw = raw
    this.#driver = driver
  }

  send(bytes: string | Uint8Array): Promise<void> {
    const sent = this.#driver.pending('client.send(...)', this.#raw.send(bytes))
    // The bytes are under way; who does not await does not wait for room, and that is all.
    this.#driver.excuse(sent)
    return sent
  }

  sendInPieces(pieces: Iterable<string | Uint8Array>): Promise<void> {
    const send = async (): Promise<void> => {
      for (const piece of pieces) {
        await this.#raw.send(piece)
        await this.#driver.standingStill(() => this.#driver.clock.settle())
      }
    }
    return this.#driver.pending('client.sendInPieces(...)', send())
  }

  read(count: number): Promise<Buffer> {
    return this.#driver.pending(`client.read(${count})`, this.#raw.read(count))
  }

  readToEnd(): Promise<Buffer> {
    return this.#driver.pending('client.readToEnd()', this.#raw.readToEnd())
  }

  response(options?: { readonly to?: string }): Promise<RawResponse> {
    return this.#driver.pending('client.response()', this.#raw.response(options))
  }

  close(): Promise<void> {
    const closed = this.#driver.pending('client.close()', this.#raw.close())
    this.#driver.excuse(closed)
    return closed
  }

  reset(): Promise<void> {
    const reset = this.#driver.pending('client.reset()', this.#raw.reset())
    this.#driver.excuse(reset)
    return reset
  }

  get closed(): Promise<Error | undefined> {
    const closed = this.#driver.pending('client.closed', this.#raw.closed)
    this.#driver.excuse(closed)
    return closed
  }

  end(): void {
    this.#raw.end()
  }

  pause(): void {
    this.#raw.pause()
  }

  resume(): void {
    this.#raw.resume()
  }

  get unread(): Buffer {
    return this.#raw.unread
  }

  get ended(): boolean {
    return this.#raw.ended
  }

  get local(): Address {
    return this.#raw.local
  }

  get remote(): Address {
    return this.#raw.remote
  }
}
