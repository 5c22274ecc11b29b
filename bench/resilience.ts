/**
 * What timeouts, retries, ejection and a circuit breaker cost each exchange while nothing fails, one by one and together.
 * Whole proxies are measured, from the bytes of a request to those of its response, on a network that answers at once: the
 * CPU time of the engine alone, without the system's part, which is the same with and without them. The rows take turns, so
 * that what the machine does besides falls on all of them; the median of the rounds counts.
 *
 *   npx node --conditions=gatewright-source bench/resilience.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import {
  type Filter,
  type Pool,
  type PoolOptions,
  pool,
  proxy,
  type RunningProxy,
  type Surroundings,
} from 'gatewright'
import { circuitBreaker } from 'gatewright/filters'

type Network = Surroundings['network']
type Wire = Parameters<Parameters<Network['listen']>[1]>[0]

const ENDPOINTS = ['http://one', 'http://two', 'http://three']
const CONNECTIONS = 64

const UNLIMITED: PoolOptions = {
  connectMs: Number.POSITIVE_INFINITY,
  headMs: Number.POSITIVE_INFINITY,
  bodyIdleMs: Number.POSITIVE_INFINITY,
  sendIdleMs: Number.POSITIVE_INFINITY,
}

interface Variant {
  readonly users: Pool
  readonly filters: readonly Filter[]
}

const plain = (options: PoolOptions = {}): Variant => ({ users: pool(ENDPOINTS, options), filters: [] })
const shaped = (shape: (it: Pool) => Pool): Variant => ({ users: shape(pool(ENDPOINTS)), filters: [] })

const VARIANTS: Readonly<Record<string, () => Variant>> = {
  'no timeouts at all': () => plain(UNLIMITED),
  'a plain pool, timeouts as they are': () => plain(),
  '+ retry()': () => shaped((it) => it.retry()),
  '+ eject()': () => shaped((it) => it.eject()),
  '+ circuitBreaker()': () => ({ users: pool(ENDPOINTS), filters: [circuitBreaker()] }),
  '+ retry, eject, breaker': () => ({
    users: pool(ENDPOINTS).retry().eject(),
    filters: [circuitBreaker()],
  }),
  '+ perAttemptMs': () => shaped((it) => it.retry({ perAttemptMs: '5s' })),
  '+ deadline()': () => shaped((it) => it.deadline({ ms: '10s' })),
  '+ all of these': () => ({
    users: pool(ENDPOINTS).retry({ perAttemptMs: '5s' }).deadline({ ms: '10s' }).eject(),
    filters: [circuitBreaker()],
  }),
  '+ hedge()': () => shaped((it) => it.hedge({ afterMs: '5s' })),
}

interface Row {
  readonly pool: string
  readonly 'us CPU per exchange': number
  /** To the plain pool. */
  readonly 'us more': number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const exchanges = smoke ? 200 : 40_000
  const rounds = smoke ? 1 : 11
  const worlds = await Promise.all(
    Object.entries(VARIANTS).map(async ([name, make]) => ({ name, world: await World.start(make()) })),
  )
  const costs = new Map<string, number[]>(worlds.map(({ name }) => [name, []]))
  try {
    for (const { world } of worlds) await world.cpuUsPerExchange(exchanges)
    for (let round = 0; round < rounds; round++)
      for (const { name, world } of worlds) costs.get(name)!.push(await world.cpuUsPerExchange(exchanges))
  } finally {
    for (const { world } of worlds) await world.close()
  }
  const base = median(costs.get('a plain pool, timeouts as they are')!)
  const rows: Row[] = Array.from(costs, ([name, all]) => ({
    pool: name,
    'us CPU per exchange': Number(median(all).toFixed(2)),
    'us more': Number((median(all) - base).toFixed(2)),
  }))
  console.table(rows)
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!
}

const REQUEST = Buffer.from(
  'GET /users/7 HTTP/1.1\r\nHost: users.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n',
)
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`,
)

/** A proxy between clients that ask again as soon as they were answered, and services that answer at once. */
class World {
  readonly #running: RunningProxy
  readonly #clients: BenchWire[]
  #left = 0
  #done = Promise.withResolvers<void>()

  private constructor(running: RunningProxy, accept: (wire: Wire) => void) {
    this.#running = running
    this.#clients = Array.from({ length: CONNECTIONS }, (_, i) => {
      const wire = new BenchWire(i, () => queueMicrotask(() => this.#answered(wire)))
      accept(wire)
      return wire
    })
  }

  static async start({ users, filters }: Variant): Promise<World> {
    let accept: ((wire: Wire) => void) | undefined
    const network: Network = {
      connect(_, handler) {
        const wire: BenchWire = new BenchWire(0, () => queueMicrotask(() => wire.handler.onData(RESPONSE)))
        queueMicrotask(() => handler.onConnect(wire))
        return { cancel: () => {} }
      },
      async listen(_, onWire) {
        accept = onWire
        return { address: { address: '127.0.0.1', port: 80 }, close: async () => {}, destroy: () => {} }
      },
    }
    const running = await proxy()
      .listen(80)
      .route('/', ...filters, users)
      .start({ signals: false, surroundings: { network } })
    return new World(running, accept!)
  }

  async cpuUsPerExchange(exchanges: number): Promise<number> {
    this.#left = exchanges
    this.#done = Promise.withResolvers()
    const before = process.cpuUsage()
    for (const client of this.#clients) this.#ask(client)
    await this.#done.promise
    const { user, system } = process.cpuUsage(before)
    return (user + system) / exchanges
  }

  async close(): Promise<void> {
    await this.#running.close()
  }

  #ask(client: BenchWire): void {
    client.handler.onData(REQUEST)
  }

  #answered(client: BenchWire): void {
    this.#left--
    if (this.#left >= CONNECTIONS) this.#ask(client)
    else if (this.#left === 0) this.#done.resolve()
  }
}

/** A wire of which every write is a whole message. */
class BenchWire implements Wire {
  handler: Wire['handler'] = { onData: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }
  readonly remote: Wire['remote']
  readonly local: Wire['local'] = { address: '127.0.0.1', port: 80 }
  readonly tls = undefined
  readonly pendingBytes = 0
  readonly #onMessage: () => void
  #closed = false

  constructor(port: number, onMessage: () => void) {
    this.remote = { address: '127.0.0.1', port: 10_000 + port }
    this.#onMessage = onMessage
  }

  write(): boolean {
    this.#onMessage()
    return true
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}

  end(): void {
    queueMicrotask(() => this.handler.onEnd())
    this.destroy()
  }

  destroy(): void {
    if (this.#closed) return
    this.#closed = true
    queueMicrotask(() => this.handler.onClose(undefined))
  }

  reset(): void {
    this.destroy()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
