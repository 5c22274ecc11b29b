import type { MemoryUse, Wire } from '../../core/network.ts'
import { firstValue, type SimpleMessage, SimpleReader } from '../network/simple-http1.ts'
import type { ConnectionHost, Speaker, Turn } from './connection-host.ts'
import { type FakeReply, type FakeTunnel, tunnelOf } from './fake-reply.ts'
import { ReceivedRequest } from './fake-request.ts'
import { endsAfter, isPlain, plainBytes, type WireReply, wireReply } from './reply-bytes.ts'
import { ReplyWriter } from './reply-writer.ts'
import { madeReply, replyInTime, running, type TurnPlace } from './service-turn.ts'
import { nextAnswer } from './upstream-routes.ts'
import type { Work } from './upstream-service.ts'

/** @internal A fake upstream's end of a connection by HTTP/1.1: reads requests, and answers them one after the other. */
export class Http1Speaker implements Speaker {
  readonly #host: ConnectionHost
  readonly #wire: Wire
  readonly #connection: number
  readonly #reader: SimpleReader
  readonly #writer: ReplyWriter
  readonly #place: TurnPlace
  /**
   * - `open`: requests are read and answered.
   * - `answered`: nothing more will be sent, its own side has ended.
   * - `closed`: it is over.
   */
  #state: 'open' | 'answered' | 'closed' = 'open'
  #peerEnded = false
  /** The request that is being read. */
  #reading: Turn | undefined
  /** Requests that wait for the answer of the one before, as in a pipeline. */
  readonly #queue: Turn[] = []
  #turn: Turn | undefined
  #inTurns = false
  #work: Work | undefined
  #tunnel: FakeTunnel | undefined

  constructor(host: ConnectionHost, wire: Wire, connection: number) {
    this.#host = host
    this.#wire = wire
    this.#connection = connection
    this.#reader = new SimpleReader({
      kind: 'request',
      ownsChunks: true,
      onHead: (head) => this.#head(head),
      onMessage: (message) => this.#message(message),
    })
    this.#writer = new ReplyWriter({
      wire,
      clock: host.clock,
      running: () => this.#running(),
      mayWrite: () => this.#mayWrite(),
    })
    this.#place = {
      host,
      mayWrite: () => this.#mayWrite(),
      sleep: (ms) => this.#writer.sleep(ms),
      works: (work) => {
        this.#work = work
      },
    }
  }

  resume(): void {
    // Whoever waits for it is told by the host.
  }

  onData(bytes: Buffer): MemoryUse {
    try {
      if (this.#tunnel === undefined) this.#reader.push(bytes)
      else this.#tunnel.data(bytes, this.#wire)
    } catch (error) {
      this.#host.onError(error)
      this.#wire.destroy()
    }
    // Bodies are kept as they came.
    return undefined
  }

  onEnd(): void {
    this.#peerEnded = true
    this.#tunnelEnded()
    this.#reader.end()
    this.#takeTurns()
  }

  onDrain(): void {
    this.#writer.wake()
  }

  onClose(): void {
    if (!this.#peerEnded) this.#reader.end()
    this.#tunnelEnded()
    this.#state = 'closed'
    this.#queue.length = 0
    this.#writer.close()
    this.#work?.leave()
  }

  #tunnelEnded(): void {
    const tunnel = this.#tunnel
    if (tunnel?.end === undefined) return
    this.#tunnel = { data() {} }
    try {
      tunnel.end(this.#wire)
    } catch (error) {
      this.#host.onError(error)
    }
  }

  #head(head: Pick<SimpleMessage, 'startLine' | 'headers' | 'head'>): boolean {
    const host = this.#host
    const request = new ReceivedRequest(head, this.#connection, host.clock.now())
    const { answers, params } = host.answersFor(request)
    request.params = params
    const turn = { request, answers, faults: host.faultsOf(request) }
    this.#reading = turn
    if (turn.faults?.early === true) {
      this.#queue.push(turn)
      this.#takeTurns()
    } else if (/100-continue/i.test(firstValue(head.headers, 'expect') ?? '')) {
      // A client that waits for it would never send the body.
      if (this.#mayWrite()) this.#wire.write('HTTP/1.1 100 Continue\r\n\r\n')
    }
    return true
  }

  /** Returns whether to read on: not when the connection may turn into a tunnel. */
  #message(message: SimpleMessage): boolean {
    const turn = this.#reading!
    this.#reading = undefined
    turn.request.end(message)
    this.#host.onRequest(turn.request)
    if (message.complete && turn.faults?.early !== true) {
      this.#queue.push(turn)
      this.#takeTurns()
    }
    const waits = this.#turn === turn || this.#queue.includes(turn)
    return !waits || turn.request.header('upgrade') === undefined
  }

  #takeTurns(): void {
    // What is answered at once comes back here.
    if (this.#inTurns) return
    this.#inTurns = true
    while (this.#turn === undefined && this.#mayWrite()) {
      const turn = this.#queue.shift()
      if (turn === undefined) break
      this.#turn = turn
      this.#answer(turn)
    }
    this.#inTurns = false
    if (this.#peerEnded && this.#mayWrite() && isDone(this.#turn)) this.#end()
  }

  #answer(turn: Turn): void {
    const { request, faults, answers } = turn
    const { service, paused } = this.#host
    if (faults !== undefined || !service.instant || paused) {
      this.#inTime(turn)
      return
    }
    const made = madeReply(this.#host, request, nextAnswer(answers))
    if (made instanceof Promise || !isPlain(made)) {
      this.#inTime(turn, made)
      return
    }
    const after = made.after ?? (endsAfter(request, made) ? 'end' : 'keep')
    if (this.#writer.writeWhole(plainBytes(request, made))) this.#finish(made.status ?? 200, after)
    else this.#orReset(this.#finishDrained(made.status ?? 200, after))
  }

  #inTime(turn: Turn, made?: FakeReply | Promise<FakeReply>): void {
    this.#orReset(this.#answerInTime(turn, made))
  }

  #orReset(answering: Promise<void>): void {
    answering.catch((error: unknown) => {
      this.#host.onError(error)
      this.#wire.reset()
    })
  }

  async #finishDrained(status: number, after: WireReply['after']): Promise<void> {
    await this.#writer.drained()
    await this.#running()
    if (this.#mayWrite()) this.#finish(status, after)
  }

  /** All that needs time, or may. */
  async #answerInTime(turn: Turn, made: FakeReply | Promise<FakeReply> | undefined): Promise<void> {
    const { request, faults } = turn
    await this.#running()
    if (faults?.end?.kind === 'no-answer') return
    const taken = await replyInTime(this.#place, turn, made)
    if (taken === 'over') return
    const { reply } = taken
    const response = await wireReply(request, reply, faults)
    await this.#running()
    if (!this.#mayWrite()) return
    await this.#writer.write(response, faults?.drip)
    await this.#running()
    if (!this.#mayWrite()) return
    const tunnel = faults?.end === undefined && reply !== undefined ? tunnelOf(reply) : undefined
    if (tunnel !== undefined) {
      this.#tunnel = tunnel
      tunnel.open?.(this.#wire)
      if (this.#reader.rest.length > 0) tunnel.data(this.#reader.rest, this.#wire)
    }
    this.#finish(response.status, response.after)
  }

  #running(): Promise<void> {
    return running(this.#host, () => this.#isClosed())
  }

  /** The answer is sent. */
  #finish(status: number, after: WireReply['after']): void {
    this.#turn = undefined
    const { observe } = this.#host
    const bytes = this.#writer.sent
    if (observe !== undefined && bytes > 0)
      observe({ kind: 'response', status, connection: this.#connection, stream: undefined, bytes })
    if (after === 'end') this.#end()
    else if (after === 'close') this.#wire.destroy()
    else if (after === 'reset') this.#wire.reset()
    if (after !== 'keep') this.#state = 'answered'
    if (this.#tunnel === undefined) this.#reader.resume()
    this.#takeTurns()
  }

  #end(): void {
    this.#state = 'answered'
    this.#wire.end()
  }

  #mayWrite(): boolean {
    return this.#state === 'open'
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }
}

/** Whether nothing more will be sent for it. */
function isDone(turn: Turn | undefined): boolean {
  return turn === undefined || turn.faults?.end?.kind === 'no-answer'
}
