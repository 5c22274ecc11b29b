import { describe, expect, it } from 'vitest'
import { roundRobin } from '../balancers/index.ts'
import { ProxyError } from '../core/errors.ts'
import { stateOf } from '../core/filter-state.ts'
import type { Filter, Handler } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange } from '../testing/exchange.ts'
import { type Simulation, simulate } from '../testing/simulation/simulate.ts'
import { type CoalesceOptions, coalesce } from './coalesce.ts'
import { sticky } from './sticky.ts'
import { streamIdleTimeout } from './stream-idle-timeout.ts'

type Asked = Parameters<typeof exchange>[0]

/** Asks twice at the same time, and counts the calls. */
async function calls(one: Asked, other: Asked, options: CoalesceOptions = {}): Promise<number> {
  let count = 0
  const go = Promise.withResolvers<void>()
  const filter = coalesce(options)
  const next: Handler = async () => {
    count++
    await go.promise
    return respond(200, 'ok')
  }
  const answers = [filter(exchange(one), next), filter(exchange(other), next)]
  go.resolve()
  for (const answer of answers) expect((await answer).status).toBe(200)
  return count
}

/** Asks with two requests, and gives what each was answered: by the first call, or by one of its own. */
async function shared(
  answer: (call: number) => ResponseMessage,
  one: Asked = {},
  other: Asked = {},
): Promise<string[]> {
  let count = 0
  const go = Promise.withResolvers<void>()
  const filter = coalesce()
  const next: Handler = async () => {
    const call = ++count
    await go.promise
    return answer(call)
  }
  const answers = [filter(exchange(one), next), filter(exchange(other), next)]
  go.resolve()
  return Promise.all(answers.map(async (it) => (await it).body.text({ maxBytes: '9mb' })))
}

describe('requests that are the same', () => {
  it('make one call', async () => {
    expect(await calls({ url: '/a?x=1' }, { url: '/a?x=1' })).toBe(1)
    expect(await calls({ method: 'HEAD' }, { method: 'HEAD' })).toBe(1)
  })

  it.each<[string, Asked, Asked]>([
    ['method', { method: 'GET' }, { method: 'HEAD' }],
    ['scheme', { url: 'http://a/' }, { url: 'https://a/' }],
    ['host', { url: 'http://a/' }, { url: 'http://b/' }],
    ['query', { url: '/a?x=1' }, { url: '/a?x=2' }],
    ['Accept', { headers: { Accept: 'a/b' } }, { headers: { Accept: 'a/c' } }],
    ['Range', { headers: { Range: 'bytes=0-1' } }, { headers: { Range: 'bytes=1-2' } }],
    [
      'number of lines',
      { headers: [['Accept', 'a/b, a/c']] },
      {
        headers: [
          ['Accept', 'a/b'],
          ['Accept', 'a/c'],
        ],
      },
    ],
  ])('are none where they differ in %s', async (_, one, other) => {
    expect(await calls(one, other)).toBe(2)
  })

  it('are told apart by the fields that are named', async () => {
    const [one, other] = [{ headers: { 'X-Tenant': 'a' } }, { headers: { 'X-Tenant': 'b' } }]
    expect(await calls(one, other)).toBe(1)
    expect(await calls(one, other, { headers: ['X-Tenant'] })).toBe(2)
    expect(await calls(one, one, { headers: ['X-Tenant'] })).toBe(1)
  })

  it.each<[string, Asked]>([
    ['POST', { method: 'POST' }],
    ['content', { method: 'GET', body: 'x' }],
    ['Authorization', { headers: { Authorization: 'Bearer x' } }],
    ['Cookie', { headers: { Cookie: 'a=1' } }],
    ['an upgrade', { headers: { Connection: 'Upgrade', Upgrade: 'websocket' } }],
  ])('each make their call with %s', async (_, asked) => {
    expect(await calls(asked, asked)).toBe(2)
  })

  it('with credentials make one call where these are a part of what is asked for', async () => {
    const of = (token: string) => ({ headers: { Authorization: token } })
    expect(await calls(of('a'), of('a'), { headers: ['authorization'] })).toBe(1)
    expect(await calls(of('a'), of('b'), { headers: ['authorization'] })).toBe(2)
    const both = { headers: { Authorization: 'a', Cookie: 'b' } }
    expect(await calls(both, both, { headers: ['authorization'] })).toBe(2)
  })
})

describe('a response', () => {
  it('is for all, each with a head and a body of its own', async () => {
    const filter = coalesce()
    const next: Handler = () => respond(200, 'hello', { 'X-A': '1' })
    const [one, other] = await Promise.all([filter(exchange(), next), filter(exchange(), next)])
    one!.headers.set('X-A', '2')
    one!.body.discard()
    expect([other!.headers.get('x-a'), await other!.body.text()]).toEqual(['1', 'hello'])
    expect([filter.joined, filter.inFlight]).toEqual([1, 0])
    expect(stateOf(filter)).toEqual({ kind: 'coalesce', inFlight: 0, joined: 1 })
  })

  it.each<[string, Record<string, string>]>([
    ['Set-Cookie', { 'Set-Cookie': 'a=1' }],
    ['private', { 'Cache-Control': 'max-age=1, Private' }],
    ['private fields', { 'Cache-Control': 'private="X-A"' }],
    ['no-store', { 'Cache-Control': 'no-store' }],
    ['Vary: *', { Vary: '*' }],
    ['a stream of events', { 'Content-Type': 'text/event-stream; charset=utf-8' }],
  ])('with %s is for the one whose request was sent', async (_, headers) => {
    expect(await shared((call) => respond(200, `call ${call}`, headers))).toEqual(['call 1', 'call 2'])
  })

  it('is for those who do not differ in what it varies by', async () => {
    const answer = (call: number) => respond(200, `call ${call}`, { Vary: 'Accept-Encoding, X-Plan' })
    const of = (plan: string) => ({ headers: { 'X-Plan': plan } })
    expect(await shared(answer, of('a'), of('a'))).toEqual(['call 1', 'call 1'])
    expect(await shared(answer, of('a'), of('b'))).toEqual(['call 1', 'call 2'])
    expect(await shared(answer, of('a'), {})).toEqual(['call 1', 'call 2'])
  })

  it('that is longer than what is kept is for one', async () => {
    const long = 'x'.repeat(1_048_577)
    const texts = await shared((call) => respond(200, long + call))
    expect(texts.map((it) => it.at(-1))).toEqual(['1', '2'])
  })

  it('that is a failure is shared', async () => {
    let count = 0
    const filter = coalesce()
    const failed = new ProxyError('upstream_refused')
    const next: Handler = async () => {
      count++
      throw failed
    }
    const answers = await Promise.allSettled([filter(exchange(), next), filter(exchange(), next)])
    expect(answers.map((it) => (it as PromiseRejectedResult).reason)).toEqual([failed, failed])
    expect([count, filter.inFlight]).toEqual([1, 0])
  })
})

describe('an exchange that was given up before', () => {
  it("makes no call, and is in nobody's way", async () => {
    const filter = coalesce()
    let count = 0
    const next: Handler = () => {
      count++
      return respond(200, 'ok')
    }
    const left = exchange()
    left.abort(new ProxyError('client_aborted'))
    await expect(filter(left, next)).rejects.toMatchObject({ code: 'client_aborted' })
    expect([count, filter.inFlight]).toEqual([0, 0])
    expect(await (await filter(exchange(), next)).body.text()).toBe('ok')
  })
})

describe('in a proxy', () => {
  async function simulated(check: (sim: Simulation) => Promise<void>, options: CoalesceOptions = {}) {
    await using sim = simulate(proxy().route('/', coalesce(options), pool(['http://users'])))
    await check(sim)
    await sim.assertNoLeaks()
  }

  it('a hundred requests are one', () =>
    simulated(async (sim) => {
      const users = sim.upstream('http://users').reply({ delayMs: 50, body: 'ann' })
      const responses = await Promise.all(Array.from({ length: 100 }, () => sim.get('/users/7')))
      expect(responses.map((it) => `${it.status} ${it.text()}`)).toEqual(Array(100).fill('200 ann'))
      expect(users.requests).toHaveLength(1)
      // This is no cache.
      await sim.get('/users/7')
      expect(users.requests).toHaveLength(2)
    }))

  it('the call goes on when the one leaves whose request was sent', () =>
    simulated(async (sim) => {
      const users = sim.upstream('http://users').reply({ delayMs: 50, body: 'ann' })
      const first = sim.get('/')
      first.catch(() => {})
      await sim.advance(10)
      const other = sim.get('/')
      await sim.advance(10)
      first.leave()
      const response = await other
      expect([response.text(), response.durationMs, users.requests.length]).toEqual(['ann', 40, 1])
    }))

  it('the call ends when all have left, and the next one begins anew', () =>
    simulated(async (sim) => {
      sim.upstream('http://users').pause()
      const both = [sim.get('/'), sim.get('/')]
      for (const one of both) one.catch(() => {})
      await sim.advance(10)
      for (const one of both) one.leave()
      await sim.settle()
      expect(sim.journal.toString()).toContain(
        'call GET / of a filter to http://users failed, exchange_aborted',
      )
      sim.upstream('http://users').resume()
      expect((await sim.get('/')).status).toBe(200)
    }))

  it('a service that breaks off does so for all', () =>
    simulated(async (sim) => {
      sim
        .upstream('http://users')
        .reply({ delayMs: 5, raw: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart' })
      const responses = await Promise.all([sim.get('/'), sim.get('/')])
      expect(responses.map((it) => [it.complete, it.text()])).toEqual([
        [false, 'part'],
        [false, 'part'],
      ])
    }))

  it('a service that is gone is asked once, and all are told', () =>
    simulated(async (sim) => {
      sim.upstream('http://users').reply({ delayMs: 5, status: 503, body: 'no' })
      const responses = await Promise.all([sim.get('/'), sim.get('/'), sim.get('/')])
      expect(responses.map(({ status }) => status)).toEqual([503, 503, 503])
      expect(sim.upstream('http://users').requests).toHaveLength(1)
    }))

  it('a slow client does not hold the others back without end', () =>
    simulated(
      async (sim) => {
        sim.upstream('http://users').reply({ delayMs: 5, body: 'x'.repeat(800_000), framing: 'chunked' })
        const slow = await sim.connect()
        slow.pause()
        await slow.send('GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n')
        const response = await sim.get('/', { headers: { Host: '127.0.0.1:8080' } })
        expect(response.body.length).toBe(800_000)
        expect(response.durationMs).toBe(2_005)
        const cut = sim.exchanges.find(({ outcome }) => outcome?.error?.code === 'client_stalled')
        expect(cut?.outcome?.result).toBe('failed')
        await slow.reset()
      },
      { bufferBytes: '64kb', stallMs: '2s' },
    ))

  it('has the time that a filter outside of it gives to streams', async () => {
    const users = pool(['http://users'])
    await using sim = simulate(proxy().route('/', streamIdleTimeout('10m'), coalesce(), users))
    sim.upstream('http://users').reply({ delayMs: 300_000, body: 'ann' })
    const responses = await Promise.all([sim.get('/'), sim.get('/')])
    expect(responses.map((it) => it.text())).toEqual(['ann', 'ann'])
    await sim.assertNoLeaks()
  })

  it('is not for sessions, which have endpoints of their own', async () => {
    const keys = 'k'.repeat(32)
    const users = pool(['http://u1', 'http://u2'])
      .balance(roundRobin())
      .guard(sticky({ keys, header: 'X-Affinity' }))
      .guard(coalesce())
    await using sim = simulate(proxy().route('/', users))
    for (const name of ['u1', 'u2']) sim.upstream(`http://${name}`).reply({ delayMs: 5, body: name })
    const tokens = [await sim.get('/'), await sim.get('/')].map((it) => it.headers.get('x-affinity')!)
    expect(new Set(tokens).size).toBe(2)
    const again = await Promise.all(
      [0, 0, 1, 1].map((i) => sim.get('/', { headers: { 'X-Affinity': tokens[i]! } })),
    )
    expect(again.map((it) => it.text())).toEqual(['u1', 'u1', 'u2', 'u2'])
    expect(again.map((it) => it.headers.get('x-affinity'))).toEqual(Array(4).fill(undefined))
    await sim.assertNoLeaks()
  })

  it('goes with filters inside and outside of it', async () => {
    const inside: string[] = []
    const outside: string[] = []
    const note =
      (list: string[]): Filter =>
      async (at, next) => {
        at.onComplete(({ result }) => list.push(result))
        return next(at)
      }
    await using sim = simulate(
      proxy().route('/:id', note(outside), coalesce(), note(inside), async (at) => {
        await new Promise<void>((resolve) => void at.clock.setTimeout(resolve, 5))
        return respond(200, at.params.id)
      }),
    )
    const responses = await Promise.all([sim.get('/7'), sim.get('/7')])
    expect(responses.map((it) => it.text())).toEqual(['7', '7'])
    expect([inside, outside]).toEqual([['completed'], ['completed', 'completed']])
    await sim.assertNoLeaks()
  })
})

describe('coalesce', () => {
  it.each<[string, CoalesceOptions]>([
    ['headers', { headers: 'cookie' as never }],
    ['headers', { headers: ['a b'] }],
    ['bufferBytes', { bufferBytes: -1 }],
    ['stallMs', { stallMs: 'soon' as never }],
    ['header', { header: [] } as never],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => coalesce(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
  })
})
