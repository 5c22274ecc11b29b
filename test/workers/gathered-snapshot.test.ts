import { describe, expect, it } from 'vitest'
import type { AdminSnapshot } from '../../src/admin/index.ts'
import { respond } from '../../src/core/message.ts'
import { pool } from '../../src/pool/pool.ts'
import { GatheredWorld } from './gathered-world.ts'

const users = () => pool(['http://u1'], { name: 'users' })

async function snapshotOf(world: GatheredWorld): Promise<AdminSnapshot> {
  const { status, json } = await world.ask('/api/snapshot')
  expect(status).toBe(200)
  return json as AdminSnapshot
}

describe('the snapshot of several workers', () => {
  it('sums what they count, and names them', async () => {
    await using world = await GatheredWorld.start({
      workers: 3,
      app: (it) => it.route('/fails', () => respond(500)).route('/', users()),
    })
    const [one, two, three] = world.workers
    for (const worker of [one!, one!, two!, three!]) expect(await worker.get('/')).toBe(200)
    expect(await two!.get('/fails')).toBe(500)
    await world.clock.advance('1s')
    const { proxy, listeners, routes, pools, traffic, failures } = await snapshotOf(world)
    expect(listeners).toEqual([{ url: 'http://127.0.0.1:8080', connections: 0, accepted: 5, refusals: {} }])
    expect(routes.map(({ match, matches, failures: failed }) => [match, matches, failed])).toEqual([
      ['/fails', 1, 1],
      ['/', 4, 0],
    ])
    expect(pools.map(({ name, endpoints }) => [name, endpoints.map((it) => [it.id, it.successes])])).toEqual([
      ['users', [['http://u1', 4]]],
    ])
    expect([traffic.total, traffic.failures, traffic.statuses['2xx'], traffic.statuses['5xx']]).toEqual([
      5, 1, 4, 1,
    ])
    expect(traffic.seconds.at(-1)).toMatchObject({ exchanges: 5, failures: 1 })
    expect(failures.map(({ path }) => path)).toEqual(['/fails'])
    expect(proxy).toMatchObject({ pid: process.pid, phase: 'serving', readiness: { ready: true } })
    expect(proxy.workers?.map((it) => [it.number, it.pid, it.phase, it.answers, it.connections])).toEqual([
      [1, 1000, 'serving', true, 0],
      [2, 1001, 'serving', true, 0],
      [3, 1002, 'serving', true, 0],
    ])
  })

  it('has percentiles of all exchanges together', async () => {
    await using world = await GatheredWorld.start({ app: (it) => it.route('/', users()) })
    const [one, two] = world.workers
    one!.upstream.latency({ kind: 'constant', ms: 10 })
    two!.upstream.latency({ kind: 'constant', ms: 400 })
    for (const worker of [one!, one!, one!, two!]) await worker.get('/')
    await world.clock.advance('1s')
    const { routes, traffic } = await snapshotOf(world)
    const second = traffic.seconds.find(({ exchanges }) => exchanges > 0)!
    expect([second.exchanges, traffic.seconds.length]).toEqual([4, 60])
    // Within what the buckets leave open: 4.5 % in the fine grain, 9.1 % in the coarse one.
    for (const [p50, longest, off] of [
      [second.p50, second.p99, 0.045],
      [traffic.latency?.p50, traffic.latency?.max, 0.045],
      [routes[0]!.latency?.p50, routes[0]!.latency?.max, 0.091],
    ] as const) {
      expect(Math.abs(p50! / 10 - 1)).toBeLessThan(off)
      expect(Math.abs(longest! / 400 - 1)).toBeLessThan(off)
    }
  })
})
