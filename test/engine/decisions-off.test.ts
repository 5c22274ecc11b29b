import { beforeEach, expect, test, vi } from 'vitest'
import { leastResponseTime } from '../../src/balancers/index.ts'
import { type Balancer, type Filter, pool, proxy } from '../../src/index.ts'
import {
  fakeUpstream,
  memoryNetwork,
  rawClient,
  seededRandom,
  virtualClock,
} from '../../src/testing/index.ts'

// Whoever does not ask for a record must not pay for one. Everything that is made for a record is one of these.

const made = vi.hoisted(() => ({ records: 0, attempts: 0, picks: 0 }))

vi.mock('../../src/core/decision-writer.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/core/decision-writer.ts')>()
  class CountedWriter extends original.DecisionWriter {
    constructor(...args: ConstructorParameters<typeof original.DecisionWriter>) {
      super(...args)
      made.records++
    }
  }
  return { ...original, DecisionWriter: CountedWriter }
})

vi.mock('../../src/core/attempt-writer.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/core/attempt-writer.ts')>()
  class CountedWriter extends original.AttemptWriter {
    constructor(...args: ConstructorParameters<typeof original.AttemptWriter>) {
      super(...args)
      made.attempts++
    }
  }
  return { ...original, AttemptWriter: CountedWriter }
})

vi.mock('../../src/pool/recorded-pick.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/pool/recorded-pick.ts')>()
  const recordedPick: typeof original.recordedPick = (...args) => {
    made.picks++
    return original.recordedPick(...args)
  }
  return { recordedPick }
})

beforeEach(() => {
  Object.assign(made, { records: 0, attempts: 0, picks: 0 })
})

/** Requests that are retried, hedged and refused, through a pool that has it all. Returns how often a score was asked for. */
async function work(...filters: Filter[]): Promise<number> {
  let scores = 0
  const base = leastResponseTime()
  const balancer: Balancer = Object.assign((...args: Parameters<Balancer>) => base(...args), {
    score: (...args: Parameters<NonNullable<Balancer['score']>>) => {
      scores++
      return base.score!(...args)
    },
  })
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const dead = await fakeUpstream({ network, clock, host: 'dead', port: 80 }).reply({ status: 503 }).start()
  const slow = await fakeUpstream({ network, clock, host: 'slow', port: 80 }).reply({ delayMs: 50 }).start()
  const users = pool(['http://dead', 'http://slow'], { maxConnections: 1, maxPending: 1 })
    .balance(balancer)
    .retry({ attempts: 2, on: ['unsent', 503], budget: Number.POSITIVE_INFINITY })
    .hedge({ afterMs: 10, budget: 1 })
    .deadline({ ms: '1s' })
    .use((exchange, next) => next(exchange))
  const running = await proxy()
    .listen({ host: 'gateway', port: 80 })
    .use(...filters)
    .route('/', users)
    .start({ signals: false, surroundings: { clock, network, random: seededRandom(1) } })
  const clients = await clock.until(Promise.all([1, 2, 3, 4].map(() => rawClient(network, running.url))))
  for (const client of clients) await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await clock.until(Promise.all(clients.map((client) => client.response())))
  for (const client of clients) await client.close()
  await clock.until(running.close())
  for (const service of [dead, slow]) await service.close()
  await clock.advance(0)
  expect([network.leaks(), clock.pending]).toEqual([[], 0])
  return scores
}

test('nothing is recorded, made or asked for an exchange that nobody wants a record of', async () => {
  let asked = 0
  const look: Filter = (exchange, next) => {
    exchange.onComplete(() => {
      if (exchange.recording === undefined) asked++
    })
    return next(exchange)
  }
  expect(await work(look)).toBe(0)
  expect(made).toEqual({ records: 0, attempts: 0, picks: 0 })
  expect(asked).toBe(4)
})

test('all of it is counted where a filter wants one', async () => {
  const scores = await work((exchange, next) => {
    exchange.record()
    return next(exchange)
  })
  expect(made.records).toBe(4)
  expect(made.attempts).toBeGreaterThanOrEqual(4)
  expect(made.picks).toBeGreaterThanOrEqual(made.attempts)
  // Of the two candidates of each first pick, at least.
  expect(scores).toBeGreaterThanOrEqual(8)
})

test('only those exchanges are recorded that someone wants a record of', async () => {
  let number = 0
  await work((exchange, next) => {
    if (++number === 1) exchange.record()
    return next(exchange)
  })
  expect(made.records).toBe(1)
  // Two attempts and a hedge are all that one exchange can have here.
  expect(made.picks).toBeLessThanOrEqual(3)
})
