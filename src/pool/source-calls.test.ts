import { beforeEach, describe, expect, test, vi } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { fakeUpstream, fault, memoryNetwork, seededRandom, simulate, virtualClock } from '../testing/index.ts'
import { ConnectorRegistry } from '../transport/connector-registry.ts'
import type { EndpointSource, SourceGetOptions, SourceSurroundings } from './endpoint-source.ts'
import { pool } from './pool.ts'
import type { PoolEvent } from './pool-events.ts'
import { SourceCalls } from './source-calls.ts'

beforeEach(() => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  return () => written.mockRestore()
})

/** A running proxy with a pool whose source does nothing by itself, and what that source has. */
async function world() {
  const given = Promise.withResolvers<SourceSurroundings>()
  const source: EndpointSource = async function* (signal, surroundings) {
    given.resolve(surroundings)
    yield ['http://u1']
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
  const users = pool(source, { name: 'users' })
  const sim = simulate(proxy().route('/', users), { seed: 1, upstreams: ['http://api', 'https://safe:6443'] })
  const handle = await sim.pool('users')
  const surroundings = await sim.until(given.promise)
  const ask = (url: string, options?: SourceGetOptions) => sim.until(surroundings.get(url, options))
  return { sim, handle, surroundings, ask }
}

describe('get', () => {
  test('asks for a url through the network of the proxy', async () => {
    const { sim, ask } = await world()
    sim.upstream('https://safe:6443').reply({ status: 404, body: 'nothing here' })
    const response = await ask('https://safe:6443/a/b?c=%20d', { headers: { 'X-One': '1' } })
    expect([response.status, await sim.until(response.body.text())]).toEqual([404, 'nothing here'])
    const [request] = sim.upstream('https://safe:6443').requests
    expect(request?.head.split('\r\n').slice(0, 4)).toEqual([
      'GET /a/b?c=%20d HTTP/1.1',
      'Host: safe:6443',
      'X-One: 1',
      'Connection: close',
    ])
    await sim.assertNoLeaks()
  })

  test('follows no redirect: what it has shown of itself is for nobody else', async () => {
    const { sim, ask } = await world()
    sim.upstream('https://safe:6443').reply({ status: 307, headers: { Location: 'http://api/' } })
    const { status, body } = await ask('https://safe:6443/', { headers: { Authorization: 'Bearer x' } })
    body.discard()
    await sim.settle()
    expect([status, sim.upstream('http://api').requests]).toEqual([307, []])
    await sim.assertNoLeaks()
  })

  test('fails where nobody answers in time', async () => {
    const { sim, ask } = await world()
    sim.upstream('http://api').pause()
    await expect(ask('http://api/', { idleMs: 2_000 })).rejects.toMatchObject({
      code: 'upstream_head_timeout',
    })
    expect(sim.nowMs).toBe(2_000)
    await sim.assertNoLeaks()
  })

  test.each([
    ['head', 10_000, 'upstream_head_timeout'],
    ['body', 200_000, 'upstream_body_timeout'],
  ])('has a limit for all of it, however steadily it comes: the %s', async (_, limitMs, code) => {
    const { sim, ask } = await world()
    sim
      .upstream('http://api')
      .reply({ body: 'x'.repeat(1_000) })
      .inject(fault.drip(1, '1s'))
    const text = ask('http://api/', { idleMs: 100_000, limitMs }).then(({ body }) => sim.until(body.text()))
    await expect(text).rejects.toMatchObject({ code })
    expect(sim.nowMs).toBe(limitMs)
    await sim.assertNoLeaks()
  })

  test('ends with the source, whatever it waits for', async () => {
    const { sim, surroundings } = await world()
    const silent = {
      async *[Symbol.asyncIterator]() {
        yield 'begun'
        await new Promise(() => {})
      },
    }
    sim.upstream('http://api').on('GET /body', { body: silent })
    const body = await sim.until(surroundings.get('http://api/body'))
    const read = body.body.text().catch((error: unknown) => error)
    await sim.settle()
    sim.upstream('http://api').pause()
    const head = surroundings.get('http://api/').catch((error: unknown) => error)
    await sim.settle()
    await sim.assertNoLeaks()
    expect(await read).toMatchObject({ code: 'proxy_closed' })
    expect(await head).toMatchObject({ code: 'proxy_closed' })
    await expect(surroundings.get('http://api/')).rejects.toMatchObject({ code: 'proxy_closed' })
  })

  test('lets go of its connector when the response is over, and where there is none', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    await using api = await fakeUpstream({ network, clock, host: 'api', port: 80 })
      .reply({ body: 'ok' })
      .start()
    const connectors = new ConnectorRegistry(network, clock)
    const calls = new SourceCalls(
      { clock, random: seededRandom(1), connectors },
      new AbortController().signal,
    )
    const response = await clock.until(calls.get(api.url))
    expect(await clock.until(response.body.text())).toBe('ok')
    await expect(clock.until(calls.get('http://nobody/'))).rejects.toMatchObject({
      code: 'upstream_dns_failed',
    })
    expect(connectors.size).toBe(0)
  })

  test.each<[string, SourceGetOptions, string]>([
    ['ftp://api', {}, 'url'],
    ['api', {}, 'url'],
    ['http://a:pass-word@api', {}, 'url'],
    ['https://api', { tls: { servername: '' } }, 'tls.servername'],
    ['http://api', { idleMs: 0 }, 'idleMs'],
    ['http://api', { limitMs: 0 }, 'limitMs'],
    ['http://api', { header: {} } as never, 'header'],
  ])('refuses %s, %j', async (url, options, option) => {
    const { sim, ask } = await world()
    const refused = ask(url, options).catch((error: unknown) => error)
    expect(await refused).toMatchObject({ code: 'ERR_OPTION_INVALID', option })
    expect(String(await refused)).not.toContain('pass-word')
    await sim.assertNoLeaks()
  })
})

test('what a source tells is told, until the pool ends', async () => {
  const { sim, handle, surroundings } = await world()
  const events: PoolEvent[] = []
  void (async () => {
    for await (const event of handle.events) events.push(event)
  })()
  surroundings.refused(new Error('odd'))
  surroundings.failed('gone', 1_234)
  await sim.assertNoLeaks()
  surroundings.refused(new Error('late'))
  surroundings.failed('late', 1)
  await Promise.resolve()
  expect(events.filter(({ kind }) => kind !== 'removed')).toEqual([
    { kind: 'list-refused', error: new Error('odd'), atMs: expect.any(Number) },
    { kind: 'source-failed', error: 'gone', retryMs: 1_234, atMs: expect.any(Number) },
  ])
  expect(vi.mocked(console.error)).toHaveBeenCalledTimes(2)
})
