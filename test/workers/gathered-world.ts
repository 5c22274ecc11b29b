import { type AdminOptions, admin } from '../../src/admin/index.ts'
import { log } from '../../src/core/log.ts'
import { proxy, type RoutedProxy } from '../../src/proxy/proxy.ts'
import type { RunningProxy } from '../../src/proxy/running-proxy.ts'
import { seededRandom } from '../../src/testing/index.ts'
import { memoryNetwork } from '../../src/testing/network/memory-network.ts'
import { type RawClient, rawClient } from '../../src/testing/network/raw-client.ts'
import { type FakeUpstream, fakeUpstream } from '../../src/testing/upstream/fake-upstream.ts'
import { type VirtualClock, virtualClock } from '../../src/testing/virtual-clock.ts'
import { GatheredAdmin } from '../../src/workers/admin/gathered-admin.ts'
import { companionNetwork } from '../../src/workers/admin/wires/companion-network.ts'
import type { WorkerGroup, WorkerView } from '../../src/workers/worker-group.ts'
import { type AdminAnswer, type AdminRequest, asked } from '../admin/admin-world.ts'
import { channelPair, type PairedChannel } from './channel-pair.ts'

const ADDRESS = { host: '127.0.0.1', port: 9901 }
const SERVED = { host: '127.0.0.1', port: 8080 }

/** A worker in this process, on a network of its own: two cannot listen at one address of one. */
export interface TestWorker extends WorkerView {
  phase: WorkerView['phase']
  readonly channel: PairedChannel
  readonly running: RunningProxy
  readonly upstream: FakeUpstream
  /** The status of what it answers to a `GET`. */
  get(path: string): Promise<number>
  /** The same, where somebody else moves the time. */
  send(path: string): Promise<number>
  /** Its end of the channel. Stalled, it hangs. */
  readonly own: PairedChannel
}

export interface GatheredOptions {
  readonly admin?: AdminOptions
  /** Default 2. */
  readonly workers?: number
  /** What each worker serves. `http://u1` is there. */
  readonly app: (builder: ReturnType<typeof proxy>, number: number) => RoutedProxy
}

/** Several workers and the one admin listener of them, in one process and in memory. */
export class GatheredWorld implements WorkerGroup, AsyncDisposable {
  readonly clock: VirtualClock = virtualClock()
  readonly #outside = memoryNetwork({ clock: this.clock })
  readonly #options: GatheredOptions
  readonly #listeners: Parameters<WorkerGroup['onChange']>[0][] = []
  workers: TestWorker[] = []
  size = 0
  gathered!: GatheredAdmin

  private constructor(options: GatheredOptions) {
    this.#options = options
  }

  static async start(options: GatheredOptions): Promise<GatheredWorld> {
    log.level = 'error'
    const world = new GatheredWorld(options)
    const { clock } = world
    for (world.size = 0; world.size < (options.workers ?? 2); world.size++) await world.add(world.size + 1)
    const surroundings = { clock, random: seededRandom(1), network: world.#outside }
    const attached = [admin(options.admin ?? {})]
    world.gathered = new GatheredAdmin(world, surroundings)
    await clock.until(world.gathered.follow(attached))
    return world
  }

  onChange(listener: Parameters<WorkerGroup['onChange']>[0]): void {
    this.#listeners.push(listener)
  }

  /** Starts one more process, with a number that there was or not. */
  async add(number: number): Promise<TestWorker> {
    const [channel, own] = channelPair()
    const { clock } = this
    const network = memoryNetwork({ clock })
    const upstream = await fakeUpstream({ network, clock, host: 'u1', port: 80 }).start()
    const builder = proxy().listen(8080)
    const app = this.#options.app(builder, number).attach(admin(this.#options.admin ?? {}))
    const running = await clock.until(
      app.start({
        signals: false,
        surroundings: {
          clock,
          random: seededRandom(number),
          network,
          companionNetwork: companionNetwork(own),
        },
      }),
    )
    const send = async (path: string): Promise<number> => {
      const client = await rawClient(network, SERVED)
      await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      const { status } = await client.response()
      await client.close()
      return status
    }
    const worker: TestWorker = {
      number,
      pid: 1000 + this.workers.length,
      phase: 'starting',
      startedAt: Math.round(clock.wallTime()),
      restarts: 0,
      channel,
      own,
      running,
      upstream,
      send,
      get: (path) => clock.until(send(path)),
    }
    this.workers = [...this.workers, worker]
    this.become(worker, 'starting')
    this.become(worker, 'serving')
    return worker
  }

  become(worker: TestWorker, now: WorkerView['phase'] | 'gone'): void {
    if (now !== 'gone') worker.phase = now
    for (const listener of this.#listeners) listener(worker, now)
  }

  /** Ends a process, as a crash does. */
  async end(worker: TestWorker): Promise<void> {
    worker.channel.close()
    this.workers = this.workers.filter((one) => one !== worker)
    this.become(worker, 'gone')
    await this.clock.until(worker.running.close())
    await this.clock.until(worker.upstream.close())
  }

  /** Asks the one admin listener. */
  ask(request: string | AdminRequest): Promise<AdminAnswer> {
    return this.clock.until(this.connect().then((client) => asked(client, request)))
  }

  connect(): Promise<RawClient> {
    return rawClient(this.#outside, ADDRESS)
  }

  /** Series with their values, as `/metrics` writes them. */
  async figures(accept?: string): Promise<ReadonlyMap<string, number>> {
    const { text } = await this.ask({
      target: '/metrics',
      headers: accept === undefined ? {} : { Accept: accept },
    })
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(
      samples.map((line) => {
        const [, series, value] = /^(.*?\}|[^ {]+) ([^ ]+)/.exec(line)!
        return [series!, Number(value)]
      }),
    )
  }

  /** Ends all of it, and looks that nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.clock.until(this.gathered.close())
    for (const worker of this.workers) await this.end(worker)
    await this.clock.advance(0)
    const left = [
      ...this.#outside.leaks(),
      ...(this.clock.pending > 0 ? [`${this.clock.pending} timers`] : []),
    ]
    if (left.length > 0) throw new Error(`something is left: ${left.join(', ')}`)
  }
}
