import type { Clock } from '../../src/core/clock.ts'
import type { Network, Wire } from '../../src/core/network.ts'
import { LISTENER_PORTS } from './gateway.ts'
import { pattern } from './pattern.ts'
import { Peer } from './peer.ts'
import { type ClientPlan, type RequestPlan, requestBytes } from './plan.ts'
import { ResponseReader } from './response-reader.ts'

/** Longer than every limit in time of the proxy, and all of them one after the other. */
const LONG_MS = 60_000

/** A client that does as its plan says, and keeps what it saw. */
export class ChaosClient {
  readonly plan: ClientPlan
  readonly reader: ResponseReader
  readonly violations: string[] = []
  /** When it left or stopped in the middle. */
  leftAtMs: number | undefined
  /** It is through with its plan, in the end. */
  done = false
  /** How many requests were sent to their last byte, and how many heads. */
  sent = 0
  heads = 0
  sentBytes = 0
  /** How the connection ended, if it did not end it itself. */
  end: 'orderly' | 'reset' | 'own' = 'own'
  readonly #network: Network
  readonly #clock: Clock
  #peer: Peer | undefined
  #readBytes = 0
  #unpausedBytes = 0
  #leavesAtSent = Number.POSITIVE_INFINITY
  #leavesAtRead = Number.POSITIVE_INFINITY

  constructor(plan: ClientPlan, network: Network, clock: Clock) {
    this.plan = plan
    this.#network = network
    this.#clock = clock
    this.reader = new ResponseReader((n) => {
      const request = plan.requests[n]
      if (n < this.heads && request?.malformed === undefined) return request?.method
      // Nobody can know the method of a request whose head did not come.
      return n < this.heads || n === this.#begun ? 'GET' : undefined
    })
  }

  async run(): Promise<void> {
    const { requests, fault, leave } = this.plan
    await this.#sleep(this.plan.startsAtMs)
    if (fault !== undefined) {
      const total = requests.reduce((sum, it) => {
        const { head, body } = requestBytes(it)
        return sum + head.length + body.length
      }, 0)
      if (fault.on === 'request') this.#leavesAtSent = Math.floor(fault.at * total)
      else {
        const expected = requests.reduce((sum, it) => sum + 200 + it.answer.size, 0)
        this.#leavesAtRead = 1 + Math.floor(fault.at * expected)
      }
    }
    const wire = await this.#connect()
    const peer = new Peer(wire, this.#clock, (chunk) => this.#read(chunk))
    this.#peer = peer
    for (const [i, request] of requests.entries()) {
      if (!this.plan.pipelined) await peer.until(() => this.#answered(i) || this.#gone, LONG_MS)
      if (this.#gone || (!this.plan.pipelined && !this.#answered(i))) break
      await this.#send(request, i)
      if (request.tunnel !== undefined) await this.#tunnel(request, i)
    }
    if (fault !== undefined && this.leftAtMs === undefined && fault.on === 'request' && fault.at === 1)
      this.#leave()
    await peer.until(() => this.#answered(requests.length) || this.#gone || peer.ended, LONG_MS)
    if (!this.#gone && !peer.ended && !this.#answered(requests.length))
      this.violations.push(`hangs: ${this.reader.responses.length} of ${requests.length} responses`)
    if (this.leftAtMs !== undefined) await peer.until(() => peer.ended, LONG_MS)
    else if (leave === 'wait') {
      await peer.until(() => peer.ended, LONG_MS)
      if (!peer.ended && !peer.closed) this.violations.push('an idle connection is never closed')
    }
    if (peer.closed && peer.error !== undefined) this.end = 'reset'
    else if (peer.ended) this.end = 'orderly'
    if (leave === 'end') {
      wire.end()
      await peer.until(() => peer.ended, LONG_MS)
    }
    if (!peer.closed) wire.destroy()
    this.#check(() => this.reader.end(peer.ended && peer.error === undefined))
    this.done = true
  }

  get #gone(): boolean {
    return this.#peer!.closed || this.leftAtMs !== undefined
  }

  #answered(count: number): boolean {
    return this.reader.responses.length >= count
  }

  /** The request that is being sent, or was sent last. */
  #begun = -1

  #connect(): Promise<Wire> {
    const port = LISTENER_PORTS[this.plan.listener]
    return new Promise((resolve, reject) => {
      this.#network.connect(
        { host: 'gateway', port },
        {
          onConnect: (wire) => {
            // Owned from the first moment on; `run` takes it over before anything can come.
            wire.handler = { onData: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }
            resolve(wire)
          },
          onConnectError: reject,
        },
      )
    })
  }

  async #send(request: RequestPlan, n: number): Promise<void> {
    const { head, body } = requestBytes(request)
    const before = this.reader.continues
    this.#begun = n
    await this.#write(head)
    if (this.#gone) return
    this.heads = n + 1
    if (request.body?.expect === true)
      await this.#peer!.until(
        () => this.reader.continues > before || this.#answered(n + 1) || this.#peer!.ended,
        1_000,
      )
    // A final answer in place of the 100: the body is not wanted.
    if (request.body?.expect === true && this.reader.continues === before && this.#answered(n + 1)) return
    await this.#write(body)
    if (!this.#gone) this.sent = n + 1
  }

  async #write(bytes: Buffer): Promise<void> {
    const { pieceBytes, pieceMs } = this.plan
    const size = Math.max(pieceBytes, Math.ceil(bytes.length / 50))
    for (let at = 0; at < bytes.length && !this.#gone; at += size) {
      let piece = bytes.subarray(at, at + size)
      const room = this.#leavesAtSent - this.sentBytes
      if (piece.length > room) piece = piece.subarray(0, room)
      this.#peer!.wire.write(piece)
      this.sentBytes += piece.length
      if (this.sentBytes >= this.#leavesAtSent) {
        // Sometimes at once, sometimes after the proxy has had the bytes for a while.
        if (this.sentBytes % 2 === 0) await this.#sleep(20)
        this.#leave()
        return
      }
      if (at + size < bytes.length) await this.#peer!.sleep(pieceMs)
    }
  }

  #read(chunk: Buffer): void {
    if (this.#readBytes < this.#leavesAtRead) {
      this.#readBytes += chunk.length
      this.#check(() => this.reader.push(Buffer.from(chunk)))
      if (this.#readBytes >= this.#leavesAtRead) {
        this.#leave()
        return
      }
    } else this.#check(() => this.reader.push(Buffer.from(chunk)))
    const slow = this.plan.slowReader
    if (slow === undefined) return
    this.#unpausedBytes += chunk.length
    if (this.#unpausedBytes < slow.bytes) return
    this.#unpausedBytes = 0
    const { wire } = this.#peer!
    wire.pause()
    this.#clock.setTimeout(() => {
      if (this.plan.fault?.how !== 'stall' || this.leftAtMs === undefined) wire.resume()
    }, slow.ms)
  }

  #leave(): void {
    if (this.leftAtMs !== undefined) return
    this.leftAtMs = this.#clock.now()
    const { wire } = this.#peer!
    const { on, how } = this.plan.fault!
    if (how === 'end') wire.end()
    else if (how === 'destroy') wire.destroy()
    else if (how === 'reset') wire.reset()
    else if (on === 'response') wire.pause()
    this.#peer!.changed()
  }

  async #tunnel({ id, tunnel }: RequestPlan, n: number): Promise<void> {
    const peer = this.#peer!
    await peer.until(() => this.#answered(n + 1) || this.#gone || peer.ended, LONG_MS)
    if (this.#gone || this.reader.responses[n]?.status !== 101 || tunnel === undefined) return
    await this.#write(pattern(id, 'request', tunnel.size))
    if (this.#gone) return
    const came = (): number => this.reader.tunnel.reduce((sum, it) => sum + it.length, 0)
    if (tunnel.end === 'client-end') peer.wire.end()
    else if (tunnel.end === 'client-reset') {
      await peer.sleep(1)
      peer.wire.reset()
      return
    } else if (tunnel.end === 'upstream-end') {
      await peer.until(() => peer.ended, LONG_MS)
      peer.wire.end()
    }
    await peer.until(() => peer.ended || came() < 0, LONG_MS)
    if (!peer.ended && !this.#gone) this.violations.push(`a tunnel that was left open (${tunnel.end})`)
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, ms))
  }

  #check(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.violations.push(String(error))
    }
  }
}
