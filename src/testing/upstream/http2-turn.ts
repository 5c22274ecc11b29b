import type { Http2ErrorCode } from '../http2/error-codes.ts'
import type { Http2Field } from '../http2/simple-hpack.ts'
import type { StreamHandler } from '../http2/simple-session.ts'
import type { SimpleStream } from '../http2/simple-stream.ts'
import type { Turn } from './connection-host.ts'
import { type FakeTunnel, type TunnelPeer, tunnelOf } from './fake-reply.ts'
import { ReceivedRequest } from './fake-request.ts'
import { Http2Reply } from './http2-reply.ts'
import type { Http2Speaker } from './http2-speaker.ts'
import { replyInTime, running, type TurnPlace } from './service-turn.ts'
import { isInPlace, type RequestFaults } from './upstream-faults.ts'
import type { Work } from './upstream-service.ts'
import { Waiting } from './waiting.ts'

/** @internal One request on a stream, and its answer. */
export class Http2Turn implements StreamHandler {
  readonly #speaker: Http2Speaker
  readonly #stream: SimpleStream
  readonly #waiting: Waiting
  readonly #place: TurnPlace
  #turn: Turn | undefined
  readonly #parts: Buffer[] = []
  readonly #sizes: number[] = []
  #trailers: readonly Http2Field[] = []
  /** Whether the request was told of: whole, or broken off. */
  #told = false
  /** Nothing will ever be answered. */
  #silent = false
  #work: Work | undefined
  #tunnel: FakeTunnel | undefined
  readonly #peer: TunnelPeer

  constructor(speaker: Http2Speaker, stream: SimpleStream) {
    this.#speaker = speaker
    this.#stream = stream
    this.#waiting = new Waiting(speaker.host.clock, () => this.#mayWrite())
    this.#peer = {
      write: (given) =>
        void stream.data(typeof given === 'string' ? Buffer.from(given, 'latin1') : given, false),
      end: () => void stream.data(Buffer.alloc(0), true),
      reset: () => stream.reset('CANCEL'),
    }
    this.#place = {
      host: speaker.host,
      mayWrite: () => this.#mayWrite(),
      sleep: (ms) => this.#waiting.sleep(ms),
      works: (work) => {
        this.#work = work
      },
    }
  }

  get silent(): boolean {
    return this.#silent
  }

  wake(): void {
    this.#waiting.wake()
  }

  /** Nobody is there any more. */
  leave(): void {
    this.#tell(false)
    this.#tunnelEnded()
    this.#waiting.close()
    this.#work?.leave()
  }

  onSection(fields: readonly Http2Field[], ended: boolean): void {
    if (this.#turn !== undefined) this.#trailers = fields
    else if (!this.#head(fields, ended)) return
    if (ended) this.#whole()
  }

  onData(bytes: Buffer, ended: boolean): void {
    const tunnel = this.#tunnel
    if (tunnel !== undefined) {
      this.#tunnelled(() => tunnel.data(bytes, this.#peer))
      if (ended) this.#tunnelEnded()
    } else if (bytes.length > 0) {
      this.#parts.push(bytes)
      this.#sizes.push(bytes.length)
    }
    if (ended) this.#whole()
  }

  onReset(code: Http2ErrorCode): void {
    const { host, connection } = this.#speaker
    if (this.#turn !== undefined) this.#turn.request.reset = code
    host.observe?.({ kind: 'stream-reset', connection, stream: this.#stream.id, code })
    this.leave()
  }

  /** Returns whether the request is read on. */
  #head(fields: readonly Http2Field[], ended: boolean): boolean {
    const { host, connection } = this.#speaker
    const value = (name: string): string | undefined => fields.find(([it]) => it === name)?.[1]
    const method = value(':method') ?? ''
    const startLine = `${method} ${value(':path') ?? value(':authority') ?? ''} HTTP/2`
    const lines = fields.map(([name, it]) => `${name}: ${it}\r\n`)
    const head = `${startLine}\r\n${lines.join('')}\r\n`
    const at = host.clock.now()
    const request = new ReceivedRequest({ startLine, head, headers: fields }, connection, at, this.#stream.id)
    const { answers, params } = host.answersFor(request)
    request.params = params
    const faults = host.faultsOf(request)
    this.#turn = { request, answers, faults }
    if (faults !== undefined && !this.#faulty(faults, ended)) return false
    if (faults?.early === true) this.#answer()
    else if (method === 'CONNECT') {
      // What follows is no body.
      this.#tell(true)
      this.#answer()
    } else if (/100-continue/i.test(value('expect') ?? '')) this.#stream.section([[':status', '100']], false)
    return true
  }

  /** What happens as soon as the head is there. Returns whether the request is read on. */
  #faulty({ end, stalled }: RequestFaults, ended: boolean): boolean {
    if (stalled) this.#stream.stalled = true
    if (end?.kind === 'goaway') {
      if (!isInPlace(end)) {
        this.#speaker.goAway(end, this.#stream)
        return true
      }
      this.#tell(ended)
      this.#speaker.goAway(end, this.#stream)
      this.#stream.forget()
      return false
    }
    if (end?.kind !== 'reset-stream' || end.after !== undefined) return true
    this.#tell(ended)
    this.#stream.reset(end.code)
    return false
  }

  #whole(): void {
    const { request, faults } = this.#turn!
    if (request.method === 'CONNECT') return
    this.#tell(true)
    if (faults?.early !== true) this.#answer()
  }

  #tell(complete: boolean): void {
    if (this.#told || this.#turn === undefined) return
    this.#told = true
    const { request } = this.#turn
    const body = Buffer.concat(this.#parts)
    const framing = complete && body.length === 0 ? 'none' : 'frames'
    request.end({ body, trailers: this.#trailers, framing, chunkSizes: this.#sizes, complete })
    this.#speaker.host.onRequest(request)
  }

  #answer(): void {
    this.#answerInTime(this.#turn!).catch((error: unknown) => {
      this.#speaker.host.onError(error)
      this.#stream.reset('INTERNAL_ERROR')
      this.leave()
    })
  }

  async #answerInTime(turn: Turn): Promise<void> {
    const { host, connection } = this.#speaker
    const { request, faults } = turn
    const goesOn = (): Promise<void> => running(host, () => this.#speaker.closed)
    await goesOn()
    if (faults?.end?.kind === 'no-answer') {
      this.#silent = true
      this.#speaker.turnSilent()
      return
    }
    const taken = await replyInTime(this.#place, turn, undefined)
    if (taken === 'over') return
    const { reply } = taken
    await goesOn()
    if (!this.#mayWrite()) return
    const writer = new Http2Reply(this.#speaker, this.#stream, {
      mayWrite: () => this.#mayWrite(),
      sleep: (ms) => this.#waiting.sleep(ms),
      running: goesOn,
    })
    const status = await writer.write(request, reply, faults)
    await goesOn()
    const { emitted: bytes, id: stream } = this.#stream
    if (bytes > 0) host.observe?.({ kind: 'response', status, connection, stream, bytes })
    const tunnel = faults?.end === undefined && reply !== undefined ? tunnelOf(reply) : undefined
    if (tunnel !== undefined) {
      this.#tunnel = tunnel
      this.#tunnelled(() => tunnel.open?.(this.#peer))
      for (const part of this.#parts.splice(0)) this.#tunnelled(() => tunnel.data(part, this.#peer))
      return
    }
    const after = reply?.after ?? 'keep'
    if (after === 'end') this.#speaker.drain()
    else if (after === 'close') this.#speaker.wire.destroy()
    else if (after === 'reset') await this.#speaker.reset()
    // Of a request that was not whole by then nothing more is read.
    if (this.#stream.over) this.leave()
  }

  #tunnelEnded(): void {
    const tunnel = this.#tunnel
    if (tunnel?.end === undefined) return
    this.#tunnel = { data() {} }
    this.#tunnelled(() => tunnel.end!(this.#peer))
  }

  #tunnelled(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#speaker.host.onError(error)
      this.#stream.reset('INTERNAL_ERROR')
    }
  }

  #mayWrite(): boolean {
    return this.#speaker.mayWrite && !this.#stream.closedForSending
  }
}
