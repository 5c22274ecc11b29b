import type { Clock, Timer } from '../core/clock.ts'
import type { LogWriter } from '../core/log.ts'
import type { Duration } from '../core/options.ts'
import type { Random } from '../core/random.ts'
import { type DrainOptions, type DrainSettings, drainSettings } from '../proxy/drain-options.ts'
import type { SharedPorts } from './ports/shared-ports.ts'
import { RestartBackoff } from './restart-backoff.ts'
import type { RunningWorkers, WorkerStatus } from './running-workers.ts'
import { SupervisedWorker } from './supervised-worker.ts'
import type { WorkerGroup, WorkerView } from './worker-group.ts'
import type { MakeProcess } from './worker-process.ts'

/** What a supervisor works with. */
export interface SupervisorParts {
  readonly makeProcess: MakeProcess
  readonly ports: SharedPorts
  readonly clock: Clock
  readonly random: Random
  readonly log: LogWriter
  /** Of workers in whose place others serve. */
  readonly drain: DrainSettings
  /** Looks whether workers could read their description again; without it, they are replaced. */
  readonly validate: (() => Promise<unknown>) | undefined
  /** All workers serve what was read: what goes with it here is to be of that too. */
  readonly follow?: () => Promise<void>
  /** Keeps this process alive until what it returns is called. */
  readonly stayAlive: () => () => void
}

/** The workers of one number: one serves, another may be starting to take its place, and those before it drain. */
interface Slot {
  readonly number: number
  readonly backoff: RestartBackoff
  current: SupervisedWorker | undefined
  next: SupervisedWorker | undefined
  readonly leaving: Set<SupervisedWorker>
  restart: Timer | undefined
  restarts: number
}

/** So many that were replaced may drain beside the one that serves. With another one, the first is closed. */
const MAX_LEAVING = 2

/** Starts workers, replaces those that end, and ends them all. */
export class Supervisor implements RunningWorkers, WorkerGroup {
  readonly #parts: SupervisorParts
  readonly #slots: readonly Slot[]
  readonly #listeners: Parameters<WorkerGroup['onChange']>[0][] = []
  readonly #closed = Promise.withResolvers<void>()
  /** One roll or reload after the other. */
  #changes: Promise<void> = Promise.resolve()
  /** Those that have not begun: whoever asks for one meanwhile gets it. */
  readonly #waiting = new Map<'reload' | 'roll', Promise<void>>()
  #phase: 'starting' | 'serving' | 'ending' | 'closed' = 'starting'
  #urls: readonly string[] = []
  #alive: (() => void) | undefined
  /** Whether a worker had to be killed at the end, because it did not end as it was asked to. */
  overran = false

  constructor(size: number, parts: SupervisorParts) {
    this.#parts = parts
    this.#slots = Array.from({ length: size }, (_, i) => ({
      number: i + 1,
      backoff: new RestartBackoff(parts.random),
      current: undefined,
      next: undefined,
      leaving: new Set(),
      restart: undefined,
      restarts: 0,
    }))
  }

  /** Starts all workers. Rejects, and ends those that have started, where one cannot. */
  async start(): Promise<void> {
    this.#alive = this.#parts.stayAlive()
    const [first, ...others] = this.#slots
    try {
      // What keeps one from starting keeps all, and is to be said once.
      await this.#begin(first!).serving
      await Promise.all(others.map((slot) => this.#begin(slot).serving))
      this.#mustGoOn()
    } catch (error) {
      await this.close()
      throw error
    }
    this.#phase = 'serving'
    this.#parts.log.info(`${this.size} workers serve at ${this.urls.join(', ')}`)
  }

  get url(): string {
    const [url] = this.urls
    if (url === undefined) throw new Error('the workers have ended')
    return url
  }

  get urls(): readonly string[] {
    // While all of them start anew, it is what they have served.
    for (const { current } of this.#slots) if (current?.phase === 'serving') this.#urls = current.urls
    return this.#phase === 'closed' ? [] : this.#urls
  }

  get size(): number {
    return this.#slots.length
  }

  get workers(): readonly (WorkerView & WorkerStatus)[] {
    return this.#slots.flatMap(workersOf)
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  onChange(listener: (worker: WorkerView, now: WorkerView['phase'] | 'gone') => void): void {
    this.#listeners.push(listener)
  }

  reload(): Promise<void> {
    const { validate } = this.#parts
    return validate === undefined ? this.roll() : this.#change('reload', () => this.#reload(validate))
  }

  roll(): Promise<void> {
    return this.#change('roll', () => this.#roll())
  }

  async drain(options: Duration | DrainOptions = {}): Promise<void> {
    const settings = drainSettings('drain', options)
    this.#end()
    for (const worker of this.#all()) worker.drain(settings)
    await this.#closed.promise
  }

  async close(): Promise<void> {
    this.#end()
    for (const worker of this.#all()) worker.close()
    await this.#closed.promise
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Nothing is started any more. */
  #end(): void {
    if (this.#phase === 'starting' || this.#phase === 'serving') this.#phase = 'ending'
    for (const slot of this.#slots) {
      slot.restart?.clear()
      slot.restart = undefined
    }
    this.#noteEnd()
  }

  #noteEnd(): void {
    if (this.#phase !== 'ending' || this.#all().length > 0) return
    this.#phase = 'closed'
    this.#parts.ports.close()
    this.#alive?.()
    this.#closed.resolve()
  }

  #change(kind: 'reload' | 'roll', make: () => Promise<void>): Promise<void> {
    const waiting = this.#waiting.get(kind)
    if (waiting !== undefined) return waiting
    const change = this.#changes.then(() => {
      this.#waiting.delete(kind)
      this.#mustGoOn()
      return make()
    })
    this.#waiting.set(kind, change)
    this.#changes = change.catch(() => {})
    return change
  }

  async #reload(validate: () => Promise<unknown>): Promise<void> {
    await validate()
    const all = this.#slots.flatMap(({ current }) => current ?? [])
    const [first, ...others] = all.filter(({ phase }) => phase === 'serving')
    // Where the first one refuses it, all go on as before.
    await first?.reload()
    // What one that starts has read may be from before. Where it cannot start, that is told of by others.
    const starting = all.filter(({ phase }) => phase === 'starting')
    const late = starting.map((it) => it.serving.then(() => it.reload(), ignore))
    const reloads = await Promise.allSettled([...others.map((it) => it.reload()), ...late])
    for (const reload of reloads) if (reload.status === 'rejected') throw reload.reason
    await this.#parts.follow?.()
  }

  async #roll(): Promise<void> {
    for (const slot of this.#slots) {
      this.#mustGoOn()
      slot.restart?.clear()
      slot.restart = undefined
      try {
        slot.next = this.#make(slot)
        await slot.next.serving
      } catch (error) {
        this.#mustGoOn()
        // It may take a moment until it has ended; the next roll does not wait for that.
        if (slot.next !== undefined) slot.leaving.add(slot.next)
        slot.next = undefined
        const { message } = error as Error
        this.#refill(slot, message, 0)
        throw new Error(`worker ${slot.number} could not be replaced, and the workers go on: ${message}`, {
          cause: error,
        })
      }
    }
  }

  #mustGoOn(): void {
    if (this.#phase === 'ending' || this.#phase === 'closed') throw new Error('the workers are ended')
  }

  #begin(slot: Slot): SupervisedWorker {
    const worker = this.#make(slot)
    slot.current = worker
    return worker
  }

  #make(slot: Slot): SupervisedWorker {
    const { makeProcess, ports, clock } = this.#parts
    const worker = new SupervisedWorker(makeProcess(slot.number), slot, clock, (it) =>
      this.#changed(slot, it),
    )
    ports.serve(worker)
    void worker.ended.then(() => this.#ended(slot, worker))
    this.#tell(worker, 'starting')
    return worker
  }

  #changed(slot: Slot, worker: SupervisedWorker): void {
    if (worker.phase === 'serving') {
      this.#parts.ports.served(worker)
      if (slot.next === worker) this.#replace(slot, worker)
      else if (worker.restarts > 0)
        this.#parts.log.info(`worker ${worker.number} (process ${worker.pid}) serves in its place`)
    }
    this.#tell(worker, worker.phase)
  }

  /** Another one serves in the place of the one before. */
  #replace(slot: Slot, worker: SupervisedWorker): void {
    const before = slot.current
    slot.current = worker
    slot.next = undefined
    if (before === undefined) return
    slot.leaving.add(before)
    const [oldest] = slot.leaving
    if (slot.leaving.size > MAX_LEAVING) oldest!.close()
    // Nobody needs to notice: what is sent here is served as before.
    before.drain({ ...this.#parts.drain, noticeMs: 0 })
  }

  #ended(slot: Slot, worker: SupervisedWorker): void {
    const { ports, log } = this.#parts
    const isNext = slot.next === worker
    const isCurrent = slot.current === worker
    if (isNext) slot.next = undefined
    if (isCurrent) slot.current = undefined
    slot.leaving.delete(worker)
    ports.gone(worker)
    if (worker.overran) {
      if (this.#phase === 'ending') this.overran = true
      log.error(`worker ${worker.number} (process ${worker.pid}) did not end, and was killed`)
    }
    this.#tell(worker, 'gone')
    const { servedMs } = worker
    if (this.#phase === 'serving' || servedMs !== undefined)
      this.#refill(slot, worker.endInWords, servedMs ?? 0)
    this.#noteEnd()
  }

  /** Sees to it that there is a worker, or will be. Where one that starts is to take the place, that one does. */
  #refill(slot: Slot, why: string, servedMs: number): void {
    const ends = this.#phase === 'ending' || this.#phase === 'closed'
    if (ends || slot.current !== undefined || slot.next !== undefined || slot.restart !== undefined) return
    const delayMs = slot.backoff.delayMs(servedMs)
    const when = delayMs === 0 ? 'now' : `in ${(delayMs / 1_000).toFixed(1)} s`
    this.#parts.log.error(`${why}; another one is started ${when}`)
    // Also without a delay not within the call: the end of one worker is the business of several.
    slot.restart = this.#parts.clock.setTimeout(() => {
      slot.restart = undefined
      slot.restarts++
      try {
        this.#begin(slot)
      } catch (thrown) {
        this.#refill(slot, `worker ${slot.number} could not be made: ${(thrown as Error).message}`, 0)
      }
    }, delayMs)
  }

  #tell(worker: WorkerView, now: WorkerView['phase'] | 'gone'): void {
    for (const listener of this.#listeners) {
      try {
        listener(worker, now)
      } catch (thrown) {
        this.#parts.log.error(`what became of worker ${worker.number} could not be heeded`, thrown)
      }
    }
  }

  #all(): SupervisedWorker[] {
    return this.#slots.flatMap(workersOf)
  }
}

function workersOf({ current, next, leaving }: Slot): SupervisedWorker[] {
  return [...(current === undefined ? [] : [current]), ...(next === undefined ? [] : [next]), ...leaving]
}

function ignore(): void {}
