import { expect, onTestFinished } from 'vitest'
import {
  type Filter,
  type Handler,
  type ListenOptions,
  type Outcome,
  type PoolOptions,
  pool,
  proxy,
} from '../../src/index.ts'
import {
  type FakeAnswer,
  fakeUpstream,
  type MemoryNetworkOptions,
  memoryNetwork,
  rawClient,
  virtualClock,
} from '../../src/testing/index.ts'

export interface MemoryWorldOptions {
  /** What the service answers. */
  answer?: FakeAnswer
  filters?: Filter[]
  /** Answers in place of the service. */
  handler?: Handler
  listen?: Omit<ListenOptions, 'port' | 'host'>
  pool?: PoolOptions
  network?: MemoryNetworkOptions
}

/** A proxy before one service, all in memory. When the test is over everything is closed, and nothing may be left. */
export async function memoryWorld({
  answer = {},
  filters = [],
  handler,
  listen,
  pool: poolOptions,
  network: networkOptions,
}: MemoryWorldOptions = {}) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, ...networkOptions })
  const service = await fakeUpstream({ network, clock, host: 'service', port: 80 }).reply(answer).start()
  const outcomes: Outcome[] = []
  const watch: Filter = (exchange, next) => {
    exchange.onComplete((outcome) => outcomes.push(outcome))
    return next(exchange)
  }
  const app = await proxy()
    .listen({ port: 80, host: 'proxy', ...listen })
    .use(watch, ...filters)
    .route('/', handler ?? pool(['http://service:80'], poolOptions))
    .start({ signals: false, surroundings: { clock, network } })
  onTestFinished(async () => {
    await clock.until(app.close())
    await service.close()
    await clock.advance('5s')
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  })
  const connect = async () => {
    const client = await rawClient(network, app.url)
    onTestFinished(() => client.close())
    return client
  }
  return { clock, network, service, app, outcomes, connect }
}
