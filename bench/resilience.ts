/**
 * What timeouts, retries, ejection and a circuit breaker cost each exchange while nothing fails, one by one and together.
 * Whole proxies are measured, from the bytes of a request to those of its response, on a network that answers at once: the
 * CPU time of the engine alone, without the system's part, which is the same with and without them. The rows take turns, so
 * that what the machine does besides falls on all of them; the median of the rounds counts.
 *
 *   npx node --conditions=gatewright-source bench/resilience.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { type Filter, type Pool, type PoolOptions, pool } from 'gatewright'
import { circuitBreaker } from 'gatewright/filters'
import { costsInTurns } from './answering-network/costs-in-turns.ts'

const ENDPOINTS = ['http://one', 'http://two', 'http://three']

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
  const costs = await costsInTurns(VARIANTS, { exchanges, rounds })
  const base = costs.get('a plain pool, timeouts as they are')!
  const rows: Row[] = Array.from(costs, ([pool, us]) => ({
    pool,
    'us CPU per exchange': Number(us.toFixed(2)),
    'us more': Number((us - base).toFixed(2)),
  }))
  console.table(rows)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
