import type { SocketHandle } from '../../src/transport/network.ts'
import { CONTROL, type WorkerOrder, type WorkerReport } from '../../src/workers/control-messages.ts'
import type { SocketChannel } from '../../src/workers/socket-channel.ts'
import type { ProcessEnd, WorkerProcess } from '../../src/workers/worker-process.ts'

type Listener = (message: unknown, socket: SocketHandle | undefined) => void

/** One end of a pair of channels within a process: what is sent arrives at once. */
class ChannelEnd implements SocketChannel {
  readonly #closed = Promise.withResolvers<void>()
  readonly #listeners = new Map<string, Listener>()
  other: ChannelEnd | undefined

  send(topic: string, message: unknown, socket?: SocketHandle): boolean {
    const listener = this.other === undefined ? undefined : this.other.#listeners.get(topic)
    listener?.(structuredClone(message), socket)
    return true
  }

  listen(topic: string, listener: Listener): void {
    this.#listeners.set(topic, listener)
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  async end(): Promise<void> {
    const { other } = this
    this.other = undefined
    this.#closed.resolve()
    await other?.end()
  }
}

export function channelPair(): readonly [SocketChannel, SocketChannel] {
  const [one, other] = [new ChannelEnd(), new ChannelEnd()]
  one.other = other
  other.other = one
  return [one, other]
}

/** A process that does what the test says. */
export class FakeProcess implements WorkerProcess {
  readonly number: number
  readonly pid: number
  readonly channel: SocketChannel
  /** The channel as the worker has it. */
  readonly worker: SocketChannel
  /** What it was told to do, but for questions whether it is alive. */
  readonly orders: WorkerOrder[] = []
  readonly #ended = Promise.withResolvers<ProcessEnd>()
  alive = true
  hangs = false

  constructor(number: number, pid: number) {
    const [here, there] = channelPair()
    this.number = number
    this.pid = pid
    this.channel = here
    this.worker = there
    there.listen(CONTROL, (message) => this.#ordered(message as WorkerOrder))
  }

  #ordered(order: WorkerOrder): void {
    if (order.kind !== 'answer') this.orders.push(order)
    else if (!this.hangs) this.report({ kind: 'alive' })
  }

  get ended(): Promise<ProcessEnd> {
    return this.#ended.promise
  }

  report(message: WorkerReport): void {
    this.worker.send(CONTROL, message)
  }

  serve(): void {
    this.report({ kind: 'serving', urls: ['http://127.0.0.1:8080'] })
  }

  /** What is served after the `id`-th reload has a port that says so. */
  reloaded(id: number, error?: string): void {
    this.report({ kind: 'reloaded', id, urls: [`http://127.0.0.1:${8080 + id}`], error })
  }

  exit(code: number | null, signal: string | null = null): void {
    this.alive = false
    void this.channel.end()
    this.#ended.resolve({ code, signal })
  }

  kill(): void {
    this.exit(null, 'SIGKILL')
  }
}
