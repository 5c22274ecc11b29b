import { spawn } from 'node:child_process'
import { lookup, resolve4 } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { type Filter, onRequest, pool, proxy, type RoutedProxy, respond } from '../../index.ts'
import { fault } from '../upstream/fault.ts'
import { forEachSeed, type Simulation, simulate } from './simulate.ts'
import type { SimulatedResponse } from './simulated-response.ts'

const app = (...filters: Filter[]): RoutedProxy =>
  proxy()
    .use(...filters)
    .route('/own', () => respond(200, 'mine'))
    .route('/', pool(['http://one', 'http://two:8080']))

async function within(sim: Simulation, script: () => Promise<void>): Promise<void> {
  await script()
  await sim.assertNoLeaks()
}

describe('simulate', () => {
  it('runs the proxy, and its services, without sockets or time', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      sim.upstream('http://one').on('GET /users/:id', ({ params }) => ({ body: `user ${params.id}` }))
      const responses = [await sim.get('/users/7'), await sim.get('/users/7')]
      expect(responses.map((it) => it.text()).sort()).toEqual(['ok', 'user 7'])
      expect(responses.map((it) => it.exchange?.attempts.map(({ endpoint }) => endpoint))).toEqual(
        responses.map((it) => [it.text() === 'ok' ? 'http://two:8080' : 'http://one']),
      )
      expect((await sim.get('/own')).text()).toBe('mine')
      expect(sim.nowMs).toBe(0)
    })
  })

  it('moves time as far as an awaited response takes, and no further', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      for (const upstream of sim.upstreams) upstream.reply({ delayMs: 1_500 })
      const response = await sim.get('/')
      expect([response.durationMs, sim.nowMs, sim.clock.now()]).toEqual([1_500, 1_500, 1_500])
    })
  })

  it('sends a request at once, and waits for it when it is awaited', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      for (const upstream of sim.upstreams) upstream.reply({ delayMs: 1_000 })
      const pending = sim.get('/')
      await sim.advance('900ms')
      expect(sim.exchanges).toMatchObject([{ target: '/', outcome: undefined }])
      await sim.advance('100ms')
      expect(sim.exchanges).toMatchObject([{ outcome: { status: 200 } }])
      expect((await pending).status).toBe(200)
      expect(sim.nowMs).toBe(1_000)
    })
  })

  it('moves one time for all that is awaited together', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      sim.upstream('http://one').reply({ delayMs: 300 })
      sim.upstream('http://two:8080').reply({ delayMs: 500 })
      const moments: number[] = []
      const passed = sim.advance('400ms').then(() => moments.push(sim.nowMs))
      await Promise.all([sim.get('/a'), sim.get('/b'), passed])
      expect([moments, sim.nowMs]).toEqual([[400], 500])
    })
  })

  it('sends what a request says', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      const one = sim.upstream('http://one')
      const two = sim.upstream('http://two:8080')
      await sim.post('http://shop.example/a?b=c', {
        json: { id: 1 },
        headers: { 'X-One': '1' },
        trailers: { 'X-Sum': 'abc' },
      })
      async function* bits() {
        yield 'bit by '
        yield Buffer.from('bit')
      }
      await sim.request({ method: 'PUT', url: '/b', body: bits() })
      await sim.client('198.51.100.7').get('/c')
      const [first, second, third] = [...one.requests, ...two.requests].sort((a, b) =>
        a.target.localeCompare(b.target),
      )
      expect(first).toMatchObject({ method: 'POST', target: '/a?b=c', trailers: [['X-Sum', 'abc']] })
      expect(first!.header('host')).toBe('shop.example')
      expect(first!.header('content-type')).toBe('application/json')
      expect(first!.body.toString()).toBe('{"id":1}')
      expect([second!.method, second!.framing, second!.body.toString()]).toEqual([
        'PUT',
        'chunked',
        'bit by bit',
      ])
      expect(third!.header('x-forwarded-for')).toBe('198.51.100.7')
    })
  })

  it('gives responses whole: head, body, trailers, interim ones', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      for (const upstream of sim.upstreams)
        upstream.reply({
          status: 201,
          reason: 'Made',
          headers: { 'X-A': '1' },
          body: '{"a":1}',
          trailers: { 'X-T': '2' },
          informational: [{ status: 103, headers: { Link: '</a>' } }],
        })
      const response = await sim.get('/', { headers: { TE: 'trailers' } })
      expect([response.status, response.reason, response.json(), response.complete]).toEqual([
        201,
        'Made',
        { a: 1 },
        true,
      ])
      expect(response.headers.get('x-a')).toBe('1')
      expect(response.trailers.get('x-t')).toBe('2')
      expect(response.informational.map(({ status, headers }) => [status, headers.get('link')])).toEqual([
        [103, '</a>'],
      ])
    })
  })

  it('has no exchange for a request that could not be read, also behind one that could', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      expect((await sim.get('/own')).exchange?.target).toBe('/own')
      const refused = await sim.get('/own', { headers: { 'Content-Length': '+5' } })
      expect([refused.status, refused.exchange]).toEqual([400, undefined])
    })
  })

  it('sends a body bit by bit in the length that is given', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      async function* bits() {
        yield 'he'
        yield 'llo'
      }
      await sim.post('/', { headers: { 'Content-Length': '5' }, body: bits() })
      const [request] = sim.upstreams.flatMap(({ requests }) => requests)
      expect([request!.framing, request!.body.toString()]).toEqual(['length', 'hello'])
    })
  })

  it('says what is no JSON', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      const response = await sim.get('/')
      expect(() => response.json()).toThrow('the body is no JSON: "ok"')
    })
  })

  it('lets clients keep their connections, and takes a new one for what the proxy has closed', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      await sim.get('/')
      await sim.get('/')
      expect(new Set(sim.exchanges.map(({ client }) => client)).size).toBe(1)
      await sim.advance('10m')
      expect((await sim.get('/')).status).toBe(200)
      expect(new Set(sim.exchanges.map(({ client }) => client)).size).toBe(2)
    })
  })

  it('shows a proxy that closes without an answer', async () => {
    const sim = simulate(app())
    await sim.get('/')
    const pending = sim.get('/')
    for (const connection of sim.network.connections) connection.reset()
    // Idempotent, and nothing came: sent again on a fresh connection.
    expect((await pending).status).toBe(200)
    const post = sim.post('/')
    await sim.settle()
    for (const upstream of sim.upstreams) upstream.reply({ delayMs: 1_000 })
    await post
    const broken = sim.post('/')
    await sim.advance(500)
    for (const connection of sim.network.connections) connection.reset()
    await expect(broken).rejects.toThrow(
      /sim\.post\("\/"\): no response: .*ECONNRESET.*\n\(simulation seed 1/s,
    )
    await sim.assertNoLeaks()
  })

  it('lets a client leave, and the work for it is given up', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      for (const upstream of sim.upstreams) upstream.inject(fault.noAnswer())
      const pending = sim.get('/')
      await sim.advance('1s')
      pending.leave()
      await sim.settle()
      expect(sim.exchanges).toMatchObject([
        { outcome: { result: 'aborted' }, attempts: [{ error: 'client_aborted', endedAtMs: 1_000 }] },
      ])
      await expect(pending).rejects.toThrow('the client has left')
    })
  })

  it('gives connections of which every byte is the test’s own', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      const client = await sim.connect()
      await client.sendInPieces(['GET / HT', 'TP/1.1\r\nHo', 'st: a\r\n\r', '\n'])
      const response = await client.response()
      expect([response.status, response.body.toString()]).toEqual([200, 'ok'])
      await client.send('GARBAGE\r\n\r\n')
      expect((await client.response()).status).toBe(400)
      expect(await client.readToEnd()).toEqual(Buffer.alloc(0))
      expect(sim.journal.toString()).toMatch(/request refused: request_malformed, from 192\.0\.2\.1:/)
    })
  })

  it('tells the addresses of its services before anything was asked', async () => {
    await using sim = simulate(proxy().route('/', pool(['http://u1:8080', 'https://u2'])))
    expect(sim.upstreams.map(({ url, port }) => [url, port])).toEqual([
      ['http://u1:8080', 8080],
      ['https://u2:443', 443],
    ])
  })

  it('asks the listener that a url names by its port', async () => {
    const listening = proxy()
      .listen(8080)
      .listen({ port: 8081, host: '0.0.0.0' })
      .route('/', ({ client }) => respond(200, `${client.localPort}`))
    const sim = simulate(listening)
    await within(sim, async () => {
      const urls = ['/', 'http://a/', 'http://a:8081/', 'http://a:9999/']
      const answers = await Promise.all(urls.map((url) => sim.get(url)))
      expect(answers.map((it) => it.text())).toEqual(['8080', '8080', '8081', '8080'])
      const client = await sim.connect(8081)
      await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      expect((await client.response()).body.toString()).toBe('8081')
    })
  })

  it('tells whoever asks that the proxy could not start', async () => {
    const sim = simulate(
      proxy()
        .listen({ host: 'one', port: 80 })
        .route('/', pool(['http://one'])),
    )
    await expect(sim.get('/')).rejects.toThrow(/one:80 is in use/)
    await expect(sim.assertNoLeaks()).rejects.toThrow(/the proxy did not start: one:80 is in use/)
    await sim.close()
  })

  it('serves another app after a reload, with the services that it names', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      await sim.reload(proxy().route('/', pool(['http://three'])))
      sim.upstream('http://three').reply({ body: 'three' })
      expect((await sim.get('/')).text()).toBe('three')
    })
  })

  it('calls every so often, until it is told to stop', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      const moments: number[] = []
      const stop = sim.every('10s', () => void moments.push(sim.nowMs))
      await sim.advance('35s')
      stop()
      await sim.advance('1m')
      expect(moments).toEqual([10_000, 20_000, 30_000])
    })
  })

  it('waits for a promise of the test’s own', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      const later = new Promise((resolve) => void sim.clock.setTimeout(() => resolve('later'), 5_000))
      expect(await sim.until(later)).toBe('later')
      expect(sim.nowMs).toBe(5_000)
    })
  })

  it('gives filters its time and its chance', async () => {
    const seen: [number, number][] = []
    const look = onRequest(async (exchange) => {
      await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 250))
      seen.push([exchange.clock.now(), exchange.random()])
    })
    for (const seed of [5, 5, 6]) {
      const sim = simulate(app(look), { seed })
      await sim.get('/')
      await sim.assertNoLeaks()
    }
    const [first, again, other] = seen
    expect(first![0]).toBe(250)
    expect(again).toEqual(first)
    expect(other![1]).not.toBe(first![1])
  })

  it('explains an exchange', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      for (const upstream of sim.upstreams) upstream.inject(fault.resetBeforeHead())
      const response = await sim.get('/users/7')
      expect(response.status).toBe(502)
      const explained = sim.explain(response)
      expect(explained).toBe(sim.explain(sim.exchanges[0]!))
      expect(explained).toContain('exchange 1: GET /users/7 from 192.0.2.1:32768, at 0.000 ms')
      expect(explained).toMatch(/chosen {5}\/: the most specific match/)
      expect(explained).toMatch(/\+0\.000 ms {2}attempt 1 to http:\/\/(one|two:8080)\n/)
      expect(explained).toMatch(/attempt 1 failed: upstream_\w+\n/)
      expect(explained).toMatch(/completed with 502/)
    })
  })
})

describe('time', () => {
  it('stands still while Node works in threads of its own', async () => {
    const signing: Filter = async (exchange, next) => {
      const key = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
      for (let i = 0; i < 5; i++) await crypto.subtle.sign('HMAC', key, Buffer.from(exchange.request.path))
      await readFile(import.meta.filename)
      await new Promise((resolve) => setImmediate(resolve))
      return next(exchange)
    }
    const probed = proxy()
      .use(signing)
      .route('/', pool(['http://one', 'http://two']).health({ path: '/healthz', intervalMs: 50 }))
    const sim = simulate(probed)
    await within(sim, async () => {
      const responses = await Promise.all([sim.get('/a'), sim.get('/b')])
      expect(responses.map(({ status, durationMs }) => [status, durationMs])).toEqual([
        [200, 0],
        [200, 0],
      ])
    })
  })

  it('moves for a load of many hours', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      expect((await sim.load({ rate: 0.01, duration: '5h', arrivals: 'constant' })).sent).toBe(180)
    })
  })

  it('takes no longer than engine timers can be', async () => {
    const patient = proxy()
      .listen({ port: 80, limits: { headMs: 3_000_000_000 } })
      .route('/', pool(['http://one'], { headMs: 3_000_000_000 }))
    const sim = simulate(patient)
    await within(sim, async () => expect((await sim.get('/')).status).toBe(200))
  })
})

describe('chance', () => {
  it('is a stream of its own for each who draws', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      for (const upstream of sim.upstreams) upstream.latency({ kind: 'uniform', minMs: 1, maxMs: 1_000 })
      const [one, two] = [await sim.get('/'), await sim.get('/')]
      expect(one.exchange?.attempts[0]?.endpoint).not.toBe(two.exchange?.attempts[0]?.endpoint)
      expect(one.durationMs).not.toBe(two.durationMs)
    })
  })
})

describe('errors of others', () => {
  it('are passed on as they are', async () => {
    const sim = simulate(app())
    const aborted = new DOMException('given up', 'AbortError')
    await expect(sim.until(Promise.reject(aborted))).rejects.toBe(aborted)
    const frozen = Object.freeze(new Error('cold'))
    await expect(sim.until(Promise.reject(frozen))).rejects.toBe(frozen)
    await sim.assertNoLeaks()
  })

  it('are told where a call that comes again and again has failed', async () => {
    const sim = simulate(app())
    sim.every('1s', async () => {
      throw new Error('planted')
    })
    await expect(sim.advance('2s')).rejects.toThrow('planted')
    await sim.close()
  })
})

describe('sim.journal', () => {
  it('has every event in order, and lines of the test’s own', async () => {
    const sim = simulate(proxy().route('/', pool(['http://one'])))
    await within(sim, async () => {
      sim.note('it begins')
      sim.upstream('http://one').reply({ delayMs: 5 })
      await sim.get('/a')
      expect(sim.journal.toString()).toMatchInlineSnapshot(`
        "       0.000 ms  it begins
               0.000 ms  exchange 1: GET /a from 192.0.2.1:32768
               0.000 ms  exchange 1, attempt 1: to http://one
               0.000 ms  http://one: connection 1 opened
               0.000 ms  http://one: GET /a on connection 1, 0 bytes
               5.000 ms  http://one: 200 on connection 1
               5.000 ms  exchange 1, attempt 1: 200
               5.000 ms  exchange 1, attempt 1: ended
               5.000 ms  exchange 1: completed 200, 0 bytes"
      `)
    })
  })

  it('is the same for the same seed, and another one for another', async () => {
    const run = async (seed: number): Promise<string> => {
      const sim = simulate(app(), { seed, latencyMs: 2 })
      sim.upstream('http://one').inject(fault.resetBeforeHead(), { chance: 0.2 })
      sim.upstream('http://two:8080').inject(fault.latency({ kind: 'exponential', meanMs: 30 }))
      await sim.load({ rate: 100, duration: '5s' })
      await sim.assertNoLeaks()
      return sim.journal.hash()
    }
    const hash = await run(7)
    expect(await run(7)).toBe(hash)
    expect(await run(8)).not.toBe(hash)
  })

  it('keeps as much as it is told, and its hash is that of all', async () => {
    const run = async (keep: number) => {
      const sim = simulate(app(), { keep })
      await sim.load({ rate: 1_000, duration: '2s', arrivals: 'constant' })
      await sim.close()
      return sim
    }
    const [all, few] = [await run(100_000), await run(10)]
    expect(few.journal.entries).toEqual(all.journal.entries.slice(-10))
    expect(few.journal.length).toBe(all.journal.length)
    expect(few.journal.hash()).toBe(all.journal.hash())
    expect([all.exchanges.length, few.exchanges.length]).toEqual([2_000, 10])
    // Journals can be compared as they are.
    expect(few.journal).not.toEqual(all.journal)
    expect((await run(10)).journal).toEqual(few.journal)
  })
})

describe('sim.load', () => {
  it('sends at its rate and counts what came of it', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      sim.upstream('http://one').inject(fault.resetBeforeHead())
      const result = await sim.load({ rate: 100, duration: '10s', arrivals: 'constant', clients: 3 })
      expect(result.sent).toBe(1_000)
      expect(result.byStatus).toEqual({ 200: 500, 502: 500 })
      expect(result.byOutcome).toEqual({ completed: 1_000, aborted: 0, failed: 0, broken: 0, left: 0 })
      expect(Object.values(result.byError)).toEqual([500])
      expect(result.byEndpoint).toEqual({ 'http://two:8080': { count: 500, share: 1 } })
      expect(result.errorRate).toBe(0.5)
      expect(new Set(sim.exchanges.map(({ client }) => client.split(':')[0])).size).toBe(3)
    })
  })

  it('measures from when a request was due: who comes during a stall waits for its end', async () => {
    const sim = simulate(proxy().route('/', pool(['http://one'], { maxConnections: 1, pendingMs: '1h' })))
    await within(sim, async () => {
      // One answer takes a second; 99 requests are due meanwhile, and wait for the one connection.
      sim.upstream('http://one').reply({ delayMs: 1_000 }, {})
      const { latency } = await sim.load({ rate: 100, duration: '1s', arrivals: 'constant' })
      expect(latency.count).toBe(100)
      expect(latency.maxMs).toBe(1_000)
      expect(latency.p50Ms).toBeCloseTo(500, -1)
      expect(latency.percentileMs(10)).toBeCloseTo(100, -1)
      expect(latency.minMs).toBe(10)
    })
  })

  it('counts what a client got wrong as no error of the service', async () => {
    const sim = simulate(proxy().route('/here', () => respond(200)))
    await within(sim, async () => {
      const { byStatus, errorRate, byOutcome } = await sim.load({
        rate: 10,
        duration: '1s',
        arrivals: 'constant',
      })
      expect([byStatus, errorRate, byOutcome.completed]).toEqual([{ 404: 10 }, 0, 10])
    })
  })

  it('sends by Poisson: gaps as different from each other as they are long', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      await sim.load({ rate: 100, duration: '30s' })
      const begun = sim.exchanges.map(({ startedAtMs }) => startedAtMs)
      const gaps = begun.slice(1).map((at, i) => at - begun[i]!)
      const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length
      const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
      expect(mean).toBeGreaterThan(9.5)
      expect(mean).toBeLessThan(10.5)
      expect(deviation / mean).toBeGreaterThan(0.9)
      expect(deviation / mean).toBeLessThan(1.1)
    })
  })

  it('lets clients leave who have no patience', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      sim.upstream('http://one').reply({ delayMs: 5_000 })
      const result = await sim.load({ rate: 10, duration: '4s', arrivals: 'constant', patience: '1s' })
      expect(result.byOutcome).toMatchObject({ left: 20, completed: 20 })
    })
  })

  it('asks what a function says, with chance from the seed', async () => {
    const ask = async (seed: number): Promise<string[]> => {
      const sim = simulate(app(), { seed })
      const request = (number: number, random: () => number) => `/${number}/${Math.floor(random() * 1e6)}`
      await sim.load({ rate: 10, duration: '2s', request })
      await sim.assertNoLeaks()
      return sim.exchanges.map(({ target }) => target)
    }
    const targets = await ask(3)
    expect(targets[0]).toMatch(/^\/0\/\d+$/)
    expect(await ask(3)).toEqual(targets)
    expect(await ask(4)).not.toEqual(targets)
  })

  it('goes on while the script moves time', async () => {
    const sim = simulate(app())
    await within(sim, async () => {
      const load = sim.load({ rate: 100, duration: '3s', arrivals: 'constant' })
      await sim.advance('1s')
      for (const upstream of sim.upstreams) upstream.inject(fault.resetBeforeHead(), { lasts: '1s' })
      const { byStatus } = await load
      // What was due at 1 000 ms was sent before the fault; 1 010 to 1 990 ms were met by it.
      expect(byStatus).toEqual({ 200: 201, 502: 99 })
    })
  })
})

describe('sim.assertNoLeaks', () => {
  it('names an exchange that never ends, and its lease', async () => {
    const sim = simulate(
      app(async (exchange, next) => {
        if (exchange.request.path === '/forever') await new Promise(() => {})
        return next(exchange)
      }),
    )
    const pending = sim.get('/forever')
    await sim.settle()
    await expect(sim.assertNoLeaks()).rejects.toThrow(/sim\.get\("\/forever"\).* was not awaited/)
    await expect(pending).rejects.toThrow('the client has left')
  })

  it('names a timer that a filter has left, and the line that set it', async () => {
    const sim = simulate(
      app((exchange, next) => {
        void exchange.clock.setTimeout(() => {}, 3_600_000)
        return next(exchange)
      }),
    )
    await sim.get('/')
    await expect(sim.assertNoLeaks()).rejects.toThrow(
      /1 leak:\n- timer, set .*simulate\.test\.ts:\d+.*\n\(simulation seed 1/,
    )
  })

  it('names a listener and a connection that someone has left', async () => {
    const sim = simulate(app())
    await sim.network.listen({ host: 'left', port: 1 }, (wire) => {
      wire.handler = { onData: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }
    })
    await sim.get('/')
    await expect(sim.assertNoLeaks()).rejects.toThrow(
      /- listener 10\.\d+\.\d+\.\d+:1, opened .*simulate\.test\.ts/,
    )
  })

  it('says nothing of what was closed without looking', async () => {
    const sim = simulate(app())
    void sim.get('/')
    await sim.close()
  })
})

describe('bad use', () => {
  it('names the endpoints where one is unknown', () => {
    const sim = simulate(app())
    expect(() => sim.upstream('http://three')).toThrow(
      'sim.upstream: the app names no endpoint http://three; it names http://one, http://two:8080. Add it to a pool, or say simulate(app, { upstreams: ["http://three"] })',
    )
    expect(() => sim.upstream('three')).toThrow(/"url" must be an http or https url/)
    return sim.close()
  })

  it('refuses to turn time back', async () => {
    const sim = simulate(app())
    expect(() => sim.advance(-1)).toThrow('sim.advance(-1): time does not run backwards')
    await sim.close()
  })

  it('names an advance that was not awaited, also where nothing follows', async () => {
    const sim = simulate(app())
    void sim.advance('10s')
    await expect(sim.assertNoLeaks()).rejects.toThrow(/1 leak:\n- sim\.advance\("10s"\).* was not awaited/)
  })

  it('names a request that was never awaited', async () => {
    const sim = simulate(app())
    void sim.get('/a')
    await expect(sim.assertNoLeaks()).rejects.toThrow(
      /sim\.get\("\/a"\), asked for at .*simulate\.test\.ts:\d+.*, was not awaited: write `await sim\.get\("\/a"\)`/,
    )
  })

  it('names an advance that was not awaited, before anything else happens', async () => {
    const sim = simulate(app())
    void sim.advance('10s')
    await expect(sim.get('/')).rejects.toThrow(
      /sim\.advance\("10s"\), .* was not awaited: write `await sim\.advance\("10s"\)`/,
    )
    await sim.close()
  })

  it('shows at once what is read from a response that is not there', async () => {
    const sim = simulate(app())
    const pending = sim.get('/')
    const early = pending as unknown as SimulatedResponse
    expect(() => early.status).toThrow('there is no status yet: write `await sim.get("/")`')
    expect(() => early.text()).toThrow('write `await sim.get("/")`')
    await pending
    await sim.assertNoLeaks()
  })

  it('does not compile where a response is used too early', () => {
    expectTypeOf<ReturnType<Simulation['get']>['status']>().toBeNever()
  })

  it('says what is open when nothing can bring a response about', async () => {
    const sim = simulate(app(() => new Promise(() => {})))
    await expect(sim.get('/')).rejects.toThrow(
      /sim\.get\("\/"\) is not settled at \d+ ms, and no timer is left.*\n.*exchange 1 has not ended: GET \/.*exchange\.clock\.setTimeout/s,
    )
    await sim.close()
  })

  it('ends what takes longer than an hour', async () => {
    const sim = simulate(app(() => new Promise(() => {})))
    sim.every('1m', () => {})
    await expect(sim.get('/')).rejects.toThrow(/its limit of 1 h of virtual time is over/)
    await sim.close()
  })

  it.each<[string, () => unknown, RegExp]>([
    ['an app without routes', () => simulate(proxy as never), /"app" must be a proxy that has routes/],
    ['an unknown option', () => simulate(app(), { sed: 1 } as never), /did you mean "seed"/],
    ['a seed that is no number', () => simulate(app(), { seed: 1.5 }), /"seed" must be a whole number/],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message)
  })

  it('refuses wrong requests and loads at the call', async () => {
    const sim = simulate(app())
    expect(() => sim.get('no path')).toThrow(/"url" must be a path/)
    expect(() => sim.post('/', { body: 'a', json: {} })).toThrow(/"json" must be given without "body"/)
    expect(() => sim.load({ rate: 0, duration: '1s' })).toThrow(/"rate" must be a positive number/)
    expect(() => sim.load({ rate: 1, duration: '1s', arrivals: 'poison' as never })).toThrow(/"arrivals"/)
    await sim.close()
  })
})

describe('the end', () => {
  it('of a scope tells what was not awaited', async () => {
    const scope = async (): Promise<void> => {
      await using sim = simulate(app())
      void sim.get('/a')
    }
    await expect(scope()).rejects.toThrow(/sim\.get\("\/a"\).* was not awaited/)
  })

  it('is the end: nothing can be asked for after it', async () => {
    const sim = simulate(app())
    await sim.assertNoLeaks()
    for (const ask of [() => sim.get('/'), () => sim.advance(1), () => sim.load({ rate: 1, duration: 1 })])
      expect(ask).toThrow(/the simulation has ended; close\(\) or assertNoLeaks\(\) was called before/)
  })

  it('tells what went wrong in the test’s own answers', async () => {
    const sim = simulate(app())
    for (const upstream of sim.upstreams)
      upstream.reply(() => {
        throw new Error('planted')
      })
    expect((await sim.get('/')).status).toBe(500)
    await expect(sim.assertNoLeaks()).rejects.toThrow(
      /- http:\/\/(one|two:8080): what the test answers went wrong: Error: planted/,
    )
  })
})

describe('real input and output', () => {
  const reaching = (reach: () => unknown): RoutedProxy =>
    app(async (exchange, next) => {
      await reach()
      return next(exchange)
    })

  it.each<[string, () => unknown, string]>([
    ['fetch', () => fetch('http://127.0.0.1:50123/'), 'open a real socket'],
    ['a socket', () => connect(50_123, '127.0.0.1'), 'open a real socket'],
    ['a process', () => spawn('true'), 'start a process'],
    ['a record', () => resolve4('localhost'), 'ask the real name service'],
    ['a name', () => lookup('localhost'), 'ask the real name service'],
    ['a timer', () => setTimeout(() => {}, 10), 'set a real timer'],
    ['a sleep', () => sleep(10), 'set a real timer'],
    ['a signal that times out', () => AbortSignal.timeout(10), 'set a real timer'],
  ])('is refused inside: %s', async (_, reach, what) => {
    const sim = simulate(reaching(reach))
    await expect(sim.get('/')).rejects.toThrow(`simulate: an attempt to ${what} inside a simulation`)
    await sim.close()
  })

  it('is told by assertNoLeaks where nobody waited for an answer', async () => {
    const sim = simulate(reaching(() => connect(50_123, '127.0.0.1')))
    const client = await sim.connect()
    void client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await expect(sim.assertNoLeaks()).rejects.toThrow('an attempt to open a real socket')
  })

  it('is refused also where fake timers come and go', async () => {
    const first = simulate(app())
    vi.useFakeTimers()
    await first.get('/')
    await first.close()
    vi.useRealTimers()
    const second = simulate(reaching(() => setTimeout(() => {}, 10)))
    await expect(second.get('/')).rejects.toThrow('set a real timer')
    await second.close()
    await new Promise((resolve) => setTimeout(resolve, 1))
  })

  it('goes on outside, in the test itself', async () => {
    const sim = simulate(app())
    await sim.get('/')
    const { createServer } = await import('node:net')
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    await new Promise((resolve) => server.close(resolve))
    await sim.assertNoLeaks()
  })
})

describe('forEachSeed', () => {
  it('runs each seed, and names the one that fails', async () => {
    const seen: number[] = []
    const runs = forEachSeed(10, (seed) => {
      seen.push(seed)
      if (seed === 4) throw new Error('planted')
    })
    await expect(runs).rejects.toThrow('seed 4 of 10 failed; GATEWRIGHT_SEED=4 runs it alone\nplanted')
    expect(seen).toEqual([1, 2, 3, 4])
  })
})
