import type { BodySink, BodySource } from '../../core/body-source.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'

/** No event is longer: one with two bodies of 64 KiB and the record of many tries is not. */
const MAX_EVENT = 1_048_576
const TICK_MS = 1_000

const DROPPED = /^event: dropped\ndata: \{"count":(\d+)\}$/
const EXCHANGE = 'event: exchange\ndata: {'

/** The streams of events of several workers, as one. A reader that is slow has all of them wait; there each drops what finds no room. */
export class MergedEvents implements BodySource {
  readonly length: undefined
  readonly #clock: Clock
  readonly #rate: number
  readonly #timer: Timer
  readonly #streams = new Set<WorkerStream>()
  #sink: BodySink | undefined
  /** What came before it was opened, or while it is paused. Streams that are paused bring no more than what was on its way. */
  #held: string[] = [': open\n\n']
  #paused = false
  #over = false
  /** How many events may still pass until the next tick; what comes beyond is told of by number. */
  #left: number
  #dropped = 0

  constructor(clock: Clock, rate: number) {
    this.#clock = clock
    this.#rate = rate
    this.#left = rate
    this.#timer = this.#clock.setTimeout(() => this.#tick(), TICK_MS)
  }

  /** One more worker's stream joins. */
  add(worker: number, source: BodySource): void {
    if (this.#over) {
      source.cancel(new ProxyError('exchange_aborted', { detail: 'the tap is over' }))
      return
    }
    const stream = new WorkerStream(source, {
      event: (text) => this.#came(worker, text),
      over: () => {
        this.#streams.delete(stream)
        this.tell(`worker ${worker} has left`)
      },
    })
    this.#streams.add(stream)
    if (this.#paused) source.pause()
    source.open(stream)
  }

  /** Something for people who read along. */
  tell(comment: string): void {
    this.#push(`: ${comment}\n\n`)
  }

  /** Ends for good. */
  end(): void {
    if (this.#over) return
    this.#release()
    const sink = this.#sink
    this.#sink = undefined
    sink?.onEnd(undefined)
  }

  open(sink: BodySink): void {
    if (this.#over) {
      sink.onEnd(undefined)
      return
    }
    this.#sink = sink
    this.#flush()
  }

  pause(): void {
    this.#paused = true
    for (const { source } of this.#streams) source.pause()
  }

  resume(): void {
    this.#paused = false
    this.#flush()
    // Unless that has filled it again.
    if (!this.#paused) for (const { source } of this.#streams) source.resume()
  }

  cancel(): void {
    this.#sink = undefined
    this.#release()
  }

  #release(): void {
    this.#over = true
    this.#timer.clear()
    this.#held = []
    for (const { source } of this.#streams)
      source.cancel(new ProxyError('exchange_aborted', { detail: 'the tap is over' }))
    this.#streams.clear()
  }

  #came(worker: number, event: string): void {
    if (event === ': open') return
    const dropped = DROPPED.exec(event)?.[1]
    if (dropped !== undefined) this.#dropped += Number(dropped)
    else if (!event.startsWith(EXCHANGE)) this.#push(`${event}\n\n`)
    else if (this.#left > 0) {
      this.#left--
      this.#push(`${EXCHANGE}"worker":${worker},${event.slice(EXCHANGE.length)}\n\n`)
    } else this.#dropped++
  }

  #tick(): void {
    this.#timer.refresh()
    this.#left = this.#rate
    if (this.#dropped === 0 || this.#paused) return
    this.#push(`event: dropped\ndata: {"count":${this.#dropped}}\n\n`)
    this.#dropped = 0
  }

  #push(text: string): void {
    if (this.#over) return
    this.#held.push(text)
    this.#flush()
  }

  #flush(): void {
    if (this.#sink === undefined || this.#paused || this.#held.length === 0) return
    const bytes = Buffer.from(this.#held.join(''))
    this.#held = []
    this.#sink.onChunk(bytes)
  }
}

interface StreamListener {
  event(text: string): void
  over(): void
}

/** Cuts what one worker sends into events. */
class WorkerStream implements BodySink {
  readonly source: BodySource
  readonly #listener: StreamListener
  readonly #decoder = new TextDecoder()
  #rest = ''

  constructor(source: BodySource, listener: StreamListener) {
    this.source = source
    this.#listener = listener
  }

  onChunk(chunk: Uint8Array): true {
    const events = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n\n')
    this.#rest = events.pop()!
    for (const event of events) this.#listener.event(event)
    if (this.#rest.length <= MAX_EVENT) return true
    this.#rest = ''
    this.source.cancel(new ProxyError('exchange_aborted', { detail: 'an event is too long' }))
    this.#listener.over()
    return true
  }

  onEnd(): void {
    this.#listener.over()
  }

  onError(): void {
    this.#listener.over()
  }
}
