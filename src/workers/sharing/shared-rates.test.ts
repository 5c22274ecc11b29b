import { describe, expect, test } from 'vitest'
import { type SharingWorker, SharingWorkers } from '../../../test/workers/sharing-workers.ts'
import type { ProxyError } from '../../core/errors.ts'
import { type SharingHold, sharedOf } from '../../core/shared-state.ts'
import {
  memoryStore,
  type RateAlgorithm,
  type RateLimit,
  type RateLimitOptions,
  rateLimit,
} from '../../filters/rate-limit.ts'
import { exchange, run, seededRandom, type VirtualClock, virtualClock } from '../../testing/index.ts'

interface Seen {
  readonly status: number
  readonly told: string | undefined
}

const PER_MINUTE = { limit: 100, per: '1m', key: 'all' } as const

/** Workers, each of which has the same filters. */
function crowd(options: readonly RateLimitOptions[], size = 3) {
  const clock = virtualClock()
  const all = new SharingWorkers(clock)
  const workers = Array.from({ length: size }, () => served(all.start(), clock, options))
  return { clock, all, workers }
}

interface Served {
  readonly worker: SharingWorker
  readonly filters: readonly RateLimit[]
  readonly hold: SharingHold
  /** Sends a request through one of the filters. */
  readonly ask: (at?: number, client?: string) => Promise<Seen>
}

function served(worker: SharingWorker, clock: VirtualClock, options: readonly RateLimitOptions[]): Served {
  const filters = options.map((it) => rateLimit(it))
  const hold = worker.sharing.hold(() => placed(filters))
  return { worker, filters, hold, ask: (at = 0, client) => ask(filters[at]!, clock, client) }
}

function placed(filters: readonly RateLimit[]) {
  return filters.map((thing) => ({ at: 'proxy', name: 'rateLimit', thing }))
}

async function ask(filter: RateLimit, clock: VirtualClock, client = '192.0.2.1'): Promise<Seen> {
  try {
    const { response } = await run(filter, exchange({ clock, client }))
    return { status: response.status, told: response.headers.get('RateLimit') }
  } catch (error) {
    return { status: (error as ProxyError).status, told: undefined }
  }
}

async function admitted(asked: readonly Promise<Seen>[]): Promise<number> {
  return (await Promise.all(asked)).filter(({ status }) => status === 200).length
}

describe('rate limits of several workers', () => {
  test.each<RateAlgorithm>([
    'token-bucket',
    'gcra',
    'sliding-window',
    'sliding-window-counter',
    'fixed-window',
  ])('decide by %s as one process does, request for request', async (algorithm) => {
    const options: RateLimitOptions = { limit: 100, per: '1m', algorithm }
    const { clock, workers } = crowd([options])
    const one = rateLimit(options)
    const random = seededRandom(5)
    for (let burst = 0; burst < 20; burst++) {
      const clients = Array.from({ length: 150 }, () => `192.0.2.${1 + Math.floor(random() * 2)}`)
      const together = clients.map((client) => workers[Math.floor(random() * 3)]!.ask(0, client))
      const alone = clients.map((client) => ask(one, clock, client))
      const [seen, expected] = [await Promise.all(together), await Promise.all(alone)]
      // Within one turn, those of one worker come before those of the next: what they add up to is the same.
      expect(tally(seen, clients)).toEqual(tally(expected, clients))
      await clock.advance(Math.floor(random() * 20_000))
    }
  })

  test('admit the limit, and not one more, of thousands at once', async () => {
    const { workers } = crowd([PER_MINUTE])
    const asked = Array.from({ length: 3_000 }, (_, i) => workers[i % 3]!.ask())
    expect(await admitted(asked)).toBe(100)
    expect(workers.map(({ filters }) => filters[0]!.unavailable)).toEqual([0, 0, 0])
  })

  test('send what is asked in one turn as one message', async () => {
    const { workers } = crowd([PER_MINUTE])
    const [{ worker, ask }] = workers as [Served]
    await Promise.all(Array.from({ length: 50 }, () => ask()))
    expect(worker.sent).toHaveLength(2) // Its links, and fifty questions.
    expect(worker.heard).toHaveLength(1)
  })

  test('count apart in stores of their own, and together in a store that filters share', async () => {
    const rule = { limit: 10, per: '1m', key: 'all' } as const
    const apart = crowd([rule, rule], 2)
    expect(await admitted(many(apart.workers, 40))).toBe(20)
    const clock = virtualClock()
    const all = new SharingWorkers(clock)
    const workers = [1, 2].map(() => {
      const store = memoryStore()
      return served(all.start(), clock, [
        { ...rule, store },
        { ...rule, store },
      ])
    })
    expect(await admitted(many(workers, 40))).toBe(10)
  })

  test('are those of each process where the store is another one', () => {
    const store = { limiter: () => ({ take: () => [{ waitMs: 0, remaining: 1, resetMs: 0 }] }) }
    expect(sharedOf(rateLimit({ ...PER_MINUTE, store }))).toBeUndefined()
    expect(sharedOf(rateLimit(PER_MINUTE))).toBeDefined()
  })
})

describe('without an answer of the supervisor', () => {
  test('a decision cannot be made after 250 ms, and is tried once a second from then on', async () => {
    const { clock, workers } = crowd([{ ...PER_MINUTE, whenUnavailable: 'refuse' }])
    const [{ worker, ask, filters }] = workers as [Served]
    worker.deaf = true
    const first = ask()
    await clock.advance(249)
    const sentInTime = worker.sent.length
    await clock.advance(1)
    expect((await first).status).toBe(503)
    // At once, and without a message.
    expect((await ask()).status).toBe(503)
    expect(worker.sent).toHaveLength(sentInTime)
    await clock.advance('1s')
    const trial = ask()
    expect((await ask()).status).toBe(503)
    await clock.advance(0)
    expect(worker.sent).toHaveLength(sentInTime + 1)
    worker.deaf = false
    expect((await trial).status).toBe(200)
    expect((await ask()).status).toBe(200)
    expect(filters[0]!.unavailable).toBe(3)
    // What was late has been counted all the same.
    expect((await ask()).told).toBe('"default";r=96;t=3')
    expect(clock.pending).toBeLessThanOrEqual(1)
  })

  test('only so many wait', async () => {
    const { clock, workers } = crowd([{ ...PER_MINUTE, whenUnavailable: 'refuse' }])
    const [{ worker, ask, filters }] = workers as [Served]
    worker.deaf = true
    const asked = Array.from({ length: 10_010 }, () => ask())
    await clock.advance(0)
    expect(filters[0]!.unavailable).toBe(10)
    worker.deaf = false
    expect(await admitted(asked)).toBe(100)
  })

  test('a supervisor that is gone is not waited for, nor what was asked before', async () => {
    const { clock, workers } = crowd([PER_MINUTE])
    const [{ worker, ask, filters }] = workers as [Served]
    worker.deaf = true
    const asked = ask()
    await clock.advance(1)
    worker.end()
    expect((await asked).status).toBe(200)
    expect((await ask()).status).toBe(200)
    expect(filters[0]!.unavailable).toBe(2)
  })

  test('what cannot be read is no answer, and harms no other', async () => {
    const { workers, clock } = crowd([PER_MINUTE])
    const [{ worker }, other] = workers as [Served, Served]
    for (const junk of [
      undefined,
      null,
      'links',
      { kind: 'links' },
      { kind: 'links', joined: [{}], left: [] },
      { kind: 'links', joined: [{ link: 9, id: 'x', kind: 'rate-limit', of: 'x', about: {} }], left: [7] },
      { kind: 'ask', batch: 1, questions: [[]] },
      {
        kind: 'ask',
        batch: 2,
        questions: [
          [0, 'x'],
          [0, [1, 2]],
          [0, [-1, 'k']],
          [0, [1, 'k', 'k']],
          [0, [1, 'k'.repeat(161)]],
          [9, [1, 'k']],
        ],
      },
      { kind: 'tell', link: 77, message: 1 },
    ])
      worker.say(junk)
    await clock.advance(0)
    expect(worker.heard).toEqual([
      { kind: 'answers', batch: 1, answers: [undefined] },
      { kind: 'answers', batch: 2, answers: Array.from({ length: 6 }, () => undefined) },
    ])
    expect((await other.ask()).told).toBe('"default";r=99;t=1')
  })
})

describe('what is counted for workers', () => {
  test('goes on where a reload brings the same rule anew, also for requests of before', async () => {
    const { clock, workers, all } = crowd([PER_MINUTE])
    const [{ worker, hold, ask: askBefore }] = workers as [Served]
    expect(await admitted(many(workers, 60))).toBe(60)
    const { ask: askAfter } = served(worker, clock, [PER_MINUTE])
    expect(await admitted([askBefore(), askAfter()])).toBe(2)
    hold.release()
    await clock.advance(0)
    expect(await admitted(Array.from({ length: 90 }, () => askAfter()))).toBe(38)
    expect([all.states.links, all.states.rules, all.states.keys]).toEqual([3, 1, 1])
    // It is by itself again.
    expect((await askBefore()).told).toBe('"default";r=99;t=1')
  })

  test('is forgotten when the last worker counts by another rule', async () => {
    const { clock, workers, all } = crowd([PER_MINUTE], 2)
    await admitted(many(workers, 10))
    const other = { ...PER_MINUTE, limit: 50 }
    for (const [i, { worker, hold }] of workers.entries()) {
      const next = served(worker, clock, [other])
      hold.release()
      await next.ask()
      expect(all.states.rules).toBe(i === 0 ? 2 : 1)
    }
    for (let reload = 0; reload < 50; reload++) {
      const [{ worker }] = workers as [Served]
      const next = served(worker, clock, [{ ...PER_MINUTE, limit: 100 + reload }])
      await next.ask()
      next.hold.release()
    }
    await clock.advance(0)
    expect([all.states.links, all.states.rules, all.states.keys]).toEqual([2, 1, 1])
  })

  test('outlives its workers until others have come that count otherwise', async () => {
    const { clock, workers, all } = crowd([PER_MINUTE], 1)
    expect(await admitted(many(workers, 60))).toBe(60)
    workers[0]!.worker.end()
    expect(all.states.links).toBe(0)
    const second = served(all.start(), clock, [PER_MINUTE])
    expect(await admitted(Array.from({ length: 60 }, () => second.ask()))).toBe(40)
    second.worker.end()
    const third = served(all.start(), clock, [{ ...PER_MINUTE, limit: 7 }])
    await third.ask()
    expect([all.states.rules, all.states.keys]).toEqual([1, 1])
  })
})

/** So many requests, by turns through each filter of each worker. */
function many(workers: readonly Served[], count: number): Promise<Seen>[] {
  return Array.from({ length: count }, (_, i) => {
    const { ask, filters } = workers[i % workers.length]!
    return ask(Math.floor(i / workers.length) % filters.length)
  })
}

/** What clients had, each: how many were admitted, and what was told them, in any order. */
function tally(seen: readonly Seen[], clients: readonly string[]): Record<string, readonly string[]> {
  const by: Record<string, string[]> = {}
  for (const [i, { status, told }] of seen.entries()) {
    by[clients[i]!] ??= []
    by[clients[i]!]!.push(`${status} ${told}`)
  }
  for (const texts of Object.values(by)) texts.sort()
  return by
}
