import { describe, expect, it } from 'vitest'
import type { TappedExchange } from '../../src/admin/index.ts'
import { respond } from '../../src/core/message.ts'
import type { RawClient } from '../../src/testing/network/raw-client.ts'
import type { GatheredOptions } from './gathered-world.ts'
import { GatheredWorld } from './gathered-world.ts'

function started(options: Partial<GatheredOptions> = {}): Promise<GatheredWorld> {
  return GatheredWorld.start({ app: (it) => it.route('/', () => respond(200, 'ok')), ...options })
}

/** A client that looks, once all workers show it what they do. */
async function tapped(world: GatheredWorld, query = ''): Promise<RawClient> {
  const client = await world.clock.until(world.connect())
  await client.send(`GET /api/tap${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await world.clock.advance(0)
  return client
}

/** The events that have come, without comments. */
function eventsIn(client: RawClient): { event: string; data: unknown }[] {
  const text = client.unread.toString('latin1')
  return [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event, data]) => ({
    event: event!,
    data: JSON.parse(data!) as unknown,
  }))
}

function exchangesIn(client: RawClient): (readonly [number | undefined, string])[] {
  return eventsIn(client)
    .filter(({ event }) => event === 'exchange')
    .map(({ data }) => data as TappedExchange)
    .map(({ worker, path }) => [worker, path] as const)
}

describe('the tap of several workers', () => {
  it('shows what all of them do, each with its number', async () => {
    await using world = await started()
    const client = await tapped(world, "?where=path~'/seen/*'")
    const [one, two] = world.workers
    await one!.get('/seen/a')
    await two!.get('/unseen')
    await two!.get('/seen/b')
    expect(exchangesIn(client)).toEqual([
      [1, '/seen/a'],
      [2, '/seen/b'],
    ])
    await client.close()
  })

  it('refuses what each would refuse', async () => {
    await using world = await started()
    for (const [query, status] of [
      ['?where=path~', 400],
      ['?rate=0', 400],
      ['?bodies=100', 403],
    ])
      expect((await world.ask(`/api/tap${query}`)).status).toBe(status)
  })

  it('shows so many a second and tells how many more there were', async () => {
    await using world = await started()
    const client = await tapped(world, '?rate=3')
    for (const worker of world.workers) for (let i = 0; i < 4; i++) await worker.get(`/${i}`)
    expect(exchangesIn(client)).toHaveLength(3)
    await world.clock.advance('3s')
    const dropped = eventsIn(client).filter(({ event }) => event === 'dropped')
    expect(dropped.reduce((sum, { data }) => sum + (data as { count: number }).count, 0)).toBe(5)
    await world.workers[0]!.get('/later')
    expect(exchangesIn(client).at(-1)).toEqual([1, '/later'])
    await client.close()
  })

  it('goes on when a worker ends, and with the one that takes its place', async () => {
    await using world = await started()
    const client = await tapped(world)
    await world.end(world.workers[0]!)
    const next = await world.add(1)
    await world.clock.advance(0)
    await next.get('/next')
    await world.workers[0]!.get('/other')
    expect(exchangesIn(client)).toEqual([
      [1, '/next'],
      [2, '/other'],
    ])
    expect(client.unread.toString()).toContain(': worker 1 has left\n\n')
    await client.close()
  })

  it('ends in every worker when whoever looks leaves', async () => {
    await using world = await started()
    const client = await tapped(world)
    const inner = () => world.workers.map(({ running }) => running.pools.length + world.clock.pending)
    await client.close()
    await world.clock.advance('1m')
    // No tap ticks any more.
    expect(inner()).toEqual([0, 0])
  })

  it('makes workers wait for a reader that is slow, and tells what was dropped', async () => {
    await using world = await started({ workers: 1, app: (it) => it.route('/', () => respond(200)) })
    const [worker] = world.workers
    const client = await tapped(world, '?rate=500')
    client.pause()
    const path = `/${'x'.repeat(2_000)}`
    const before = worker!.own.sent
    for (let second = 0; second < 2; second++) {
      for (let i = 0; i < 400; i++) await worker!.get(path)
      await world.clock.advance('1s')
    }
    // What no more credit is there for is not sent: 256 KiB in pieces, and what the supervisor's side holds.
    const messages = worker!.own.sent - before
    client.resume()
    await world.clock.advance('3s')
    const shown = exchangesIn(client).length
    const dropped = eventsIn(client).filter(({ event }) => event === 'dropped')
    expect(shown + dropped.reduce((sum, { data }) => sum + (data as { count: number }).count, 0)).toBe(800)
    expect(shown).toBeLessThan(800)
    expect(messages).toBeLessThan(800)
    await client.close()
  })

  it('lets in so many', async () => {
    await using world = await started({ workers: 1 })
    const clients = []
    for (let i = 0; i < 16; i++) clients.push(await tapped(world))
    expect((await world.ask('/api/tap')).status).toBe(503)
    for (const client of clients) await client.close()
  })
})
