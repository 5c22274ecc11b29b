import type { StateSharing } from '../../src/core/shared-state.ts'
import { seededRandom, type VirtualClock } from '../../src/testing/index.ts'
import type { Channel } from '../../src/workers/channel.ts'
import { joinStates } from '../../src/workers/sharing/joined-states.ts'
import { type SharedStates, shareStates } from '../../src/workers/sharing/share-states.ts'
import type { WorkerGroup, WorkerView } from '../../src/workers/worker-group.ts'

/** A worker that is no process of its own. */
export interface SharingWorker {
  readonly sharing: StateSharing
  /** Messages from it, and to it, so far. */
  readonly sent: readonly unknown[]
  readonly heard: readonly unknown[]
  /** Whether the supervisor hears it, and it the supervisor. What is said meanwhile comes later. */
  deaf: boolean
  /** Says something that no worker of ours would. */
  say(message: unknown): void
  /** Its process ends. */
  end(): void
}

/** Workers and the supervisor that they share their states through, in one process. Messages take no time. */
export class SharingWorkers {
  readonly states: SharedStates
  readonly #clock: VirtualClock
  readonly #workers: WorkerView[] = []
  readonly #listeners: ((worker: WorkerView, now: WorkerView['phase'] | 'gone') => void)[] = []

  constructor(clock: VirtualClock) {
    this.#clock = clock
    const group: WorkerGroup = {
      workers: this.#workers,
      size: 3,
      onChange: (listener) => this.#listeners.push(listener),
    }
    this.states = shareStates(group, { clock, random: seededRandom(1) })
  }

  start(number = this.#workers.length + 1): SharingWorker {
    const wire = new Wire()
    const worker: WorkerView = {
      number,
      pid: number,
      phase: 'starting',
      startedAt: 0,
      restarts: 0,
      channel: wire.supervisor,
    }
    this.#workers.push(worker)
    this.#tell(worker, 'starting')
    const sharing = joinStates(wire.worker, { clock: this.#clock, soon: queueMicrotask })
    return {
      sharing,
      sent: wire.toSupervisor.said,
      heard: wire.toWorker.said,
      get deaf() {
        return wire.toWorker.held
      },
      set deaf(deaf) {
        wire.toSupervisor.hold(deaf)
        wire.toWorker.hold(deaf)
      },
      say: (message) => wire.worker.send('states', message),
      end: () => {
        wire.close()
        this.#workers.splice(this.#workers.indexOf(worker), 1)
        this.#tell(worker, 'gone')
      },
    }
  }

  #tell(worker: WorkerView, now: WorkerView['phase'] | 'gone'): void {
    for (const listener of this.#listeners) listener(worker, now)
  }
}

class Wire {
  readonly toSupervisor = new Direction()
  readonly toWorker = new Direction()
  readonly worker: Channel
  readonly supervisor: Channel
  readonly #closed = Promise.withResolvers<void>()
  #open = true

  constructor() {
    this.worker = this.#side(this.toSupervisor, this.toWorker)
    this.supervisor = this.#side(this.toWorker, this.toSupervisor)
  }

  close(): void {
    this.#open = false
    this.#closed.resolve()
  }

  #side(out: Direction, into: Direction): Channel {
    return {
      send: (topic, message) => {
        if (this.#open) out.say(topic, structuredClone(message))
        return true
      },
      listen: (topic, listener) => into.listeners.set(topic, listener),
      closed: this.#closed.promise,
    }
  }
}

class Direction {
  readonly said: unknown[] = []
  readonly listeners = new Map<string, (message: unknown) => void>()
  held = false
  #waiting: (() => void)[] = []

  say(topic: string, message: unknown): void {
    this.said.push(message)
    const deliver = () => this.listeners.get(topic)?.(message)
    if (this.held) this.#waiting.push(deliver)
    else queueMicrotask(deliver)
  }

  hold(held: boolean): void {
    this.held = held
    if (held) return
    for (const deliver of this.#waiting.splice(0)) queueMicrotask(deliver)
  }
}
