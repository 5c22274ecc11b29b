import type { Clock } from '../../core/clock.ts'
import type { MemoryUse, Wire, WireHandler } from '../../core/network.ts'
import { firstValue, type SimpleMessage, SimpleReader } from '../network/simple-http1.ts'
import { checkedReply, type FakeAnswer, type FakeReply } from './fake-reply.ts'
import { ReceivedRequest } from './fake-request.ts'
import { endsAfter, isPlain, plainBytes, type WireReply, wireReply } from './reply-bytes.ts'
import { ReplyWriter } from './reply-writer.ts'
import type { UpstreamEvent } from './upstream-event.ts'
import { isInPlace, type RequestFaults } from './upstream-faults.ts'
import { type FoundAnswers, nextAnswer } from './upstream-routes.ts'
import type { ServiceModel, Work } from './upstream-service.ts'

/** @internal What a connection needs of the upstream that it is part of. */
export interface ConnectionHost {
  readonly clock: Clock
  readonly service: ServiceModel
  readonly observe: ((event: UpstreamEvent) => void) | undefined
  readonly paused: boolean
  /** Resolves when it is not paused any more. */
  resumed(): Promise<void>
  faultsOf(request: ReceivedRequest): RequestFaults | undefined
  answersFor(request: ReceivedRequest): FoundAnswers
  /** A request is whole, or broke off. */
  onRequest(request: ReceivedRequest): void
  onError(error: unknown): void
  onClosed(connection: UpstreamConnection): void
}

/** One request, and what will answer it. */
interface Turn {
  readonly request: ReceivedRequest
  readonly answers: FakeAnswer[]
  readonly faults: RequestFaults | undefined
}

/** @internal One connection of a fake upstream: reads requests, and answers them one after the other. */
export class UpstreamConnection implements WireHandler {
  readonly closed: Promise<void>
  readonly #host: ConnectionHost
  readonly #wire: Wire
  readonly number: number
  readonly #onClosed: () => void
  readonly #reader: SimpleReader
  readonly #writer: ReplyWriter
  /**
   * - `open`: requests are read and answered.
   * - `stalled`: nothing is read, for good.
   * - `answered`: nothing more will be sent, its own side has ended.
   * - `closed`: it is over.
   */
  #state: 'open' | 'stalled' | 'answered' | 'closed' = 'open'
  #peerEnded = false
  /** The request that is being read. */
  #reading: Turn | undefined
  /** Requests that wait for the answer of the one before, as in a pipeline. */
  readonly #queue: Turn[] = []
  #turn: Turn | undefined
  #inTurns = false
  #work: Work | undefined
  #tunnel: FakeReply['tunnel']

  constructor(host: ConnectionHost, wire: Wire, number: number) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    this.#onClosed = resolve
    this.#host = host
    this.#wire = wire
    this.number = number
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
      mayWrite: () => this.#state === 'open',
    })
    wire.handler = this
    if (host.paused) wire.pause()
  }

  /** Reads nothing, and sends nothing, until it is closed. */
  stall(): void {
    this.#state = 'stalled'
    this.#wire.pause()
  }

  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    if (this.#state !== 'stalled') this.#wire.resume()
  }

  destroy(): void {
    this.#wire.destroy()
  }

  reset(): void {
    this.#wire.reset()
  }

  onData(bytes: Buffer): MemoryUse {
    try {
      if (this.#tunnel === undefined) this.#reader.push(bytes)
      else this.#tunnel(bytes, this.#wire)
    } catch (error) {
      this.#host.onError(error)
      this.#wire.destroy()
    }
    // Bodies are kept as they came.
    return undefined
  }

  onEnd(): void {
    this.#peerEnded = true
    this.#reader.end()
    this.#takeTurns()
  }

  onDrain(): void {
    this.#writer.wake()
  }

  onClose(): void {
    if (!this.#peerEnded) this.#reader.end()
    this.#state = 'closed'
    this.#queue.length = 0
    this.#writer.close()
    this.#work?.leave()
    this.#onClosed()
    this.#host.onClosed(this)
  }

  #head(head: Pick<SimpleMessage, 'startLine' | 'headers' | 'head'>): boolean {
    const host = this.#host
    const request = new ReceivedRequest(head, this.number, host.clock.now())
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
    const made = this.#made(request, nextAnswer(answers))
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
  async #answerInTime(
    { request, answers, faults }: Turn,
    made: FakeReply | Promise<FakeReply> | undefined,
  ): Promise<void> {
    await this.#running()
    if (faults?.end?.kind === 'no-answer') return
    const { service } = this.#host
    let given = made
    if (given === undefined) {
      const work = service.work()
      if (work === 'full') given = service.whenFull
      else if (work !== undefined) {
        this.#work = work
        await work.done
        this.#work = undefined
        if (!this.#mayWrite()) return
      }
      if (!isInPlace(faults?.end)) given ??= this.#made(request, nextAnswer(answers))
    }
    const reply = await given
    const ms = (reply?.delayMs ?? 0) + service.latencyMs() + (faults?.latencyMs ?? 0)
    if (ms > 0) await this.#writer.sleep(ms)
    const response = await wireReply(request, reply, faults)
    await this.#running()
    if (!this.#mayWrite()) return
    await this.#writer.write(response, faults?.drip)
    await this.#running()
    if (!this.#mayWrite()) return
    if (reply?.tunnel !== undefined && faults?.end === undefined) {
      this.#tunnel = reply.tunnel
      if (this.#reader.rest.length > 0) reply.tunnel(this.#reader.rest, this.#wire)
    }
    this.#finish(response.status, response.after)
  }

  #made(request: ReceivedRequest, answer: FakeAnswer): FakeReply | Promise<FakeReply> {
    if (typeof answer !== 'function') return answer
    const failed = (error: unknown): FakeReply => {
      this.#host.onError(error)
      return { status: 500, body: `the test's answer threw: ${String(error)}` }
    }
    try {
      const made = answer(request)
      const checked = (reply: FakeReply): FakeReply => checkedReply('fakeUpstream', reply)
      return made instanceof Promise ? made.then(checked).catch(failed) : checked(made)
    } catch (error) {
      return failed(error)
    }
  }

  async #running(): Promise<void> {
    while (this.#host.paused && !this.#isClosed()) await this.#host.resumed()
  }

  /** The answer is sent. */
  #finish(status: number, after: WireReply['after']): void {
    this.#turn = undefined
    const { observe } = this.#host
    const bytes = this.#writer.sent
    if (observe !== undefined && bytes > 0)
      observe({ kind: 'response', status, connection: this.number, bytes })
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
