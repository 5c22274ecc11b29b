import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { exchange } from '../testing/exchange.ts'
import { fault, forEachSeed, simulate } from '../testing/index.ts'
import type { EndpointSource } from './endpoint-source.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import { type Pool, pool } from './pool.ts'
import type { PoolEvent, PoolEvents } from './pool-events.ts'
import type { PoolHandle } from './pool-handle.ts'

const URLS = ['http://u1', 'http://u2', 'http://u3', 'http://u4']

type List = readonly (string | EndpointOptions)[]
type Said = { readonly list: List } | { readonly error: unknown } | 'end'

/** A source that says what a test has it say, and notes how often it was called and ended. */
class Script {
  calls = 0
  /** How its calls have ended. */
  readonly ends: string[] = []
  readonly #said: Said[] = []
  #wake: () => void = () => {}

  readonly source: EndpointSource = (signal) => this.#run(signal)

  list(...list: List): void {
    this.#say({ list })
  }

  fail(error: unknown): void {
    this.#say({ error })
  }

  end(): void {
    this.#say('end')
  }

  #say(said: Said): void {
    this.#said.push(said)
    this.#wake()
  }

  async *#run(signal: AbortSignal): AsyncGenerator<List> {
    this.calls++
    signal.addEventListener('abort', () => this.#wake())
    try {
      while (!signal.aborted) {
        const said = this.#said.shift()
        if (said === 'end') return
        if (said === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
        else if ('error' in said) throw said.error
        else yield said.list
      }
    } finally {
      this.ends.push(signal.aborted ? 'aborted' : 'over')
    }
  }
}

/** What is written to standard error. */
function reports(): string[] {
  const lines: string[] = []
  const spy = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line))
  onTestFinished(() => spy.mockRestore())
  return lines
}

function ids({ endpoints }: PoolHandle): string[] {
  return endpoints.map(({ id }) => id)
}

/** Notes events as they come. */
function noting(events: PoolEvents): PoolEvent[] {
  const noted: PoolEvent[] = []
  void (async () => {
    for await (const event of events) noted.push(event)
  })()
  return noted
}

async function world(shape: (it: Pool) => Pool = (it) => it) {
  const script = new Script()
  const target = shape(pool(script.source, { name: 'users' }))
  const sim = simulate(proxy().route('/', target), { seed: 1, upstreams: URLS, keep: 100_000 })
  const users = await sim.pool('users')
  await sim.settle()
  return { script, sim, users, target }
}

describe('a pool with a source', () => {
  test('has no endpoint until there is a list, and then those of the last one', async () => {
    const { script, sim, users } = await world()
    const early = await sim.get('/')
    expect([early.status, early.exchange?.outcome?.error?.code]).toEqual([503, 'no_endpoint'])
    script.list('http://u1', { url: 'http://u2', weight: 3 })
    await sim.settle()
    expect((await sim.get('/')).status).toBe(200)
    expect(users.endpoints.map(({ id, weight }) => [id, weight])).toEqual([
      ['http://u1', 1],
      ['http://u2', 3],
    ])
    script.list('http://u2')
    script.list('http://u3')
    await sim.settle()
    expect(ids(users)).toEqual(['http://u3'])
    script.list()
    await sim.settle()
    expect((await sim.get('/')).status).toBe(503)
    expect(() => users.update(['http://u1'])).toThrow('left to the source of this pool')
    expect(script.calls).toBe(1)
    await sim.assertNoLeaks()
    expect(script.ends).toEqual(['aborted'])
  })

  test('keeps its last list where the source fails, which is called again after longer and longer', async () => {
    const errors = reports()
    const { script, sim, users } = await world()
    const noted = noting(users.events)
    script.list('http://u1')
    await sim.settle()
    const calledAt: number[] = []
    script.fail(new Error('no one is there'))
    await sim.settle()
    for (let calls = 2; calls < 9; calls++) {
      while (script.calls < calls) await sim.advance(10)
      calledAt.push(sim.nowMs)
      script.fail(new Error('still no one'))
      await sim.settle()
      expect((await sim.get('/')).status).toBe(200)
    }
    const waits = calledAt.map((at, i) => at - (calledAt[i - 1] ?? 0))
    for (const [i, wait] of waits.entries()) {
      const span = Math.min(30_000, 1_000 * 2 ** i)
      expect(wait).toBeGreaterThanOrEqual(span)
      expect(wait).toBeLessThanOrEqual(span * 1.2 + 10)
    }
    const failures = noted.filter(({ kind }) => kind === 'source-failed')
    expect(failures).toHaveLength(8)
    expect(failures[0]).toMatchObject({ error: new Error('no one is there'), retryMs: expect.any(Number) })
    expect(errors).toHaveLength(8)
    expect(errors[0]).toMatch(/^gatewright: the source of the pool "users" has failed, .* in 1\d\d\d ms$/)
    // A list ends the bad time, and the next failure is a first one again.
    await sim.advance('40s')
    script.list('http://u2')
    await sim.settle()
    expect(ids(users)).toEqual(['http://u2'])
    script.fail('gone')
    await sim.settle()
    expect(noted.at(-1)).toMatchObject({ kind: 'source-failed', error: 'gone' })
    expect((noted.at(-1) as { retryMs: number }).retryMs).toBeLessThanOrEqual(1_200)
    await sim.assertNoLeaks()
  })

  test('refuses a list with a wrong entry as a whole, and goes on with the source', async () => {
    const errors = reports()
    const { script, sim, users } = await world()
    const noted = noting(users.events)
    script.list('http://u1')
    for (const wrong of [['http://u2', 'u3'], ['http://u2', 'http://u2'], 'http://u2'])
      script.list(...(wrong as string[]))
    script.list('http://u4', { url: 'http://u2', wieght: 2 } as never)
    await sim.settle()
    expect(ids(users)).toEqual(['http://u1'])
    script.list('http://u4')
    await sim.settle()
    expect(ids(users)).toEqual(['http://u4'])
    expect(noted.map(({ kind }) => kind)).toEqual([
      'added',
      'list-refused',
      'list-refused',
      'list-refused',
      'list-refused',
      'removed',
      'added',
    ])
    expect(noted[1]).toMatchObject({ error: { code: 'ERR_OPTION_INVALID', option: 'url' } })
    expect(errors).toHaveLength(4)
    expect(errors[0]).toMatch(
      /^gatewright: the source of the pool "users" has given a list that is wrong, .*: pool: "url" must be .*got "u3"$/,
    )
    expect([script.calls, script.ends]).toEqual([1, []])
    await sim.assertNoLeaks()
  })

  test('keeps its last list when the source ends; one that ends without any has failed', async () => {
    const errors = reports()
    const { script, sim, users } = await world()
    script.end()
    await sim.settle()
    expect(errors).toHaveLength(1)
    await sim.advance('2s')
    script.list('http://u1')
    script.end()
    await sim.advance('1m')
    expect([script.calls, ids(users), errors.length]).toEqual([2, ['http://u1'], 1])
    await sim.assertNoLeaks()
  })

  test.each<[string, EndpointSource]>([
    [
      'throws at the call',
      () => {
        throw new Error('at once')
      },
    ],
    ['is no iterable', () => undefined as never],
    ['gives no iterator', () => ({ [Symbol.asyncIterator]: () => ({}) }) as never],
  ])('bears a source that %s', async (_, source) => {
    const errors = reports()
    const target = pool(source, { name: 'users' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    expect((await sim.get('/')).status).toBe(503)
    await sim.advance('5s')
    expect(errors).toHaveLength(3)
    await sim.assertNoLeaks()
  })

  test('ignores what a source still gives when the pool has ended, though it does not heed its signal', async () => {
    let signal: AbortSignal | undefined
    const late = Promise.withResolvers<IteratorResult<List>>()
    const source: EndpointSource = (given) => {
      signal = given
      return { [Symbol.asyncIterator]: () => ({ next: () => late.promise }) }
    }
    const target = pool(source, { name: 'users' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    const users = await sim.pool(target)
    await sim.settle()
    expect(signal?.aborted).toBe(false)
    await sim.assertNoLeaks()
    expect(signal?.aborted).toBe(true)
    late.resolve({ done: false, value: ['http://u1'] })
    await Promise.resolve()
    expect(users.endpoints).toEqual([])
  })

  test('gives the source the time of the proxy', async () => {
    const target = pool(
      async function* polling(signal, { clock, random }) {
        for (let turn = 0; !signal.aborted; turn++) {
          yield [URLS[turn % 4]!]
          await new Promise<void>((resolve) => {
            const timer = clock.setTimeout(resolve, 1_000 + random())
            signal.addEventListener('abort', () => {
              timer.clear()
              resolve()
            })
          })
        }
      },
      { name: 'users' },
    )
    const app = proxy().route('/', target)
    expect(app.explain('/').target).toMatchObject({ endpoints: [], source: 'polling' })
    expect(String(app.explain('/'))).toContain('endpoints  from polling')
    await using sim = simulate(app, { seed: 1, upstreams: URLS })
    const users = await sim.pool(target)
    await sim.settle()
    expect(ids(users)).toEqual(['http://u1'])
    await sim.advance('2500ms')
    expect(ids(users)).toEqual(['http://u3'])
    await sim.assertNoLeaks()
  })

  test('calls no source without a start', async () => {
    const script = new Script()
    const app = proxy().route('/', pool(script.source))
    app.explain('/')
    expect((await app.handler()(exchange())).status).toBe(503)
    expect(script.calls).toBe(0)
  })

  test('probes, ejects and begins slowly, with every balancer, and fails nothing while lists come', {
    timeout: 120_000,
  }, async () => {
    const shapes: ((it: Pool) => Pool)[] = [
      (it) => it.roundRobin(),
      (it) => it.weightedRoundRobin(),
      (it) => it.random(),
      (it) => it.powerOfTwoChoices(),
      (it) => it.leastConnections(),
      (it) => it.leastResponseTime(),
      (it) => it.consistentHash({ key: 'path' }),
      (it) => it.maglev({ key: 'path', tableSize: 1009 }),
      (it) => it.rendezvous({ key: 'path' }),
    ]
    await forEachSeed(shapes.length, async (seed) => {
      const { script, sim, users } = await world((it) =>
        shapes[seed - 1]!(it)
          .health({ path: '/healthz', intervalMs: '500ms', fall: 1 })
          .eject({ consecutiveErrors: 3, ejectMs: '2s' })
          .slowStart({ lastsMs: '2s' })
          .retry({ attempts: 4, budget: { ratio: 1, minPerSecond: 1_000 } }),
      )
      const noted = noting(users.events)
      script.list('http://u1', 'http://u2')
      await sim.settle()
      // They came first, all at once: none of them has to begin slowly.
      expect(users.endpoints.map(({ state }) => state)).toEqual(['serving', 'serving'])
      const load = sim.load({
        rate: 150,
        duration: '5s',
        request: (_n, random) => `/${Math.floor(random() * 50)}`,
      })
      await sim.advance('1s')
      script.list(...URLS)
      await sim.advance(10)
      sim.upstream('http://u3').inject(fault.refuse(), { lasts: '1500ms' })
      await sim.advance('3s')
      script.list('http://u4', 'http://u3')
      const { errorRate } = await load
      expect(errorRate).toBe(0)
      const kinds = (id: string) =>
        noted.filter((it) => 'endpoint' in it && it.endpoint === id).map(({ kind }) => kind)
      expect(kinds('http://u3')).toEqual(
        expect.arrayContaining(['added', 'slow-start-began', 'health-changed']),
      )
      expect(kinds('http://u1').at(-1)).toBe('removed')
      await sim.assertNoLeaks()
    })
  })
})
