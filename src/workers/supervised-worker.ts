import type { Clock, Timer } from '../core/clock.ts'
import type { DrainSettings } from '../proxy/drain-options.ts'
import { StartError } from '../proxy/start-error.ts'
import { CONTROL, type StartFailure, type WorkerOrder, type WorkerReport } from './control-messages.ts'
import type { SocketChannel } from './socket-channel.ts'
import type { WorkerView } from './worker-group.ts'
import type { ProcessEnd, WorkerProcess } from './worker-process.ts'

/** A worker may take so long beyond its drain's limit, or to close, until it is killed. */
const GRACE_MS = 5_000
/** So long a worker may read its description again. */
const RELOAD_MS = 60_000

/** How often one that serves is asked whether it is alive. */
const ASK_MS = 20_000
/**
 * So many questions may stay without an answer: questions and not time, since a machine that has slept has not given anybody
 * the time to answer.
 */
const MAX_UNANSWERED = 3

/** A worker, as its supervisor has it: what it does, and its end. */
export class SupervisedWorker implements WorkerView {
  readonly number: number
  readonly pid: number
  readonly startedAt: number
  readonly restarts: number
  readonly channel: SocketChannel
  /** Resolves when it serves; rejects where it could not start. */
  readonly serving: Promise<void>
  /** Resolves when its process has ended. */
  readonly ended: Promise<void>
  readonly #process: WorkerProcess
  readonly #clock: Clock
  readonly #onPhase: (worker: SupervisedWorker) => void
  readonly #served = Promise.withResolvers<void>()
  readonly #reloads = new Map<number, (error: string | undefined) => void>()
  #phase: WorkerView['phase'] = 'starting'
  #urls: readonly string[] = []
  #servesSince: number | undefined
  #failure: StartFailure | undefined
  #end: ProcessEnd | undefined
  #kill: { readonly timer: Timer; readonly at: number } | undefined
  #nextId = 1
  #unanswered = 0
  #nextQuestion: Timer | undefined
  /** It was killed because it answered nothing. */
  #hung = false

  constructor(
    process: WorkerProcess,
    { number, restarts }: { readonly number: number; readonly restarts: number },
    clock: Clock,
    onPhase: (worker: SupervisedWorker) => void,
  ) {
    this.number = number
    this.restarts = restarts
    this.pid = process.pid
    this.channel = process.channel
    this.startedAt = Math.round(clock.wallTime())
    this.serving = this.#served.promise
    this.#process = process
    this.#clock = clock
    this.#onPhase = onPhase
    // Whoever started it waits for it, or does not: then its end says enough.
    this.serving.catch(() => {})
    this.channel.listen(CONTROL, (message) => this.#reported(message as WorkerReport))
    // One that does not take what it is told is of no use any more.
    void this.channel.closed.then(() => this.#killIn(GRACE_MS))
    this.ended = process.ended.then((end) => this.#ended(end))
  }

  get phase(): WorkerView['phase'] {
    return this.#phase
  }

  /** What it serves. */
  get urls(): readonly string[] {
    return this.#urls
  }

  /** How long it has served, at its end; `undefined` where it has not come to that. */
  get servedMs(): number | undefined {
    return this.#servesSince === undefined ? undefined : this.#clock.now() - this.#servesSince
  }

  /** Whether it was killed because it did not end as it was asked to. */
  overran = false

  /** How it has ended, for people. */
  get endInWords(): string {
    const name = `worker ${this.number} (process ${this.pid})`
    if (this.#failure !== undefined) return `${name} could not start: ${this.#failure.message}`
    const { code, signal, error } = this.#end ?? { code: null, signal: null }
    if (error !== undefined) return `worker ${this.number} could not be made: ${error.message}`
    if (this.#hung)
      return `${name} has answered nothing for ${(ASK_MS * MAX_UNANSWERED) / 1_000} s, and was killed`
    const how = signal === null ? `exit code ${code}` : signal
    return `${name} ended with ${how}${this.#servesSince === undefined ? ' before it served' : ''}`
  }

  /** Has it drain. A second call may hasten the first. */
  drain(settings: DrainSettings): void {
    this.#leave({ kind: 'drain', settings }, settings.noticeMs + settings.limitMs + GRACE_MS)
  }

  /** Has it give up what runs. */
  close(): void {
    this.#leave({ kind: 'close' }, GRACE_MS)
  }

  /** Has it read its description again, and serve that. Rejects where it does not. */
  async reload(): Promise<void> {
    const id = this.#nextId++
    const reloaded = Promise.withResolvers<string | undefined>()
    this.#reloads.set(id, reloaded.resolve)
    const timer = this.#clock.setTimeout(
      () => reloaded.resolve(`no answer within ${RELOAD_MS / 1_000} s`),
      RELOAD_MS,
    )
    this.#order({ kind: 'reload', id })
    const error = await Promise.race([reloaded.promise, this.ended.then(() => 'it has ended')])
    timer.clear()
    this.#reloads.delete(id)
    if (error !== undefined) throw new Error(`worker ${this.number} goes on as before: ${error}`)
  }

  #reported(report: WorkerReport): void {
    if (report.kind === 'serving') {
      if (this.#phase !== 'starting') return
      this.#phase = 'serving'
      this.#urls = report.urls
      this.#servesSince = this.#clock.now()
      this.#onPhase(this)
      this.#served.resolve()
      this.#askIfAlive()
    } else if (report.kind === 'alive') {
      this.#unanswered = 0
    } else if (report.kind === 'failed') {
      this.#failure = report.error
      this.#served.reject(asError(report.error))
      this.#killIn(GRACE_MS)
    } else if (report.kind === 'reloaded') {
      this.#urls = report.urls
      this.#reloads.get(report.id)?.(report.error)
    }
  }

  /** One that does not turn its event loop any more keeps whoever comes to it waiting. */
  #askIfAlive(): void {
    if (this.#end !== undefined) return
    if (this.#unanswered === MAX_UNANSWERED) {
      this.#hung = true
      this.#process.kill()
      return
    }
    this.#unanswered++
    this.#order({ kind: 'answer' })
    this.#nextQuestion = this.#clock.setTimeout(() => this.#askIfAlive(), ASK_MS)
  }

  #leave(order: WorkerOrder, withinMs: number): void {
    // One that does not serve yet has nothing to finish.
    const starting = this.#phase === 'starting'
    if (this.#phase !== 'draining') {
      this.#phase = 'draining'
      this.#onPhase(this)
    }
    if (starting) this.#process.kill()
    else {
      this.#order(order)
      this.#killIn(withinMs)
    }
  }

  #order(order: WorkerOrder): void {
    this.channel.send(CONTROL, order)
  }

  /** Kills it when so much time has gone by, or sooner if that was said. */
  #killIn(ms: number): void {
    const at = this.#clock.now() + ms
    if (this.#end !== undefined || ms === Number.POSITIVE_INFINITY) return
    if (this.#kill !== undefined && this.#kill.at <= at) return
    this.#kill?.timer.clear()
    const timer = this.#clock.setTimeout(() => {
      this.overran = true
      this.#process.kill()
    }, ms)
    this.#kill = { timer, at }
  }

  #ended(end: ProcessEnd): void {
    this.#end = end
    this.#kill?.timer.clear()
    this.#nextQuestion?.clear()
    this.#served.reject(new Error(this.endInWords))
  }
}

/** What kept a worker from starting, as if it had happened here. */
function asError({ message, code, stack }: StartFailure): Error {
  if (code !== undefined) return new StartError(message, code)
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}
