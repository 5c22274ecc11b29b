import { describe, expect, it } from 'vitest'
import { type AdminSnapshot, admin } from '../../src/admin/index.ts'
import { respond } from '../../src/core/message.ts'
import { pool } from '../../src/pool/pool.ts'
import { TOKEN } from '../admin/admin-world.ts'
import { type GatheredOptions, GatheredWorld } from './gathered-world.ts'

function started(options: Partial<GatheredOptions> = {}): Promise<GatheredWorld> {
  return GatheredWorld.start({ app: (it) => it.route('/', () => respond(200, 'ok')), ...options })
}

describe('probes', () => {
  it('are healthy while the supervisor runs, and ready while one worker serves', async () => {
    await using world = await started()
    const statuses = async () => [(await world.ask('/health')).status, (await world.ask('/ready')).status]
    const [one, two] = world.workers
    expect(await statuses()).toEqual([200, 200])
    world.become(one!, 'draining')
    expect(await statuses()).toEqual([200, 200])
    world.become(two!, 'draining')
    expect(await statuses()).toEqual([200, 503])
    expect((await world.ask('/ready')).json).toEqual({
      ready: false,
      reasons: ['no worker serves: draining'],
    })
    await world.end(one!)
    await world.end(two!)
    expect(await statuses()).toEqual([200, 503])
    expect((await world.ask('/health')).json).toEqual({ status: 'ok', phase: 'starting' })
  })
})

describe('a worker that hangs', () => {
  it('is left out of what is shown, which shows, and holds nobody up for long', async () => {
    await using world = await started({ workers: 3 })
    for (const worker of world.workers) await worker.get('/')
    world.workers[1]!.own.stall()
    const startedAt = world.clock.now()
    const { proxy, traffic } = (await world.ask('/api/snapshot')).json as AdminSnapshot
    expect(world.clock.now() - startedAt).toBeLessThanOrEqual(2_000)
    expect(proxy.workers?.map((it) => [it.number, it.phase, it.answers, it.connections])).toEqual([
      [1, 'serving', true, 0],
      [2, 'serving', false, undefined],
      [3, 'serving', true, 0],
    ])
    expect(traffic.total).toBe(2)
    expect(proxy.readiness.ready).toBe(true)
  })

  it('leaves nothing behind when it ends', async () => {
    await using world = await started()
    const [one, two] = world.workers
    one!.own.stall()
    await world.ask('/api/snapshot')
    await world.end(one!)
    await two!.get('/')
    const { proxy, traffic } = (await world.ask('/api/snapshot')).json as AdminSnapshot
    expect([proxy.workers?.length, traffic.total]).toEqual([1, 1])
  })
})

describe('what one worker is asked', () => {
  it('is answered by one that serves', async () => {
    await using world = await started({ app: (it) => it.route('/', pool(['http://u1'], { name: 'users' })) })
    world.become(world.workers[0]!, 'draining')
    const { status, json } = await world.ask('/api/explain?request=GET%20/users')
    expect([status, json]).toEqual([200, expect.objectContaining({ text: expect.stringContaining('users') })])
    expect((await world.ask('/api/explain?request=%00')).status).toBe(400)
  })

  it('is refused where none runs', async () => {
    await using world = await started({ workers: 1 })
    await world.end(world.workers[0]!)
    expect((await world.ask('/api/explain?request=/')).status).toBe(503)
    expect((await world.ask('/api/snapshot')).json).toMatchObject({
      pools: [],
      traffic: { total: 0, seconds: [] },
    })
  })

  it('is a profile of the one that is named', async () => {
    await using world = await started({ admin: { profiling: true } })
    const profile = (query: string) =>
      world.ask({ method: 'POST', target: `/api/profile/cpu${query}&seconds=1`, json: {} })
    const { status, headers } = await profile('?worker=2')
    expect([status, headers['content-disposition']]).toEqual([200, expect.stringContaining('.cpuprofile"')])
    expect([(await profile('?worker=3')).status, (await profile('?worker=x')).status]).toEqual([404, 400])
  })

  it('is no profile where that is off', async () => {
    await using world = await started()
    expect((await world.ask({ method: 'POST', target: '/api/profile/heap', json: {} })).status).toBe(403)
  })
})

describe('exchanges under way', () => {
  it('are those of all, the oldest first', async () => {
    const waiting = Promise.withResolvers<void>()
    await using world = await started({
      app: (it) => it.route('/', async () => waiting.promise.then(() => respond(200))),
    })
    const [one, two] = world.workers
    const answers = []
    for (const [worker, path] of [
      [two!, '/first'],
      [one!, '/second'],
      [two!, '/third'],
    ] as const) {
      answers.push(worker.send(path))
      await world.clock.advance('1s')
    }
    const { total, exchanges } = (await world.ask('/api/exchanges?limit=2')).json as {
      total: number
      exchanges: { path: string }[]
    }
    waiting.resolve()
    await world.clock.until(Promise.all(answers))
    expect([total, exchanges.map(({ path }) => path)]).toEqual([3, ['/first', '/second']])
    expect((await world.ask('/api/exchanges?limit=0')).status).toBe(400)
  })
})

describe('another description', () => {
  it('has its settings followed, at the same address', async () => {
    await using world = await started()
    const { url } = world.gathered
    await world.clock.until(world.gathered.follow([admin({ token: TOKEN })]))
    expect([world.gathered.url, (await world.ask('/api/snapshot')).status]).toEqual([url, 401])
    await world.clock.until(world.gathered.follow([]))
    await expect(world.clock.until(world.connect())).rejects.toThrow()
  })
})
