import { describe, expect, test, vi } from 'vitest'
import type { Balancer, Candidates } from '../core/balancer.ts'
import { respond } from '../core/message.ts'
import type { ConnectOptions, Network } from '../core/network.ts'
import type { Observer, ProbeResult } from '../core/observer.ts'
import { CompiledTargets } from '../proxy/compiled-proxy.ts'
import { proxy } from '../proxy/proxy.ts'
import type { RunningProxy } from '../proxy/running-proxy.ts'
import { exchange } from '../testing/exchange.ts'
import {
  type FakeAnswer,
  type FakeUpstream,
  fakeUpstream,
  memoryNetwork,
  rawClient,
  seededRandom,
  virtualClock,
} from '../testing/index.ts'
import { ConnectorRegistry } from '../transport/connector-registry.ts'
import type { HealthOptions } from './health-options.ts'
import { type Pool, pool } from './pool.ts'

/** Services in memory, one for each list of answers to their probes; a pool of them that is probed; and a client. */
async function world(
  health: HealthOptions | Omit<HealthOptions, 'path'>,
  services: Record<string, readonly FakeAnswer[]>,
  { shape = (it) => it, scheme = 'http', port = 80, seed = 1, latencyMs = 0 }: WorldOptions = {},
) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, latencyMs })
  const upstreams: Record<string, FakeUpstream> = {}
  for (const [host, answers] of Object.entries(services)) {
    const [first = {}, ...others] = answers
    upstreams[host] = await fakeUpstream({ network, clock, host, port })
      .on('* /healthz', first, ...others)
      .on('GET /', { body: host })
      .start()
  }
  const snapshots: Candidates[] = []
  const watching: Balancer = (candidates) => {
    if (snapshots.at(-1) !== candidates) snapshots.push(candidates)
    return candidates[0]!
  }
  const journal: string[] = []
  const results: ProbeResult[] = []
  const observer: Observer = {
    probed: (endpoint, result) => {
      results.push(result)
      journal.push(`${clock.now()} ${endpoint.id} ${result.reason}`)
    },
    healthChanged: ({ id }, from, to, reason) =>
      journal.push(`${clock.now()} ${id} ${from}>${to}: ${reason}`),
  }
  const urls = Object.keys(services).map((host) => ({ url: `${scheme}://${host}`, id: host }))
  const target = shape(
    pool(urls)
      .balance(watching)
      .health({ path: '/healthz', jitter: 0, ...health }),
  )
  const described = proxy().listen({ port: 80, host: 'proxy' }).route('/', target)
  const asked: ConnectOptions[] = []
  const watched: Network = {
    connect: (options, handler) => {
      asked.push(options)
      return network.connect(options, handler)
    },
    listen: (options, onWire) => network.listen(options, onWire),
  }
  const surroundings = { clock, network: watched, random: seededRandom(seed), observer }
  const app = await described.start({ signals: false, surroundings })
  const it = {
    app,
    asked,
    clock,
    described,
    journal,
    network,
    results,
    snapshots,
    target,
    upstreams,
    /** What a client is answered. */
    async get(running: RunningProxy = app): Promise<string> {
      const client = await clock.until(rawClient(network, running.url))
      await client.send('GET / HTTP/1.1\r\nHost: proxy\r\n\r\n')
      const { status, body } = await clock.until(client.response())
      await client.close()
      return status === 200 ? body.toString() : `${status}`
    },
    /** The names of the candidates of one more exchange; `none` where it finds no endpoint. */
    async candidates(): Promise<string> {
      return (await it.get()) === '503'
        ? 'none'
        : snapshots
            .at(-1)!
            .map(({ id }) => id)
            .join(' ')
    },
    async close(): Promise<void> {
      await clock.until(app.close())
      for (const upstream of Object.values(upstreams)) await clock.until(upstream.close())
      await clock.advance(latencyMs)
      expect([network.leaks(), clock.pending]).toEqual([[], 0])
    },
  }
  return it
}

interface WorldOptions {
  shape?: (base: Pool) => Pool
  scheme?: 'http' | 'https'
  port?: number
  seed?: number
  latencyMs?: number
}

const OK: FakeAnswer = { body: 'ok' }
const DOWN: FakeAnswer = { status: 503 }
/** Accepts, reads, and says nothing. */
const SILENT: FakeAnswer = { raw: '', after: 'keep' }

describe('the probes of a pool', () => {
  test('are requests like no other, each on a connection of its own', async () => {
    const it = await world({ intervalMs: '5s' }, { one: [OK] })
    expect(await it.get()).toBe('one')
    await it.clock.advance('14s')
    const { one } = it.upstreams
    const probes = one!.requests.filter(({ target }) => target === '/healthz')
    expect(probes.map(({ connection }) => connection)).toEqual([2, 3, 4])
    expect(probes[0]).toMatchObject({
      method: 'GET',
      version: 'HTTP/1.1',
      headers: [
        ['Host', 'one'],
        ['User-Agent', 'gatewright-probe'],
        ['Connection', 'close'],
      ],
    })
    expect(it.network.connections.map(({ server }) => server.port)).toEqual([])
    await it.close()
  })

  test('ask as they are told to', async () => {
    const health = {
      method: 'HEAD',
      host: 'users.example',
      headers: { 'User-Agent': 'ours', 'X-Probe': '1' },
    }
    const it = await world(health, { one: [OK] })
    await it.clock.advance('1s')
    expect(it.upstreams.one!.requests[0]).toMatchObject({
      method: 'HEAD',
      headers: [
        ['Host', 'users.example'],
        ['User-Agent', 'ours'],
        ['X-Probe', '1'],
        ['Connection', 'close'],
      ],
    })
    expect(it.journal).toEqual(['1 one passed', '1 one unknown>healthy: passed'])
    await it.close()
  })

  test('go to another port where one is named', async () => {
    const it = await world({ port: 9000 }, { one: [OK] })
    const beside = await fakeUpstream({
      network: it.network,
      clock: it.clock,
      host: 'one',
      port: 9000,
    }).start()
    await it.clock.advance('1s')
    expect(beside.requests.map(({ headers }) => headers[0])).toEqual([['Host', 'one:9000']])
    expect(it.upstreams.one!.requests).toEqual([])
    expect(it.journal).toContain('1 one unknown>healthy: passed')
    await beside.close()
    await it.close()
  })

  test('name the fixed host of their pool', async () => {
    const shape = () =>
      pool(['http://one'], { host: 'users.example' }).health({ path: '/healthz', jitter: 0 })
    const it = await world({}, { one: [OK] }, { shape })
    await it.clock.advance('1s')
    expect(it.upstreams.one!.requests[0]!.header('host')).toBe('users.example')
    await it.close()
  })

  test('use TLS where the endpoint does', async () => {
    const it = await world({}, { one: [OK] }, { scheme: 'https', port: 443, latencyMs: 5 })
    await it.clock.advance('1s')
    expect(it.asked).toEqual([{ host: 'one', port: 443, tls: { servername: 'one' } }])
    expect(it.upstreams.one!.requests[0]!.header('host')).toBe('one')
    expect(it.results).toMatchObject([{ passed: true, status: 200 }])
    await it.close()
  })

  test('begin an interval apart, however long the answers take', async () => {
    const it = await world({ intervalMs: 1000 }, { one: [{ delayMs: 300 }] })
    await it.clock.advance(4000)
    expect(it.journal.filter((line) => line.endsWith(' passed'))).toHaveLength(4 + 1)
    expect(it.journal.filter((line) => / one /.test(line))).toEqual([
      '301 one passed',
      '301 one unknown>healthy: passed',
      '1301 one passed',
      '2301 one passed',
      '3301 one passed',
    ])
    expect(it.results.map(({ durationMs }) => durationMs)).toEqual([300, 300, 300, 300])
    await it.close()
  })

  test('never overlap, and follow each other at once where they take longer than the interval', async () => {
    const it = await world({ intervalMs: 100, timeoutMs: 1000 }, { one: [SILENT] })
    await it.clock.advance(3500)
    expect(it.journal.filter((line) => !line.includes('>'))).toEqual([
      '1001 one upstream_head_timeout',
      '2002 one upstream_head_timeout',
      '3003 one upstream_head_timeout',
    ])
    expect(it.upstreams.one!.connections).toBe(1)
    await it.close()
  })

  test.each([0.1, 0.5, 1])('are spread by a jitter of %d, never closer than the interval', async (jitter) => {
    const it = await world({ intervalMs: 1000, jitter }, { one: [OK] })
    const begins: number[] = []
    await it.clock.advance('1000s')
    for (const line of it.journal) if (line.endsWith('one passed')) begins.push(Number.parseFloat(line))
    expect(begins[0]!).toBeLessThanOrEqual(Math.max(1, 1000 * jitter))
    const waits = begins.slice(1).map((begin, i) => begin - begins[i]!)
    expect(waits.length).toBeGreaterThan(400)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(999.999)
    expect(Math.max(...waits)).toBeLessThanOrEqual(1000 * (1 + jitter))
    // The whole width is used.
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(900 * jitter)
    await it.close()
  })

  test('are the same for the same seed, and others for another', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const it = await world({ jitter: 0.5 }, { one: [OK], two: [OK, DOWN, OK] }, { seed })
      await it.clock.advance('1m')
      await it.close()
      return it.journal
    }
    const first = await run(1)
    expect(first.length).toBeGreaterThan(15)
    expect(await run(1)).toEqual(first)
    expect(await run(2)).not.toEqual(first)
  })

  test('are not sent by a handler or an explanation', async () => {
    const it = await world({ initial: 'unhealthy' }, { one: [OK] })
    await it.close()
    it.described.handler()
    expect(it.described.explain('GET /').target?.kind).toBe('pool')
    expect([it.clock.pending, it.journal]).toEqual([0, []])
  })
})

describe('a probe', () => {
  const verdicts: [string, Partial<HealthOptions>, FakeAnswer, string][] = [
    ['any status from 200 to 399', {}, { status: 399 }, 'passed'],
    ['not 400', {}, { status: 400 }, 'status 400'],
    ['a status of the set', { status: [200, '401-403'] }, { status: 402 }, 'passed'],
    ['no status beside the set', { status: [200, '401-403'] }, { status: 204 }, 'status 204'],
    ['a text in the body', { body: 'ready' }, { body: 'all is ready.' }, 'passed'],
    ['no other text', { body: 'ready' }, { body: 'starting' }, 'body'],
    ['no empty body', { body: 'ready' }, { status: 204 }, 'body'],
    ['a pattern', { body: /^"?up"?$/m }, { body: 'db\nup\n' }, 'passed'],
    ['a pattern with the flag g, each time', { body: /up/g }, { body: 'up' }, 'passed'],
    ['a text across chunks', { body: 'ready' }, inChunks('re', 'ady'), 'passed'],
    ['a body until the close', { body: 'ready' }, { framing: 'close', body: 'ready' }, 'passed'],
    ['text up to 64 KiB', { body: '!' }, { body: `${'.'.repeat(65_535)}!${'.'.repeat(99_999)}` }, 'passed'],
    ['no text past 64 KiB', { body: '!' }, { body: `${'.'.repeat(65_536)}!${'.'.repeat(99_999)}` }, 'body'],
    ['a long body without a look at it', {}, { body: '.'.repeat(999_999) }, 'passed'],
    [
      'an endless body by its head',
      {},
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx', after: 'keep' },
      'passed',
    ],
    ['no long body that does not end', { body: '!' }, endless('.'.repeat(70_000)), 'body'],
    ['interim responses', {}, { informational: [{ status: 103 }] }, 'passed'],
    ['no body that breaks off', { body: 'ready' }, short('ready'), 'upstream_response_incomplete'],
    ['no upgrade', {}, { status: 101, headers: { Upgrade: 'x' } }, 'upstream_upgrade_failed'],
    ['no garbage', {}, { raw: '220 ready\r\n\r\n', after: 'close' }, 'upstream_response_malformed'],
    ['no two lengths', {}, { headers: { 'Content-Length': ['1', '2'] } }, 'upstream_response_malformed'],
    ['no close without an answer', {}, { raw: '', after: 'close' }, 'upstream_reset'],
    ['no reset', {}, { raw: '', after: 'reset' }, 'upstream_reset'],
    ['no silence', {}, SILENT, 'upstream_head_timeout'],
    [
      'no head that does not end',
      {},
      { raw: 'HTTP/1.1 200 OK\r\nServer: x\r\n', after: 'keep' },
      'upstream_head_timeout',
    ],
    [
      'no body that does not end',
      { body: 'ready' },
      { headers: { 'Content-Length': '99' }, body: 'r', after: 'keep' },
      'upstream_body_timeout',
    ],
    ['no answer that is late', { timeoutMs: 100 }, { delayMs: 101 }, 'upstream_head_timeout'],
    ['an answer just in time', { timeoutMs: 100 }, { delayMs: 99 }, 'passed'],
  ]

  test.each(verdicts)('lets pass %s', async (_, health, answer, reason) => {
    const it = await world({ rise: 1, fall: 1, ...health }, { one: [answer] })
    await it.clock.advance('8s')
    const to = reason === 'passed' ? 'healthy' : 'unhealthy'
    expect(it.results.map((result) => [result.passed, result.reason])).toEqual([
      [reason === 'passed', reason],
      [reason === 'passed', reason],
    ])
    expect(it.journal.filter((line) => line.includes('>'))).toEqual([
      expect.stringContaining(`unknown>${to}: ${reason}`),
    ])
    // What is not waited for is closed at once, not at the next probe.
    expect(it.network.connections).toEqual([])
    await it.close()
  })

  test.each([
    ['refused', 'upstream_refused'],
    ['unreachable', 'upstream_unreachable'],
    ['unanswered', 'upstream_connect_timeout'],
  ] as const)('fails where the connection is %s', async (connect, reason) => {
    const it = await world({}, { one: [OK] }, { latencyMs: 1 })
    it.network.setFaults('one', { connect })
    await it.clock.advance('4s')
    expect(it.results).toMatchObject([{ passed: false, reason, status: undefined }])
    await it.close()
  })

  test('fails where the name is not known', async () => {
    const it = await world({}, { one: [OK] })
    it.network.removeHost('one')
    await it.clock.advance('4s')
    expect(it.results).toMatchObject([{ passed: false, reason: 'upstream_dns_failed' }])
    await it.close()
  })
})

describe('the candidates of a pool that is probed', () => {
  test('are without an endpoint from its third failure in a row to its second pass', async () => {
    const answers = [OK, DOWN, DOWN, OK, DOWN, DOWN, DOWN, OK, DOWN, OK, OK]
    const it = await world({ intervalMs: 1000 }, { one: answers, two: [OK] })
    const seen: string[] = []
    for (let probe = 0; probe < answers.length; probe++) {
      await it.clock.advance(probe === 0 ? 500 : 1000)
      seen.push(await it.candidates())
    }
    expect(seen).toEqual([
      ...Array.from({ length: 6 }, () => 'one two'),
      ...Array.from({ length: 4 }, () => 'two'),
      'one two',
    ])
    expect(it.journal.filter((line) => line.includes('>'))).toEqual([
      '1 one unknown>healthy: passed',
      '1 two unknown>healthy: passed',
      '6001 one healthy>unhealthy: status 503',
      '10001 one unhealthy>healthy: passed',
    ])
    await it.close()
  })

  test('are one array for as long as their members are the same', async () => {
    const it = await world(
      { intervalMs: 1000, rise: 1, fall: 1 },
      { one: [OK, OK, DOWN, OK, DOWN], two: [OK] },
    )
    await it.get()
    for (let probe = 0; probe < 5; probe++) {
      await it.clock.advance(1000)
      await it.get()
      await it.get()
    }
    expect(it.snapshots.map((snapshot) => snapshot.map(({ id }) => id).join(' '))).toEqual([
      'one two',
      'two',
      'one two',
      'two',
    ])
    // What a balancer has made for all of them is of use again.
    expect(it.snapshots[2]).toBe(it.snapshots[0])
    expect(it.snapshots[3]).not.toBe(it.snapshots[1])
    await it.close()
  })

  test('are the same array when what is thought of one changes and it stays', async () => {
    const it = await world({}, { one: [{ delayMs: 500 }], two: [DOWN], three: [OK] })
    await it.clock.advance(100)
    expect(await it.candidates()).toBe('one three')
    await it.clock.advance(500)
    expect(it.journal).toContain('501 one unknown>healthy: passed')
    expect(await it.candidates()).toBe('one three')
    expect(it.snapshots).toHaveLength(1)
    await it.close()
  })

  test('are others, though as many, where the last resort gives way to one that is healthy', async () => {
    const it = await world({ initial: 'unhealthy' }, { one: [DOWN], two: [{ delayMs: 500 }] })
    await it.clock.advance(100)
    expect(await it.candidates()).toBe('one')
    await it.clock.advance(500)
    expect(await it.candidates()).toBe('two')
    await it.close()
  })

  test('are all of them when all are unhealthy', async () => {
    const it = await world(
      { intervalMs: 1000, rise: 1, fall: 1 },
      { one: [OK, DOWN, DOWN, DOWN], two: [OK, OK, DOWN, OK] },
    )
    const seen: string[] = []
    for (let probe = 0; probe < 4; probe++) {
      await it.clock.advance(probe === 0 ? 500 : 1000)
      seen.push(await it.candidates())
    }
    expect(seen).toEqual(['one two', 'two', 'one two', 'two'])
    await it.close()
  })

  test('are all of them before the first probe, by default', async () => {
    const it = await world({}, { one: [SILENT], two: [SILENT] })
    expect(await it.candidates()).toBe('one two')
    expect(it.journal).toEqual([])
    await it.close()
  })

  test('are without those that must be probed first', async () => {
    const health: Partial<HealthOptions> = { initial: 'unhealthy', intervalMs: '10s', timeoutMs: '3s' }
    const it = await world(health, { one: [{ delayMs: 500 }], two: [{ delayMs: 1500 }], three: [SILENT] })
    const seen = [await it.candidates()]
    for (const time of [600, 1000, 2000]) {
      await it.clock.advance(time)
      seen.push(await it.candidates())
    }
    expect(seen).toEqual(['none', 'one', 'one two', 'one two'])
    await it.close()
  })

  test('do not include one that fails its first probe, once another has passed', async () => {
    const it = await world({}, { one: [DOWN], two: [OK] })
    await it.clock.advance('1s')
    expect(await it.candidates()).toBe('two')
    await it.close()
  })

  test("are no other pool's endpoints, though they be the same", async () => {
    let first: Candidates | undefined
    const foreign: Balancer = (candidates) => {
      first ??= candidates
      return first[0]!
    }
    const shape = (base: Pool): Pool => base.balance(foreign)
    const it = await world({}, { one: [OK] }, { shape })
    expect(await it.get()).toBe('one')
    const twin = shape(pool(['http://one']))
    await it.clock.until(it.app.reload(proxy().listen({ port: 80, host: 'proxy' }).route('/', twin)))
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await it.get()).toBe('500')
    report.mockRestore()
    await it.close()
  })

  test('are all of them where nothing is started', () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const seen: string[] = []
    const target = pool(['http://one', 'http://two'])
      .health({ path: '/', initial: 'unhealthy' })
      .balance((candidates) => {
        seen.push(candidates.map(({ id }) => id).join(' '))
        return candidates[0]!
      })
      .use(() => respond(200))
    const connectors = new ConnectorRegistry(network, clock)
    const targets = new CompiledTargets({ clock, network, random: seededRandom(1), connectors })
    void targets.acquire(target).handler(exchange())
    expect([seen, clock.pending]).toEqual([['http://one http://two'], 0])
  })

  test('are not to be chosen from past their time', async () => {
    let first: Candidates | undefined
    const stale: Balancer = (candidates) => {
      first ??= candidates
      return first[0]!
    }
    const it = await world({}, { one: [DOWN], two: [OK] }, { shape: (base) => base.balance(stale) })
    expect(await it.get()).toBe('one')
    await it.clock.advance('1s')
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await it.get()).toBe('500')
    expect(report.mock.calls.flat().join(' ')).toContain('must return one of its candidates')
    report.mockRestore()
    await it.close()
  })
})

describe('the end of a pool', () => {
  test.each([
    ['before the first probe', 0, 0],
    ['while a probe connects', 3, 0],
    ['while a probe waits for its answer', 500, 0],
    ['while a probe reads a body', 1500, 0],
    ['between two probes', 2600, 1],
  ])('%s leaves nothing', async (_, time, ended) => {
    const slow: FakeAnswer = { delayMs: 1000, framing: 'chunked', body: 'ready' }
    const endless: FakeAnswer = { headers: { 'Content-Length': '99' }, body: 'rea', after: 'keep' }
    const it = await world(
      { body: 'ready', timeoutMs: '10s' },
      { one: [time === 1500 ? endless : slow] },
      { latencyMs: 5 },
    )
    await it.clock.advance(time)
    expect(it.journal.filter((line) => line.includes('passed') && !line.includes('>'))).toHaveLength(ended)
    await it.close()
    await it.clock.advance('1m')
    expect(it.results).toHaveLength(ended)
  })

  test('comes with a reload that takes it away, and its health goes with it', async () => {
    const it = await world({ rise: 1, fall: 1 }, { one: [OK, DOWN], two: [OK] })
    await it.clock.advance('6s')
    expect(await it.candidates()).toBe('two')
    const probes = it.results.length
    await it.clock.until(
      it.app.reload(
        proxy()
          .listen({ port: 80, host: 'proxy' })
          .route('/', pool(['http://one'])),
      ),
    )
    await it.clock.advance('1m')
    expect(it.results).toHaveLength(probes)
    await it.close()
  })
})

test('a pool that is closed lets go of every connector', () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const connectors = new ConnectorRegistry(network, clock)
  const targets = new CompiledTargets({ clock, network, random: seededRandom(1), connectors })
  const compiled = targets.acquire(pool(['http://one', 'http://two']).health({ path: '/' }))
  compiled.start()
  expect(connectors.size).toBe(4)
  compiled.close()
  expect([connectors.size, clock.pending]).toEqual([0, 0])
})

describe('a reload', () => {
  test('ends the probe of a pool that it takes away, beside one that probes the same', async () => {
    const health: HealthOptions = { path: '/healthz', jitter: 0, timeoutMs: '10s' }
    const [one, other] = [
      pool([{ url: 'http://one', id: 'first' }]),
      pool([{ url: 'http://one', id: 'other' }]),
    ]
    const kept = one.health(health)
    const it = await world(health, { one: [{ delayMs: 500 }] }, { shape: () => kept })
    const both = proxy()
      .listen({ port: 80, host: 'proxy' })
      .route('/', kept)
      .route('/b', other.health(health))
    await it.clock.until(it.app.reload(both))
    await it.clock.advance(100)
    expect(it.network.openWires).toBe(4)
    const only = proxy().listen({ port: 80, host: 'proxy' }).route('/', kept)
    await it.clock.until(it.app.reload(only))
    await it.clock.advance(0)
    // The service's own end of it stays until the answer is due.
    expect(it.network.openWires).toBe(3)
    await it.clock.advance('7s')
    expect(it.journal.filter((line) => !line.includes('>'))).toEqual([
      '501 first passed',
      '5501 first passed',
    ])
    await it.close()
  })

  test('keeps the health of a pool that it brings again', async () => {
    const it = await world({ rise: 1, fall: 1 }, { one: [OK, DOWN], two: [OK] })
    await it.clock.advance('7s')
    const again = proxy()
      .listen({ port: 80, host: 'proxy' })
      .route('/new', () => {
        throw new Error('is not called')
      })
      .route('/', it.target)
    await it.clock.until(it.app.reload(again))
    expect(await it.candidates()).toBe('two')
    const begun = it.results.length
    await it.clock.advance('5s')
    // Neither anew nor twice.
    expect(it.results.length - begun).toBe(2)
    await it.close()
  })

  test('that fails ends the probes of what it would have brought', async () => {
    const it = await world({}, { one: [OK] })
    await it.clock.advance('1s')
    const other = pool([{ url: 'http://one', id: 'other' }]).health({ path: '/healthz' })
    const taken = proxy().listen({ port: 80, host: 'one' }).route('/', other)
    await expect(it.clock.until(it.app.reload(taken))).rejects.toThrow('in use')
    await it.clock.advance('1m')
    expect(it.journal.filter((line) => line.includes('other'))).toEqual([])
    await it.close()
  })
})

test('an hour of probes of five endpoints is soon over', async () => {
  const services = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((host) => [host, [OK]]))
  const it = await world({ intervalMs: '5s', jitter: 0.1 }, services)
  await it.clock.advance('1h')
  expect(it.results.length).toBeGreaterThan(3_300)
  expect(it.results.every(({ passed }) => passed)).toBe(true)
  await it.close()
})

/** A body that comes in pieces, each in a chunk and an event of its own. */
function inChunks(...parts: string[]): FakeAnswer {
  return () => ({ framing: 'chunked', body: pieces(parts) })
}

async function* pieces(parts: string[]): AsyncGenerator<string> {
  for (const part of parts) yield part
}

/** A body of which the rest never comes. */
function endless(body: string): FakeAnswer {
  return { headers: { 'Content-Length': '999999' }, body, after: 'keep' }
}

/** A body of which less comes than was announced. */
function short(body: string): FakeAnswer {
  return { headers: { 'Content-Length': '99' }, body, after: 'close' }
}
