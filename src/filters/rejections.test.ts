import { expect, it } from 'vitest'
import type { ProxyError, ProxyErrorCode } from '../core/errors.ts'
import { type Filter, type Pool, pool, proxy } from '../index.ts'
import { assertProblem, fault, type Simulation, simulate } from '../testing/index.ts'
import { adaptiveConcurrency } from './adaptive-concurrency.ts'
import { circuitBreaker } from './circuit-breaker.ts'
import { concurrencyLimit } from './concurrency-limit.ts'
import { loadShedding } from './load-shedding.ts'

const base = pool(['http://u1'], { connectMs: '1s', headMs: '10s' })
const queue = { max: 1, timeoutMs: '100ms', order: 'fifo' } as const

/** Requests that the service does not answer. */
async function occupy(sim: Simulation, count: number): Promise<void> {
  sim.upstream('http://u1').inject(fault.noAnswer())
  for (let i = 0; i < count; i++) {
    const client = await sim.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  }
  await sim.settle()
}

/** Requests that fail. */
async function fail(sim: Simulation, count: number): Promise<void> {
  sim.upstream('http://u1').inject(fault.resetBeforeHead())
  for (let i = 0; i < count; i++) await sim.get('/')
}

interface Row {
  readonly by: string
  readonly target: () => Pool
  /** Until it is so far that the next one is turned away. */
  readonly before: (sim: Simulation) => Promise<unknown>
  readonly code: ProxyErrorCode
  readonly status?: number
  readonly detail: string | undefined
  readonly retryAfter?: string
  /** How long it has waited by then. */
  readonly afterMs?: number
}

const perClient = { per: () => 'one' }

const rows: readonly Row[] = [
  {
    by: 'concurrencyLimit',
    target: () => base.guard(concurrencyLimit({ limit: 2 })),
    before: (sim) => occupy(sim, 2),
    code: 'overloaded',
    detail: 'the limit is reached',
  },
  {
    by: 'concurrencyLimit with a queue that is full',
    target: () => base.guard(concurrencyLimit({ limit: 1, queue })),
    before: (sim) => occupy(sim, 2),
    code: 'overloaded',
    detail: 'the queue is full',
  },
  {
    by: 'concurrencyLimit with a queue that does not move',
    target: () => base.guard(concurrencyLimit({ limit: 1, queue })),
    before: (sim) => occupy(sim, 1),
    code: 'overloaded',
    detail: 'no place became free in time',
    afterMs: 100,
  },
  {
    by: 'concurrencyLimit per client',
    target: () => base.guard(concurrencyLimit({ limit: 1, ...perClient })),
    before: (sim) => occupy(sim, 1),
    code: 'concurrency_exceeded',
    status: 429,
    detail: 'the limit is reached',
  },
  {
    by: 'concurrencyLimit per client with a queue that is full',
    target: () => base.guard(concurrencyLimit({ limit: 1, queue, ...perClient })),
    before: (sim) => occupy(sim, 2),
    code: 'concurrency_exceeded',
    status: 429,
    detail: 'the queue is full',
  },
  {
    by: 'concurrencyLimit of each endpoint',
    target: () => base.useEach(() => concurrencyLimit({ limit: 1 })),
    before: (sim) => occupy(sim, 1),
    code: 'overloaded',
    detail: 'the limit is reached',
  },
  {
    by: 'adaptiveConcurrency',
    target: () => base.guard(adaptiveConcurrency({ initial: 3 })),
    before: (sim) => occupy(sim, 2),
    code: 'overloaded',
    detail: 'the limit is reached',
  },
  {
    by: 'circuitBreaker, open',
    target: () => base.guard(circuitBreaker({ minVolume: 3, openMs: '4s', jitter: 0 })),
    before: (sim) => fail(sim, 3),
    code: 'circuit_open',
    detail: 'the circuit is open',
    retryAfter: '4',
  },
  {
    by: 'circuitBreaker, half-open',
    target: () =>
      base.guard(circuitBreaker({ minVolume: 3, openMs: '4s', jitter: 0, halfOpen: { trials: 1 } })),
    before: async (sim) => {
      await fail(sim, 3)
      sim.upstream('http://u1').clearFaults()
      await sim.advance('4s')
      await occupy(sim, 1)
    },
    code: 'circuit_open',
    detail: 'the service is on trial',
  },
  {
    by: 'loadShedding',
    target: () => base.guard(loadShedding({ delayMs: () => 10_000 })),
    before: async (sim) => {
      for (let i = 0; i < 300; i++) {
        await sim.get('/')
        await sim.advance(20)
      }
    },
    code: 'overloaded',
    detail: 'the proxy has too much to do',
  },
  {
    by: 'the queue for connections, full',
    target: () => pool(['http://u1'], { maxConnections: 1, maxPending: 1 }),
    before: (sim) => occupy(sim, 2),
    code: 'pool_queue_full',
    detail: undefined,
  },
  {
    by: 'the queue for connections, too slow',
    target: () => pool(['http://u1'], { maxConnections: 1, pendingMs: '100ms' }),
    before: (sim) => occupy(sim, 1),
    code: 'pool_queue_timeout',
    detail: undefined,
    afterMs: 100,
  },
]

it.each(rows)('$by turns away early, says when to come again and why, and costs no stack', async (row) => {
  const { target, before, code, status = 503, detail, retryAfter = '1', afterMs = 0 } = row
  const errors: ProxyError[] = []
  const note: Filter = async (exchange, next) => {
    try {
      return await next(exchange)
    } catch (error) {
      errors.push(error as ProxyError)
      throw error
    }
  }
  await using sim = simulate(proxy().route('/', note, target()), { seed: 1 })
  await before(sim)
  const received = sim.upstream('http://u1').totalRequests
  const response = await sim.get('/')
  assertProblem(response, code)
  expect([response.status, response.headers.get('retry-after'), response.durationMs]).toEqual([
    status,
    retryAfter,
    afterMs,
  ])
  const error = errors.at(-1)!
  expect([error.code, error.detail, error.sent, error.retry]).toEqual([code, detail, 'none', 'always'])
  expect(error.stack).not.toContain('\n')
  expect(sim.upstream('http://u1').totalRequests).toBe(received)
  await sim.assertNoLeaks()
})
