import { describe, expect, it, vi } from 'vitest'
import { respond } from '../../core/message.ts'
import type { Observer } from '../../core/observer.ts'
import { pool } from '../../pool/pool.ts'
import { proxy } from '../../proxy/proxy.ts'
import {
  exchange,
  type SimulatedRawClient,
  type Simulation,
  simulate,
  virtualClock,
} from '../../testing/index.ts'
import type { TappedExchange } from '../api.ts'
import { Tap } from './tap.ts'

/** A proxy with a tap that is one of its routes. */
function tapped() {
  let tap: Tap | undefined
  const observer: Observer = {
    exchangeBegan: (exchange) => tap?.observer.exchangeBegan?.(exchange),
    exchangeEnded: (exchange, outcome) => tap?.observer.exchangeEnded?.(exchange, outcome),
  }
  const app = proxy()
    .attach({
      kind: 'test',
      observer,
      start: ({ clock }) => {
        tap = new Tap(clock)
      },
    })
    .route('/tap', (exchange) => tap!.open(exchange))
    .route('/hello', () => respond(200, 'hello'))
    .route('/users/:id', pool(['http://users'], { name: 'users' }).retry({ attempts: 2 }))
  return { app, tap: () => tap! }
}

/** A tap without a proxy. */
function alone() {
  const clock = virtualClock()
  const tap = new Tap(clock)
  const look = (query = '') => tap.open(exchange({ clock, url: `/tap?${query}` })).body.text()
  return { tap, clock, look }
}

interface Event {
  readonly event: string
  readonly data: TappedExchange & { readonly count: number }
}

/** Someone who looks. */
class Looker {
  readonly raw: SimulatedRawClient

  private constructor(raw: SimulatedRawClient) {
    this.raw = raw
  }

  /** By HTTP/1.0, whose bodies have no framing. */
  static async open(sim: Simulation, query: Record<string, string> = {}): Promise<Looker> {
    const raw = await sim.connect()
    await raw.send(`GET /tap?${new URLSearchParams(query).toString()} HTTP/1.0\r\nHost: a.test\r\n\r\n`)
    await sim.settle()
    return new Looker(raw)
  }

  get text(): string {
    return this.raw.unread.toString()
  }

  get events(): Event[] {
    const body = this.text.slice(this.text.indexOf('\r\n\r\n') + 4)
    return body
      .split('\n\n')
      .filter((block) => block.startsWith('event: '))
      .map((block) => {
        const [event, data, ...more] = block.split('\n')
        expect(more).toEqual([])
        return { event: event!.slice('event: '.length), data: JSON.parse(data!.slice('data: '.length)) }
      })
  }

  get paths(): string[] {
    return this.events.filter(({ event }) => event === 'exchange').map(({ data }) => data.path)
  }

  get dropped(): number {
    return this.events.reduce((sum, { event, data }) => sum + (event === 'dropped' ? data.count : 0), 0)
  }
}

describe('Tap', () => {
  it('shows exchanges when they have ended, those alone that are wanted', async () => {
    const { app } = tapped()
    await using sim = simulate(app)
    sim
      .upstream('http://users')
      .reply(({ target }) => ({ status: target.startsWith('/users/1') ? 200 : 500, body: 'u' }))
    const all = await Looker.open(sim)
    const failed = await Looker.open(sim, { where: `status >= 500 and path ~ '/users/*'` })
    await sim.get('/users/1?token=secret')
    await sim.get('/users/2', { headers: { host: 'b.test' } })
    await sim.get('/none')
    await sim.settle()
    expect(all.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(all.text).toContain('Content-Type: text/event-stream\r\n')
    expect(all.paths).toEqual(['/users/1', '/users/2', '/none'])
    expect(all.text).not.toContain('secret')
    expect(failed.events).toEqual([
      {
        event: 'exchange',
        data: {
          at: sim.clock.wallTime(),
          id: expect.any(String),
          method: 'GET',
          host: 'b.test',
          path: '/users/2',
          client: expect.any(String),
          route: '/users/:id',
          pool: 'users',
          endpoint: 'http://users',
          attempts: 1,
          status: 500,
          result: 'completed',
          reason: 'status 500',
          durationMs: 0,
          bytesSent: 1,
          bytesReceived: 0,
        },
      },
    ])
    for (const { raw } of [all, failed]) await raw.reset()
    await sim.assertNoLeaks()
  })

  it('shows an exchange that had begun before it, as far as it is known', async () => {
    const { tap, clock, look } = alone()
    const early = exchange({ clock, url: '/users/1', route: '/users/:id' })
    tap.observer.exchangeBegan?.(early)
    const looking = look()
    tap.observer.exchangeEnded?.(early, early.finish())
    tap.close()
    const text = await looking
    expect(text).toContain('"path":"/users/1"')
    expect(text).toContain('"attempts":0')
    expect(text).not.toContain('"pool"')
  })

  it('adds the record of what was decided, and fields of the request, where that is wanted', async () => {
    const { app } = tapped()
    await using sim = simulate(app)
    const plain = await Looker.open(sim)
    const detailed = await Looker.open(sim, {
      detail: 'record',
      headers: 'true',
      where: `header.X-Tenant == 'blue'`,
    })
    await sim.get('/hello')
    await sim.get('/users/7', { headers: { 'X-Tenant': 'blue', Cookie: 'sid=12345' } })
    await sim.settle()
    expect(detailed.paths).toEqual(['/users/7'])
    const [{ data } = expect.fail()] = detailed.events
    expect(data.record).toMatchObject({
      picks: [{ pool: 'users', chosen: 'http://users' }],
      ended: { status: 200 },
    })
    expect(data.headers).toContainEqual(['X-Tenant', 'blue'])
    expect(data.headers).toContainEqual(['Cookie', '***'])
    expect(detailed.text).not.toContain('12345')
    for (const { data } of plain.events) {
      expect(data).not.toHaveProperty('record')
      expect(data).not.toHaveProperty('headers')
    }
    for (const { raw } of [plain, detailed]) await raw.reset()
    await sim.assertNoLeaks()
  })

  it('has exchanges recorded while someone looks, and no others', () => {
    const { tap, clock } = alone()
    const recorded = () => {
      const one = exchange({ clock })
      tap.observer.exchangeBegan?.(one)
      tap.observer.exchangeEnded?.(one, one.finish())
      return one.recording !== undefined
    }
    const looker = exchange({ clock, url: '/tap' })
    expect(recorded()).toBe(false)
    tap.open(looker)
    expect(recorded()).toBe(true)
    looker.finish()
    expect(recorded()).toBe(false)
    expect(clock.pending).toBe(0)
  })

  it('cuts what is long, and keeps each event to one line, whatever is in it', async () => {
    const { tap, clock, look } = alone()
    const looking = look('headers=true')
    const path = `/${'x'.repeat(10_000)}`
    const value = 'caf\u00e9 \u0085 \u00a0 \t"\\'
    const one = exchange({
      clock,
      url: path,
      route: 'lone \ud800 and \u2028 \r\n\nevent: forged',
      headers: { 'X-A': `${value}.` },
    })
    tap.observer.exchangeEnded?.(one, one.finish())
    tap.close()
    const text = await looking
    expect(text.match(/^event: .*$/gm)).toEqual(['event: exchange'])
    expect(text.split(/[\r\n\u0085\u2028\u2029]/).filter((line) => line !== '')).toHaveLength(3)
    const [, json = ''] = /^data: (.*)$/m.exec(text) ?? []
    const shown: TappedExchange = JSON.parse(json)
    expect(shown.path).toBe(`${path.slice(0, 200)}…`)
    expect(shown.route).toBe('lone \ud800 and \u2028 \r\n\nevent: forged')
    expect(shown.headers).toContainEqual(['X-A', `${value}.`])
  })

  it('shows no more in a second than are wanted, and tells how many it has dropped', async () => {
    const { app } = tapped()
    await using sim = simulate(app)
    const looker = await Looker.open(sim, { rate: '3' })
    for (let i = 0; i < 10; i++) await sim.get('/hello')
    await sim.settle()
    expect(looker.paths).toHaveLength(3)
    expect(looker.dropped).toBe(0)
    await sim.advance(1_000)
    expect(looker.dropped).toBe(7)
    await sim.get('/hello')
    await sim.advance(1_000)
    expect(looker.paths).toHaveLength(4)
    expect(looker.dropped).toBe(7)
    await looker.raw.reset()
    await sim.assertNoLeaks()
  })

  it('drops what a slow reader does not take, and tells it when it reads again', async () => {
    const { app } = tapped()
    await using sim = simulate(app)
    const looker = await Looker.open(sim, { rate: '500', headers: 'true' })
    looker.raw.pause()
    const filler = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`X-${i}`, 'x'.repeat(150)]))
    for (let second = 0; second < 5; second++) {
      for (let i = 0; i < 40; i++) await sim.get('/hello', { headers: filler })
      await sim.advance(1_000)
    }
    looker.raw.resume()
    await sim.advance(2_000)
    expect(looker.paths.length + looker.dropped).toBe(200)
    expect(looker.dropped).toBeGreaterThan(100)
    await sim.get('/hello')
    await sim.settle()
    expect(looker.paths.length + looker.dropped).toBe(201)
    await looker.raw.reset()
    await sim.assertNoLeaks()
  })

  it('does not write down what a reader that is slow would not get', () => {
    const { tap, clock } = alone()
    tap.open(exchange({ clock, url: '/tap?rate=500' }))
    const dates = vi.spyOn(clock, 'wallTime')
    for (let i = 0; i < 480; i++) {
      const one = exchange({ clock })
      tap.observer.exchangeEnded?.(one, one.finish())
    }
    expect(dates.mock.calls.length).toBeGreaterThan(100)
    expect(dates.mock.calls.length).toBeLessThan(470)
  })

  it('shows also what is large by itself', async () => {
    const { tap, clock, look } = alone()
    const looking = look('detail=record')
    for (const path of ['/before', `/${'x'.repeat(70_000)}`, '/behind']) {
      const one = exchange({ clock, url: path })
      tap.observer.exchangeBegan?.(one)
      tap.observer.exchangeEnded?.(one, one.finish())
      await Promise.resolve()
    }
    await clock.advance(1_000)
    tap.close()
    const text = await looking
    expect(text).toContain('"path":"/before"')
    expect(text).toContain('"path":"/behind"')
    expect(text).toContain(`"path":"/${'x'.repeat(70_000)}"`)
    expect(text).not.toContain('event: dropped')
  })

  it('gives a sign of life every 15 seconds where nothing happens', async () => {
    const { app } = tapped()
    await using sim = simulate(app)
    const looker = await Looker.open(sim, { where: `path == '/hello'` })
    const signs = () => looker.text.split(': quiet\n\n').length - 1
    await sim.advance(14_999)
    expect(signs()).toBe(0)
    await sim.advance(1)
    expect(signs()).toBe(1)
    await sim.advance(8_000)
    await sim.get('/hello')
    await sim.advance(14_000)
    expect(signs()).toBe(1)
    await sim.advance(1_000)
    expect(signs()).toBe(2)
    await sim.advance(600_000)
    expect(signs()).toBe(42)
    await looker.raw.reset()
    await sim.assertNoLeaks()
  })

  it('is open for 16 at once', async () => {
    const { app } = tapped()
    await using sim = simulate(app)
    const lookers = []
    for (let i = 0; i < 16; i++) lookers.push(await Looker.open(sim))
    const refused = await sim.get('/tap')
    expect(refused.status).toBe(503)
    await lookers.pop()!.raw.reset()
    await sim.settle()
    const again = await Looker.open(sim)
    expect(again.text).toContain(': open\n\n')
    for (const { raw } of [again, ...lookers]) await raw.reset()
    await sim.assertNoLeaks()
  })

  it('ends all in good order when it is closed, as with the end of the proxy', async () => {
    const { app, tap } = tapped()
    await using sim = simulate(app)
    const looking = [sim.get('/tap'), sim.get('/tap?where=attempts+%3E+0')]
    await sim.settle()
    await sim.get('/hello')
    tap().close()
    const [all, some] = [await looking[0]!, await looking[1]!]
    expect([all.complete, some.complete]).toEqual([true, true])
    expect(all.text()).toContain('"path":"/hello"')
    expect(some.text()).toBe(': open\n\n')
    await sim.assertNoLeaks()
  })

  it('ends with the drain of the proxy that it is a route of', async () => {
    const { app } = tapped()
    await using sim = simulate(app)
    const looking = sim.get('/tap')
    await sim.settle()
    await sim.drain('3s')
    expect((await looking).complete).toBe(false)
    await sim.assertNoLeaks()
  })

  it.each([
    [
      'where=status',
      'where: at character 7: expected a comparison of numbers (==, !=, <, <=, >, >=, in) behind "status", got the end',
    ],
    ['were=', 'there is no parameter "were", only where, rate, detail, headers, bodies'],
    ['rate=1&rate=2', 'rate stands there twice'],
    ['rate=0', 'rate must be a whole number from 1 to 500, got "0"'],
    ['rate=501', 'rate must be a whole number from 1 to 500, got "501"'],
    ['rate=1e2', 'rate must be a whole number from 1 to 500, got "1e2"'],
    ['rate=', 'rate must be a whole number from 1 to 500, got ""'],
    ['detail=all', 'detail must be record, got "all"'],
    ['headers=yes', 'headers must be true or false, got "yes"'],
  ])('refuses %s', async (query, detail) => {
    const { app } = tapped()
    await using sim = simulate(app)
    const response = await sim.get(`/tap?${query}`)
    expect(response.status).toBe(400)
    expect(response.json()).toMatchObject({ code: 'request_malformed', detail })
    await sim.assertNoLeaks()
  })

  it('says where an expression is wrong', async () => {
    const { app } = tapped()
    await using sim = simulate(app)
    const response = await sim.get(`/tap?where=${encodeURIComponent(`path == 'a' and x`)}`)
    expect(response.json()).toMatchObject({ position: 17, expected: expect.stringContaining('a field') })
    await sim.assertNoLeaks()
  })
})
