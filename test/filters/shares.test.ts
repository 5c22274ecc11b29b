import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../src/core/errors.ts'
import { respond } from '../../src/core/message.ts'
import { fault } from '../../src/filters/fault.ts'
import { split, splitArm } from '../../src/filters/split.ts'
import { sticky } from '../../src/filters/sticky.ts'
import { pool } from '../../src/pool/pool.ts'
import { proxy } from '../../src/proxy/proxy.ts'
import { exchange, seededRandom, simulate } from '../../src/testing/index.ts'

const EXCHANGES = 20_000

/** Within four standard deviations of a part of so many. */
function expectShare(count: number, share: number, of: number = EXCHANGES): void {
  const deviation = Math.sqrt(of * share * (1 - share))
  expect(Math.abs(count - of * share)).toBeLessThan(4 * deviation)
}

/** Whether the bounds would see a share that is off by a tenth. */
test('the bounds are narrow enough to see a share that is not the right one', () => {
  expect(() => expectShare(EXCHANGES * 0.055, 0.05)).not.toThrow()
  expect(() => expectShare(EXCHANGES * 0.057, 0.05)).toThrow()
  expect(() => expectShare(EXCHANGES * 0.043, 0.05)).toThrow()
})

const arms = [
  {
    weight: 95,
    to: function stable() {
      return respond(200)
    },
  },
  {
    weight: 4,
    to: function canary() {
      return respond(200)
    },
  },
  {
    weight: 1,
    to: function nightly() {
      return respond(200)
    },
  },
]

describe.each([1, 2, 3])('with seed %d, of 20 000 exchanges', (seed) => {
  test.each([
    ['chance', {}],
    ['a key', { by: (one: { id: string }) => one.id, salt: `salt ${seed}` }],
    ['a cookie', { cookie: true }],
  ])('split gives each arm its part by %s', async (_, options) => {
    const random = seededRandom(seed)
    const target = split(arms, options)
    const counts = new Map<string | undefined, number>()
    for (let i = 0; i < EXCHANGES; i++) {
      const one = exchange({ random, id: `user ${i}` })
      await target(one)
      counts.set(one.get(splitArm), (counts.get(one.get(splitArm)) ?? 0) + 1)
    }
    expectShare(counts.get('stable')!, 0.95)
    expectShare(counts.get('canary')!, 0.04)
    expectShare(counts.get('nightly')!, 0.01)
  })

  test('fault hits the share that it is told to, of each kind by itself', async () => {
    const random = seededRandom(seed)
    const filter = fault({
      enabled: () => true,
      delay: { ms: 10, share: 0.3 },
      abort: { share: 0.1 },
      bandwidth: { bytesPerSecond: '1kb', share: 0.5 },
    })
    const counts = { delayed: 0, aborted: 0, delayedAndAborted: 0, slowed: 0 }
    for (let i = 0; i < EXCHANGES; i++) {
      const one = exchange({ random })
      let aborted = false
      const response = respond(200, 'ok')
      const { body } = response
      try {
        const answer = filter(one, () => response)
        const delayed = answer instanceof Promise
        if (delayed) {
          counts.delayed++
          await one.ownClock!.until(answer).catch((error) => {
            if (!(error instanceof ProxyError)) throw error
            aborted = true
          })
        }
        if (delayed && aborted) counts.delayedAndAborted++
      } catch (error) {
        if (!(error instanceof ProxyError)) throw error
        aborted = true
      }
      if (aborted) counts.aborted++
      else if (response.body !== body) counts.slowed++
    }
    expectShare(counts.delayed, 0.3)
    expectShare(counts.aborted, 0.1)
    expectShare(counts.delayedAndAborted, 0.03)
    expectShare(counts.slowed, 0.45)
  })
})

test('sticky leaves the shares of new sessions to the balancer, and moves none of the others', async () => {
  const urls = ['http://a', 'http://b', 'http://c', 'http://d']
  const users = pool(urls)
    .random()
    .guard(sticky({ keys: 'k'.repeat(32) }))
  await using sim = simulate(proxy().route('/', users), { seed: 5 })
  const sessions = 2_000
  const begun = new Map<string, number>()
  for (let i = 0; i < sessions; i++) {
    const first = await sim.get('/')
    const at = first.exchange!.attempts[0]!.endpoint
    begun.set(at, (begun.get(at) ?? 0) + 1)
    const again = await sim.get('/', { headers: { Cookie: first.headers.get('set-cookie')!.split(';')[0]! } })
    expect(again.exchange!.attempts[0]!.endpoint).toBe(at)
  }
  for (const url of urls) expectShare(begun.get(url)!, 0.25, sessions)
  await sim.assertNoLeaks()
})
