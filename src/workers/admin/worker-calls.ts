import type { Balancer } from '../../core/balancer.ts'
import { Body } from '../../core/body.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Handler, named } from '../../core/handler.ts'
import { HeaderList } from '../../core/headers.ts'
import { RequestMessage, type ResponseMessage } from '../../core/message.ts'
import type { Network } from '../../core/network.ts'
import type { CallOptions } from '../../core/side-call.ts'
import { withTargets } from '../../core/target.ts'
import { type Pool, pool } from '../../pool/pool.ts'
import type { PoolHandle } from '../../pool/pool-handle.ts'
import type { RunningProxy } from '../../proxy/running-proxy.ts'
import type { Channel } from '../channel.ts'
import type { WorkerGroup, WorkerView } from '../worker-group.ts'
import { ChannelWires } from './wires/channel-wires.ts'
import { workerNetwork } from './wires/worker-network.ts'

/** What a worker is asked. */
export interface Question {
  readonly method?: string
  /** Path and query. */
  readonly target: string
  readonly accept?: string | undefined
  /** JSON. */
  readonly json?: Uint8Array
}

/** One worker, and what it has answered; or why it has not. */
export interface Answer<T> {
  readonly worker: WorkerView
  readonly answered: PromiseSettledResult<T>
}

/** Asks the admin listeners of workers, each process by a name of its own: as endpoints of one pool, over their channels. */
export class WorkerCalls {
  readonly #group: WorkerGroup
  readonly #pool: Pool
  /** By what stays the same for as long as a process runs. */
  readonly #hosts = new Map<Channel, string>()
  readonly #wires = new Map<string, ChannelWires>()
  #processes = 0
  #handle: PoolHandle | undefined

  constructor(group: WorkerGroup) {
    this.#group = group
    // Nobody asks this one; a pool has at least one endpoint until its handle says otherwise.
    this.#pool = pool(['http://process-0.workers'], {
      name: 'workers',
      // A profile takes a minute until it begins to answer.
      headMs: '2m',
    }).balance(byHost)
    for (const { channel } of group.workers) this.#hostOf(channel)
    group.onChange(({ channel }, now) => {
      if (now === 'gone') this.#forget(channel)
      else this.#hostOf(channel)
    })
  }

  /** Those that can be asked: one that starts may not listen yet. */
  get workers(): readonly WorkerView[] {
    return this.#group.workers.filter(({ phase }) => phase !== 'starting')
  }

  /** The network outside, with workers as its hosts. */
  network(outside: Network): Network {
    return workerNetwork(outside, (host) => this.#wires.get(host))
  }

  /** The proxy has started whose handlers ask. Without it, none can be asked. */
  begin(running: RunningProxy): void {
    this.#handle = running.pool(this.#pool)
    this.#list()
    void running.closed.then(() => {
      this.#handle = undefined
    })
  }

  /** A handler that asks workers. */
  asking(name: string, handler: Handler): Handler {
    return withTargets(named(handler, name), [this.#pool])
  }

  /** Rejects where there is no answer in time. Whoever takes it reads its body, or discards it. */
  ask(
    exchange: Exchange,
    { channel }: WorkerView,
    { method = 'GET', target, accept, json }: Question,
    options: CallOptions,
  ): Promise<ResponseMessage> {
    const headers = new HeaderList()
    if (accept !== undefined) headers.append('Accept', accept)
    if (json !== undefined) headers.append('Content-Type', 'application/json')
    const request = new RequestMessage({
      method,
      target,
      host: this.#hostOf(channel),
      headers,
      ...(json === undefined ? {} : { body: Body.from(json) }),
    })
    return exchange.call(this.#pool, request, options)
  }

  /** Asks all of them at once, and resolves when each has answered or has failed to. */
  askAll<T>(
    exchange: Exchange,
    question: Question,
    options: CallOptions,
    read: (response: ResponseMessage) => Promise<T>,
  ): Promise<Answer<T>[]> {
    return Promise.all(
      this.workers.map(async (worker) => {
        const answer = this.ask(exchange, worker, question, options).then(read)
        const [answered] = await Promise.allSettled([answer])
        return { worker, answered }
      }),
    )
  }

  #hostOf(channel: Channel): string {
    const known = this.#hosts.get(channel)
    if (known !== undefined) return known
    this.#processes++
    const host = `process-${this.#processes}.workers`
    this.#hosts.set(channel, host)
    this.#wires.set(host, new ChannelWires(channel))
    this.#list()
    return host
  }

  #forget(channel: Channel): void {
    const host = this.#hosts.get(channel)
    if (host === undefined) return
    this.#hosts.delete(channel)
    this.#wires.delete(host)
    this.#list()
  }

  #list(): void {
    this.#handle?.update([...this.#wires.keys()].map((host) => ({ url: `http://${host}`, id: host })))
  }
}

/** The process that the request names, and no other. */
const byHost: Balancer = (candidates, { request }) => {
  const found = candidates.find(({ id }) => id === request.host)
  if (found === undefined) throw new ProxyError('no_endpoint')
  return found
}
