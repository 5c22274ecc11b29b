import { expect, test } from 'vitest'
import { memoryNetwork } from '../network/memory-network.ts'
import { type RawClient, rawClient } from '../network/raw-client.ts'
import { type VirtualClock, virtualClock } from '../virtual-clock.ts'
import { type FakeUpstream, fakeUpstream } from './fake-upstream.ts'

const GET = 'GET / HTTP/1.1\r\n\r\n'

interface World extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly upstream: FakeUpstream
  /** Sends a request on a connection of its own; gives when the answer was there, its status, and a way to leave. */
  ask(): Promise<{
    answered: Promise<readonly [atMs: number, status: number]>
    leave(how: 'close' | 'reset'): Promise<void>
  }>
}

async function makeWorld(): Promise<World> {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const upstream = await fakeUpstream({ network, clock, host: 'service', port: 80 }).start()
  const clients: RawClient[] = []
  return {
    clock,
    upstream,
    async ask() {
      const client = await rawClient(network, upstream.url)
      clients.push(client)
      await client.send(`GET / HTTP/1.1\r\nConnection: close\r\n\r\n`)
      const answered = client.response().then(async ({ status }) => {
        const atMs = clock.now()
        await client.close()
        return [atMs, status] as const
      })
      answered.catch(() => {})
      await clock.advance(0)
      return { answered, leave: (how) => client[how]() }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close()))
      await upstream.close()
      expect(network.leaks()).toEqual([])
      expect(clock.pending).toBe(0)
      expect([upstream.busy, upstream.queued]).toEqual([0, 0])
      expect(upstream.errors).toEqual([])
    },
  }
}

const TEN = { kind: 'constant', ms: 10 } as const

test('capacity makes the request after the last worker wait for exactly one service time', async () => {
  await using world = await makeWorld()
  const { clock, upstream } = world
  upstream.capacity({ workers: 2, serviceTime: TEN })
  const asked = []
  for (let i = 0; i < 5; i++) asked.push((await world.ask()).answered)
  expect([upstream.busy, upstream.queued]).toEqual([2, 3])
  await clock.advance(10)
  expect([upstream.busy, upstream.queued]).toEqual([2, 1])
  await clock.advance(100)
  expect([upstream.busy, upstream.queued]).toEqual([0, 0])
  expect((await Promise.all(asked)).map(([atMs]) => atMs)).toEqual([10, 10, 20, 20, 30])
})

test('capacity answers what finds the queue full, at once', async () => {
  await using world = await makeWorld()
  const { clock, upstream } = world
  upstream.capacity({ workers: 1, serviceTime: TEN, queue: 1 })
  const asked = [await world.ask(), await world.ask(), await world.ask()]
  await clock.advance(50)
  expect(await Promise.all(asked.map((it) => it.answered))).toEqual([
    [10, 200],
    [20, 200],
    [0, 503],
  ])
  upstream.capacity({ workers: 1, serviceTime: TEN, queue: 0, whenFull: { status: 429 } })
  const [, full] = [await world.ask(), await world.ask()]
  expect(await full.answered).toEqual([50, 429])
})

test('capacity forgets who waits and resets, not who merely ends, nor who is served', async () => {
  await using world = await makeWorld()
  const { clock, upstream } = world
  upstream.capacity({ workers: 1, serviceTime: TEN })
  const load = (): readonly number[] => [upstream.busy, upstream.queued]
  const [begun, resets, ends, last] = [
    await world.ask(),
    await world.ask(),
    await world.ask(),
    await world.ask(),
  ]
  expect(load()).toEqual([1, 3])
  await resets.leave('reset')
  await clock.advance(0)
  expect(load()).toEqual([1, 2])
  await ends.leave('close')
  await clock.advance(0)
  expect(load()).toEqual([1, 2])
  await begun.leave('reset')
  await clock.advance(0)
  expect(load()).toEqual([1, 2])
  await clock.advance(100)
  expect((await last.answered)[0]).toBe(30)
})

test('an outage drops the work, and nothing of it is left', async () => {
  await using world = await makeWorld()
  const { clock, upstream } = world
  upstream.capacity({ workers: 1, serviceTime: TEN })
  const [begun, waiting] = [await world.ask(), await world.ask()]
  upstream.outage({ lasts: 5 })
  await clock.advance(0)
  expect([upstream.busy, upstream.queued]).toEqual([0, 0])
  await expect(begun.answered).rejects.toThrow('ECONNRESET')
  await expect(waiting.answered).rejects.toThrow('ECONNRESET')
  await clock.advance(5)
  const next = await world.ask()
  await clock.advance(10)
  expect((await next.answered)[0]).toBe(15)
})

test('slowStart falls evenly to 1, after the start and after an outage', async () => {
  await using world = await makeWorld()
  const { clock, upstream } = world
  upstream.latency(TEN).slowStart({ lasts: 1_000, factor: 3 })
  const took = async (): Promise<number> => {
    const before = clock.now()
    const { answered } = await world.ask()
    const [atMs] = await clock.until(answered)
    return atMs - before
  }
  expect(await took()).toBe(30)
  await clock.advance(500 - clock.now())
  expect(await took()).toBe(20)
  await clock.advance(1_000)
  expect(await took()).toBe(10)
  upstream.outage({ lasts: 100 })
  await clock.advance(100)
  expect(await took()).toBe(30)
})

test('pause holds the work too', async () => {
  await using world = await makeWorld()
  const { clock, upstream } = world
  upstream.capacity({ workers: 1, serviceTime: TEN })
  const asked = [await world.ask(), await world.ask()]
  upstream.pause()
  await clock.advance(100)
  expect([upstream.busy, upstream.queued]).toEqual([1, 1])
  upstream.resume()
  await clock.advance(100)
  expect((await Promise.all(asked.map((it) => it.answered))).map(([atMs]) => atMs)).toEqual([100, 110])
})

test('a pipeline takes one worker at a time', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  await using upstream = await fakeUpstream({ network, clock }).start()
  upstream.capacity({ workers: 2, serviceTime: TEN })
  const client = await rawClient(network, upstream.url)
  await client.send(GET + GET)
  await clock.advance(0)
  expect(upstream.busy).toBe(1)
  await clock.until(client.response())
  await clock.until(client.response())
  expect(clock.now()).toBe(20)
  await client.close()
})

test('a service model that makes no sense is refused at the call', () => {
  const upstream = fakeUpstream({ network: memoryNetwork() })
  expect(() => upstream.capacity({ workers: 0, serviceTime: TEN })).toThrow(
    'fakeUpstream.capacity: "workers"',
  )
  expect(() => upstream.capacity({ workers: 1, serviceTime: 10 as never })).toThrow('"serviceTime"')
  expect(() => upstream.capacity({ workers: 1, serviceTime: TEN, queue: -1 })).toThrow('"queue"')
  expect(() => upstream.capacity({ workers: 1, serviceTime: TEN, size: 1 } as never)).toThrow('"size"')
  expect(() => upstream.slowStart({ lasts: '1s', factor: 0 })).toThrow('fakeUpstream.slowStart: "factor"')
  expect(() => upstream.slowStart({ lasts: 'x' as '1s', factor: 2 })).toThrow('"lasts"')
  expect(() => upstream.latency({ kind: 'constant', ms: -1 })).toThrow(
    'fakeUpstream.latency: "distribution.ms"',
  )
})
