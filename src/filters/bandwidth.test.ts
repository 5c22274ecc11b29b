import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Body } from '../core/body.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate, type VirtualClock, virtualClock } from '../testing/index.ts'
import { type BandwidthOptions, bandwidth } from './bandwidth.ts'
import { Pace } from './body-flow/pace.ts'
import { PacedSource } from './body-flow/paced-source.ts'
import { SharedPaces } from './body-flow/shared-paces.ts'

/** Reads all of it, and notes what had come when. */
async function arrivals(clock: VirtualClock, ...bodies: Body[]): Promise<[at: number, bytes: number][][]> {
  const from = clock.now()
  const reading = bodies.map(async (body) => {
    const all: [number, number][] = []
    let bytes = 0
    for await (const chunk of body) {
      bytes += chunk.byteLength
      all.push([clock.now() - from, bytes])
    }
    return all
  })
  return clock.until(Promise.all(reading))
}

async function* chunks(...sizes: number[]) {
  for (const size of sizes) yield Buffer.alloc(size, 'x')
}

const pacedBody = (pace: Pace, ...sizes: number[]) =>
  new Body(new PacedSource(Body.from(chunks(...sizes)).take(), pace))

describe('PacedSource', () => {
  test('passes on what may go at once, and the rest in its time', async () => {
    const clock = virtualClock()
    const [all] = await arrivals(clock, pacedBody(new Pace(clock, 1_000, 100), 1_000))
    expect(all![0]).toEqual([0, 100])
    expect(all!.at(-1)).toEqual([900, 1_000])
    // Twenty a second, each half of the burst.
    expect(all).toHaveLength(19)
  })

  test('never passes on more than it should, and in the end everything, as it was', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 100, max: 5_000 }),
        fc.integer({ min: 1, max: 2_000 }),
        async (all, rate, burst) => {
          const clock = virtualClock()
          const came = (await arrivals(clock, pacedBody(new Pace(clock, rate, burst), ...all)))[0]!
          const total = all.reduce((sum, it) => sum + it, 0)
          expect(came.at(-1)?.[1] ?? 0).toBe(total)
          for (const [at, bytes] of came)
            expect(bytes).toBeLessThanOrEqual(burst + (at * rate) / 1_000 + 1e-6)
          // Each timer is late by less than a millisecond, and loses nothing by it unless the burst is less than that.
          if (burst > rate / 250)
            expect(came.at(-1)?.[0] ?? 0).toBeLessThanOrEqual(Math.max(0, total - burst) * (1_000 / rate) + 2)
        },
      ),
      {
        numRuns: 50,
        // Of these, a burst is one byte, and each timer is late.
        examples: [
          [[4], 158, 1],
          [[8], 103, 1],
        ],
      },
    )
  })

  test('bodies with one pace take turns', async () => {
    const clock = virtualClock()
    const pace = new Pace(clock, 1_000, 100)
    const [first, second, third] = await arrivals(
      clock,
      pacedBody(pace, 2_000),
      pacedBody(pace, 2_000),
      pacedBody(pace, ...Array.from({ length: 1_000 }, () => 2)),
    )
    const at = (came: [number, number][] | undefined) => came!.findLast(([ms]) => ms <= 3_000)![1]
    expect(at(first) + at(second) + at(third)).toBeLessThanOrEqual(3_100)
    expect(Math.abs(at(first) - at(second))).toBeLessThanOrEqual(100)
    expect(first!.at(-1)![0]).toBeLessThanOrEqual(6_000)
  })

  test('does not read ahead, while its bytes wait and while its reader does', async () => {
    const clock = virtualClock()
    let given = 0
    async function* endless() {
      for (;;) {
        given++
        yield Buffer.alloc(100)
      }
    }
    const body = new Body(new PacedSource(Body.from(endless()).take(), new Pace(clock, 1_000, 100)))
    const reader = body[Symbol.asyncIterator]()
    await reader.next()
    await clock.advance(60_000)
    expect(given).toBeLessThanOrEqual(3)
    await reader.return!()
    expect(clock.nextInMs).toBeUndefined()
  })

  test('a body that fails, or is dropped, leaves no timer and no place in the line', async () => {
    const clock = virtualClock()
    const pace = new Pace(clock, 1_000, 100)
    async function* broken() {
      yield Buffer.alloc(1_000)
      throw new Error('broken')
    }
    const failing = new Body(new PacedSource(Body.from(broken()).take(), pace))
    await expect(clock.until(failing.buffer())).rejects.toThrow('broken')
    const dropped = pacedBody(pace, 1_000)
    const reader = dropped[Symbol.asyncIterator]()
    await clock.until(reader.next())
    dropped.discard()
    expect(clock.nextInMs).toBeUndefined()
    await clock.advance(100)
    expect(pace.idle).toBe(true)
  })
})

test('Pace gives nothing to who comes while others wait', async () => {
  const clock = virtualClock()
  const pace = new Pace(clock, 1_000, 100)
  pace.grant(100)
  const one = { ready: 50, proceed: () => {} }
  pace.wait(one)
  await clock.advance(40)
  expect(pace.grant(10)).toBe(0)
  pace.leave(one)
  expect(pace.grant(10)).toBe(10)
})

test('SharedPaces keeps no key that is idle, and shares one pace among those for which there is no room', () => {
  const clock = virtualClock()
  const paces = new SharedPaces(clock, 3, () => new Pace(clock, 1_000, 100))
  const users = ['a', 'b', 'c'].map((key) => ({ key, at: exchange({ clock }) }))
  const busy = users.map(({ key, at }) => paces.of(key, at))
  const at = exchange({ clock })
  // None has moved a byte yet, and all of them are kept.
  expect(paces.of('d', at)).toBe(paces.of('e', at))
  for (const [i, it] of users.entries()) expect(paces.of(it.key, it.at)).toBe(busy[i])
  expect(paces.size).toBe(3)
  busy[0]!.grant(100)
  for (const it of users) it.at.finish()
  // What was used just now is no rest.
  paces.of('f', at)
  expect(paces.of('a', at)).toBe(busy[0])
  expect(paces.of('b', at)).not.toBe(busy[1])
})

describe('bandwidth', () => {
  test('slows a response down, and keeps its length', async () => {
    const clock = virtualClock()
    const { response } = await run(bandwidth({ response: 1_000 }), exchange({ clock }), () =>
      respond(200, 'x'.repeat(2_100)),
    )
    expect(response.body.length).toBe(2_100)
    const [came] = await arrivals(clock, response.body)
    expect(came!.at(-1)).toEqual([2_000, 2_100])
  })

  test('slows requests of one key down together', async () => {
    const clock = virtualClock()
    const filter = bandwidth({ request: '1kb', key: 'address', burst: 24 })
    const from = clock.now()
    const send = async (client: string) => {
      await run(filter, exchange({ clock, client, method: 'POST', body: 'x'.repeat(1_024) }))
      return clock.now() - from
    }
    const [first, second, other] = await clock.until(
      Promise.all([send('192.0.2.1'), send('192.0.2.1'), send('192.0.2.2')]),
    )
    expect(other).toBeLessThan(1_010)
    expect(Math.max(first, second)).toBeGreaterThan(1_950)
    expect(Math.max(first, second)).toBeLessThan(2_050)
  })

  test.each([false, true])(
    'a proxy: both ways, a client that leaves, and nothing is left; by HTTP/2: %s',
    async (http2) => {
      const filter = bandwidth({ request: '10kb', response: '10kb', key: 'all' })
      const sim = simulate(
        proxy()
          .use(filter)
          .route('/', pool(['http://files'])),
      )
      sim
        .upstream('http://files')
        .on('GET /', { body: 'x'.repeat(102_400) })
        .on('POST /', ({ body }) => ({ body: String(body.length) }))
      const client = sim.client('192.0.2.7', { http2 })
      const got = await client.get('/')
      expect([got.complete, got.body.length, got.headers.get('content-length')]).toEqual([
        true,
        102_400,
        '102400',
      ])
      expect(got.durationMs).toBeGreaterThanOrEqual(9_900)
      expect(got.durationMs).toBeLessThan(9_950)
      const posted = await client.post('/', { body: 'x'.repeat(51_200) })
      expect(posted.text()).toBe('51200')
      expect(posted.durationMs).toBeGreaterThanOrEqual(4_900)
      expect(posted.durationMs).toBeLessThan(4_950)
      const leaving = client.get('/')
      await sim.advance(1_500)
      leaving.leave()
      await leaving.catch(() => {})
      await sim.assertNoLeaks()
    },
  )

  test('a service is not read ahead of a slow response', async () => {
    const sim = simulate(
      proxy()
        .use(bandwidth({ response: '10kb' }))
        .route('/', pool(['http://files'])),
    )
    let sent = 0
    async function* endless() {
      for (;;) {
        sent += 16_384
        yield Buffer.alloc(16_384)
      }
    }
    sim.upstream('http://files').on('GET /', { body: endless() })
    const leaving = sim.get('/')
    await sim.advance('10s')
    expect(sent).toBeLessThan(1_000_000)
    leaving.leave()
    await leaving.catch(() => {})
    await sim.assertNoLeaks()
  })

  test.each<[string, BandwidthOptions]>([
    ['response', {}],
    ['request', { request: 0 }],
    ['response', { response: 'fast' as '1mb' }],
    ['burst', { response: 1, burst: 0 }],
    ['key', { response: 1, key: 'ip' as 'address' }],
    ['maxKeys', { response: 1, maxKeys: 5 }],
    ['maxKeys', { response: 1, key: 'all', maxKeys: 0 }],
    ['rate', { rate: 5 } as BandwidthOptions],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => bandwidth(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
  })
})
