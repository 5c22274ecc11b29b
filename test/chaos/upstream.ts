import type { Clock } from '../../src/core/clock.ts'
import type { BoundListener, Network, Wire } from '../../src/core/network.ts'
import type { Dice } from './dice.ts'
import { masked, pattern } from './pattern.ts'
import { Peer } from './peer.ts'
import { answerBytes, BROKEN_CHUNK_STATUS, type RequestPlan, type TunnelPlan } from './plan.ts'

const EXTRA = Buffer.from('XXXX\r\n\r\n')
/** Longer than every limit in time of the proxy. */
const LONG_MS = 120_000

/** The services: each answers as the plan of the request says, and looks at what came. */
export class ChaosUpstream {
  readonly plans: readonly RequestPlan[]
  readonly clock: Clock
  readonly dice: Dice
  /** What the proxy did wrong. */
  readonly violations: string[] = []
  /** How often each request came. */
  readonly asked = new Map<number, number>()
  readonly connections = new Set<UpstreamConnection>()
  #listeners: BoundListener[] = []

  constructor(plans: readonly RequestPlan[], clock: Clock, dice: Dice) {
    this.plans = plans
    this.clock = clock
    this.dice = dice
  }

  async listen(network: Network, hosts: readonly string[]): Promise<void> {
    for (const host of hosts)
      this.#listeners.push(
        await network.listen({ host, port: 80 }, (wire) => new UpstreamConnection(wire, this)),
      )
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) await listener.close()
    for (const connection of this.connections) connection.peer.wire.destroy()
  }

  /** Exchanges whose connection the proxy still holds. */
  held(): string[] {
    return Array.from(this.connections, (it) => it.held).filter((it) => it !== undefined)
  }

  violation(plan: RequestPlan | undefined, what: string): void {
    this.violations.push(`upstream, exchange ${plan?.id}: ${what}`)
  }
}

class UpstreamConnection {
  readonly peer: Peer
  readonly #owner: ChaosUpstream
  #buffer = Buffer.alloc(0)
  #plan: RequestPlan | undefined
  #framing: 'length' | 'chunk-size' | 'chunk-data' | 'trailers' | 'done' = 'done'
  #left = 0
  #body: Buffer[] = []
  #received = 0
  #answered = false
  /** It sent more than its answer, and may get no further request. */
  #spoilt = false
  /** Set when a tunnel has its bytes. */
  #tunnel: ((chunk: Buffer) => void) | undefined

  constructor(wire: Wire, owner: ChaosUpstream) {
    this.#owner = owner
    this.peer = new Peer(
      wire,
      owner.clock,
      (chunk) => this.#read(chunk),
      () => {
        // The proxy gives up, or lets an idle connection go. In a tunnel it is one side that has ended.
        if (this.#tunnel === undefined) wire.end()
      },
    )
    owner.connections.add(this)
  }

  get held(): string | undefined {
    if (this.peer.closed) return undefined
    const plan = this.#plan
    return plan === undefined ? 'an idle connection' : `the connection of exchange ${plan.id} (${plan.route})`
  }

  #read(chunk: Buffer): void {
    if (this.#tunnel !== undefined) {
      this.#tunnel(Buffer.from(chunk))
      return
    }
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    while (this.#advance());
  }

  #advance(): boolean {
    if (this.#plan === undefined) return this.#readHead()
    switch (this.#framing) {
      case 'done':
        // What follows a whole answer is the next request, or was on its way when this connection ended.
        if (this.#buffer.length > 0 && !this.#answered) {
          this.#wrong(`bytes after the request: ${JSON.stringify(this.#buffer.toString('latin1', 0, 80))}`)
          this.#buffer = Buffer.alloc(0)
        }
        return false
      case 'length':
      case 'chunk-data': {
        const taken = this.#buffer.subarray(0, this.#left)
        if (taken.length > 0) this.#body.push(taken)
        this.#received += taken.length
        this.#left -= taken.length
        this.#buffer = this.#buffer.subarray(taken.length)
        if (this.#left > 0) return false
        if (this.#framing === 'length') return this.#requestEnded()
        if (this.#buffer.length < 2) return false
        if (this.#buffer.toString('latin1', 0, 2) !== '\r\n') this.#wrong('a chunk without its end')
        this.#buffer = this.#buffer.subarray(2)
        this.#framing = 'chunk-size'
        return true
      }
      case 'chunk-size': {
        const line = this.#line()
        if (line === undefined) return false
        if (!/^[0-9a-f]+$/.test(line)) this.#wrong(`a chunk size of ${JSON.stringify(line)}`)
        this.#left = Number.parseInt(line, 16)
        this.#framing = this.#left === 0 ? 'trailers' : 'chunk-data'
        return true
      }
      case 'trailers': {
        const line = this.#line()
        if (line === undefined) return false
        if (line === '') return this.#requestEnded()
        if (line !== `X-Trailer: ${this.#plan.id}`) this.#wrong(`a trailer of ${JSON.stringify(line)}`)
        return true
      }
    }
  }

  #readHead(): boolean {
    const end = this.#buffer.indexOf('\r\n\r\n')
    if (end < 0) return false
    const head = this.#buffer.toString('latin1', 0, end + 2)
    this.#buffer = this.#buffer.subarray(end + 4)
    const id = /\r\nX-Chaos-Id: (\d+)\r\n/.exec(head)?.[1]
    const plan = this.#owner.plans[Number(id)]
    if (plan === undefined || plan.malformed !== undefined) {
      this.#owner.violation(plan, `a request that nobody sent: ${JSON.stringify(head.slice(0, 200))}`)
      return false
    }
    this.#plan = plan
    if (this.#spoilt) this.#wrong('a request on a connection with bytes behind the last answer')
    const expected = `${plan.method} /${plan.route}/${plan.id}?q=${plan.id} HTTP/1.1\r\nHost: chaos\r\n`
    if (!head.startsWith(expected)) this.#wrong(`a head of ${JSON.stringify(head.slice(0, 100))}`)
    const length = /\r\nContent-Length: (\d+)\r\n/i.exec(head)?.[1]
    this.#body = []
    this.#received = 0
    const asked = (this.#owner.asked.get(plan.id) ?? 0) + 1
    this.#owner.asked.set(plan.id, asked)
    // RFC 9110 section 9.2.2: a proxy must not send it again by itself, and no filter here does.
    if (plan.method === 'POST' && asked > 1) this.#wrong(`sent ${asked} times`)
    if (/\r\nTransfer-Encoding: chunked\r\n/i.test(head)) {
      if (length !== undefined) this.#wrong('both length and coding')
      this.#framing = 'chunk-size'
    } else {
      this.#left = Number(length ?? 0)
      this.#framing = 'length'
      if (this.#left === 0) this.#requestEnded()
    }
    void this.#serve(plan)
    return true
  }

  #line(): string | undefined {
    const end = this.#buffer.indexOf('\r\n')
    if (end < 0) return undefined
    const line = this.#buffer.toString('latin1', 0, end)
    this.#buffer = this.#buffer.subarray(end + 2)
    return line
  }

  #requestEnded(): true {
    this.#framing = 'done'
    const { id, body, route } = this.#plan!
    const sent = pattern(id, 'request', body?.size ?? 0)
    const expected = route === 'transform' ? masked(sent) : sent
    if (!Buffer.concat(this.#body).equals(expected))
      this.#wrong(`a whole request with a wrong body: ${this.#received} bytes, expected ${expected.length}`)
    return true
  }

  async #serve(plan: RequestPlan): Promise<void> {
    const { answer } = plan
    const { peer } = this
    const done = (): boolean => this.#framing === 'done'
    if (answer.pauseMs > 0) {
      peer.wire.pause()
      await peer.sleep(answer.pauseMs)
      peer.wire.resume()
    }
    if (answer.begins === 'end') await peer.until(done, LONG_MS)
    else if (answer.begins === 'middle')
      await peer.until(() => done() || this.#received * 2 >= (plan.body?.size ?? 0), LONG_MS)
    await peer.sleep(answer.delayMs)
    if (peer.closed) return
    const first = this.#owner.asked.get(plan.id) === 1
    const fault = first || !answer.heals ? answer.fault : undefined
    if (plan.tunnel !== undefined && fault === undefined && answer.status < 300) {
      await this.#switch(plan, plan.tunnel)
      return
    }
    const { bytes, headBytes } = answerBytes(plan, answer.status)
    // In one piece with the answer, it is there before the connection can be used again.
    this.#spoilt = fault === undefined && answer.after === 'extra' && bytes.length < 2_000
    if (this.#spoilt) peer.wire.write(Buffer.concat([bytes, EXTRA]))
    else if (fault === undefined) await this.#send(bytes)
    else if (fault.kind === 'malformed-head') await this.#send(Buffer.from(fault.head, 'latin1'))
    else if (fault.kind === 'malformed-chunk') {
      const head = `HTTP/1.1 ${BROKEN_CHUNK_STATUS} Chaos\r\nX-Chaos-Id: ${plan.id}\r\nTransfer-Encoding: chunked\r\n\r\n`
      await this.#send(Buffer.from(`${head}2\r\nabc\r\n0\r\n\r\n`))
    } else {
      const at = breaksAt(plan, bytes.length, headBytes, fault.at)
      await this.#send(bytes.subarray(0, at))
      await peer.until(() => peer.wire.pendingBytes === 0, LONG_MS)
      if (fault.kind === 'end') peer.wire.end()
      else if (fault.kind === 'reset') peer.wire.reset()
      if (!(await peer.until(() => false, LONG_MS)) && !peer.closed)
        this.#wrong(`the proxy holds a connection that ${fault.kind}`)
      return
    }
    this.#answered = true
    // A reset drops what has not left.
    await peer.until(() => peer.wire.pendingBytes === 0, LONG_MS)
    if (answer.after === 'extra' && !this.#spoilt) await this.#send(EXTRA)
    if (answer.after === 'close-said' || answer.after === 'end' || answer.framing === 'close') {
      peer.wire.end()
      return
    }
    if (answer.after === 'reset') {
      peer.wire.reset()
      return
    }
    await peer.until(done, LONG_MS)
    if (peer.closed) return
    if (!done() || fault !== undefined) {
      peer.wire.end()
      return
    }
    this.#plan = undefined
    this.#answered = false
    while (this.#advance());
    // The next request may be here already, to its last byte.
    peer.changed()
  }

  async #send(bytes: Buffer): Promise<void> {
    const { pieces } = this.#plan!.answer
    const { dice } = this.#owner
    let at = 0
    while (at < bytes.length && !this.peer.closed) {
      const size =
        pieces === 'one'
          ? bytes.length
          : pieces === 'few'
            ? dice.int(1, bytes.length)
            : dice.int(1, Math.ceil(bytes.length / 8))
      const taken = this.peer.wire.write(bytes.subarray(at, at + size))
      at += size
      // After the last byte the next request may come at any time.
      if (at >= bytes.length) return
      if (!taken) {
        const before = this.peer.wire.pendingBytes
        await this.peer.until(() => this.peer.wire.pendingBytes < before, LONG_MS)
      }
      if (pieces === 'few' && dice.chance(0.5)) await this.peer.sleep(1)
      else if (pieces === 'drip') await this.peer.sleep(dice.int(1, 80))
    }
  }

  async #switch(plan: RequestPlan, { size, end }: TunnelPlan): Promise<void> {
    const { peer } = this
    const sent = pattern(plan.id, 'request', size)
    let came = 0
    const whole = (): boolean => came === size
    const echo = (chunk: Buffer): void => {
      if (!chunk.equals(sent.subarray(came, came + chunk.length))) this.#wrong('wrong bytes in a tunnel')
      came += chunk.length
      peer.wire.write(masked(chunk))
    }
    this.#tunnel = echo
    peer.wire.write(
      `HTTP/1.1 101 Switching Protocols\r\nX-Chaos-Id: ${plan.id}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    )
    const early = this.#buffer
    this.#buffer = Buffer.alloc(0)
    if (early.length > 0) echo(early)
    await peer.until(() => whole() || peer.ended, LONG_MS)
    if (peer.closed) return
    if (peer.ended || end === 'upstream-end') peer.wire.end()
    else if (end === 'upstream-reset') {
      await peer.sleep(5)
      peer.wire.reset()
    } else {
      await peer.until(() => peer.ended, LONG_MS)
      peer.wire.end()
    }
    await peer.until(() => false, LONG_MS)
    if (!peer.closed) this.#wrong(`a tunnel that was left open (${end})`)
  }

  #wrong(what: string): void {
    this.#owner.violation(this.#plan, what)
  }
}

/** Where an answer breaks off: never after its last byte, and one that is framed by its end breaks off in its head. */
export function breaksAt(plan: RequestPlan, length: number, headBytes: number, at: number): number {
  const most = plan.answer.framing === 'close' ? headBytes : length
  return Math.min(Math.floor(at * most), most - 1)
}
