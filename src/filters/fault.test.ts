import { describe, expect, test } from 'vitest'

import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate, virtualClock } from '../testing/index.ts'
import { type FaultOptions, fault } from './fault.ts'

const always = () => true
const SECOND = { enabled: always, delay: { ms: '1s' as const } }

describe('fault hits', () => {
  const gone = { abort: { status: 500 } }
  test.each<[string, FaultOptions, boolean]>([
    ['what is enabled', { enabled: always, ...gone }, true],
    ['nothing else', { enabled: () => false, ...gone }, false],
    [
      'nothing for an answer that only counts as true',
      { enabled: (() => 1) as unknown as () => boolean, ...gone },
      false,
    ],
    [
      'nothing for an answer that comes later',
      { enabled: (async () => true) as unknown as () => boolean, ...gone },
      false,
    ],
    ['whoever has the field', { enabled: always, headers: { 'X-Chaos': 'yes' }, ...gone }, true],
    [
      'not who has it with another value',
      { enabled: always, headers: { 'X-Chaos': /^no$/ }, ...gone },
      false,
    ],
    [
      'not who lacks one of them',
      { enabled: always, headers: { 'X-Chaos': true, 'X-More': true }, ...gone },
      false,
    ],
    ['nothing with a share of 0', { enabled: always, abort: { status: 500, share: 0 } }, false],
  ])('%s', async (_, options, hit) => {
    const one = exchange({ headers: { 'x-chaos': 'yes' }, random: () => 0 })
    const { response, callCount } = await run(fault(options), one)
    expect([response.status, callCount]).toEqual(hit ? [500, 0] : [200, 1])
  })

  test('nobody at the cost of a promise', () => {
    const answer = respond(200)
    expect(fault({ ...SECOND, enabled: () => false })(exchange(), () => answer)).toBe(answer)
  })
})

describe('fault delays', () => {
  test('before anything else is done', async () => {
    const clock = virtualClock()
    const calls: number[] = []
    const running = fault(SECOND)(exchange({ clock }), () => {
      calls.push(clock.now())
      return respond(200)
    })
    await clock.advance(999)
    expect(calls).toEqual([])
    await clock.advance(1)
    expect(calls).toEqual([clock.now()])
    expect((await running).status).toBe(200)
  })

  test('by a time between two, by chance', async () => {
    const delayed = async (random: number) => {
      const one = exchange({ random: () => random })
      const running = await run(fault({ enabled: always, delay: { ms: 100, maxMs: 300 } }), one)
      return (await running.finish()).durationMs
    }
    expect(await Promise.all([delayed(0), delayed(0.5), delayed(0.999)])).toEqual([100, 200, 299.8])
  })

  test('no longer than the client is there, and keeps no timer', async () => {
    const app = proxy().route('/', fault(SECOND), pool(['http://u']))
    await using sim = simulate(app)
    const pending = sim.get('/')
    await sim.advance(500)
    pending.leave()
    await sim.settle()
    expect(sim.exchanges[0]!.outcome).toMatchObject({ result: 'aborted', durationMs: 500 })
    await pending.catch(() => {})
    await sim.assertNoLeaks()
  })
})

describe('fault ends exchanges', () => {
  test('with an error of the proxy, which is told', async () => {
    const app = proxy().route('/', fault({ enabled: always, abort: {} }), pool(['http://u']))
    await using sim = simulate(app)
    const response = await sim.get('/')
    expect([response.status, response.json()]).toMatchObject([503, { code: 'fault_injected' }])
    expect(response.exchange!.outcome!.error!.code).toBe('fault_injected')
    await sim.assertNoLeaks()
  })

  test('with a status, as a service would', async () => {
    const app = proxy().route('/', fault({ enabled: always, abort: { status: 418 } }), pool(['http://u']))
    await using sim = simulate(app)
    const response = await sim.get('/')
    expect([response.status, response.exchange!.outcome!.error]).toEqual([418, undefined])
    await sim.assertNoLeaks()
  })

  test.each([false, true])('with a reset, of HTTP/2: %s', async (http2) => {
    const app = proxy()
      .onError(() => respond(500, 'no reset'))
      .route('/', fault({ enabled: always, abort: { reset: true } }), pool(['http://u']))
    await using sim = simulate(app)
    const client = sim.client('198.51.100.7', { http2 })
    await expect(client.get('/')).rejects.toThrow(http2 ? /INTERNAL_ERROR/ : /ECONNRESET/)
    expect(sim.exchanges[0]!.outcome).toMatchObject({
      result: 'failed',
      status: undefined,
      error: { code: 'fault_injected' },
    })
    expect(sim.upstream('http://u').requests.length).toBe(0)
    await sim.assertNoLeaks()
  })

  test('of one attempt, and another one follows', async () => {
    const first = {
      enabled: ({ endpoint }: { endpoint?: { id: string } | undefined }) => endpoint?.id === 'http://a',
    }
    const users = pool(['http://a', 'http://b'])
      .retry({ attempts: 2, on: [503] })
      .use(fault({ ...first, abort: { status: 503 } }))
    await using sim = simulate(proxy().route('/', users))
    for (let i = 0; i < 4; i++) expect((await sim.get('/')).status).toBe(200)
    expect([sim.upstream('http://a').requests.length, sim.upstream('http://b').requests.length]).toEqual([
      0, 4,
    ])
    await sim.assertNoLeaks()
  })
})

describe('fault slows responses', () => {
  const slow = fault({ enabled: always, bandwidth: { bytesPerSecond: '1kb' } })

  test('to so many bytes a second, all of them', async () => {
    await using sim = simulate(proxy().route('/', slow, pool(['http://u'])))
    const body = Buffer.alloc(3 * 1024, 'abc')
    sim.upstream('http://u').reply({ body })
    const response = await sim.get('/')
    expect(response.body.equals(body)).toBe(true)
    // A tenth of a second's bytes go at once.
    expect([response.durationMs, response.headers.get('content-length')]).toEqual([2_900, '3072'])
    await sim.assertNoLeaks()
  })

  test('to a byte at a time, if it must be', async () => {
    const filter = fault({ enabled: always, bandwidth: { bytesPerSecond: 2 } })
    await using sim = simulate(proxy().route('/', filter, () => respond(200, 'abc')))
    const response = await sim.get('/')
    expect([response.text(), response.durationMs]).toEqual(['abc', 1_000])
    await sim.assertNoLeaks()
  })

  test('and has no timer left when the client leaves', async () => {
    await using sim = simulate(proxy().route('/', slow, pool(['http://u'])))
    sim.upstream('http://u').reply({ body: Buffer.alloc(10_000) })
    const pending = sim.get('/')
    await sim.advance('2s')
    pending.leave()
    await sim.settle()
    expect(sim.exchanges[0]!.outcome).toMatchObject({ result: 'aborted', durationMs: 2_000 })
    await pending.catch(() => {})
    await sim.assertNoLeaks()
  })

  test('and those without content not at all', async () => {
    await using sim = simulate(proxy().route('/', slow, () => respond(204)))
    const { status, durationMs } = await sim.get('/')
    expect([status, durationMs]).toEqual([204, 0])
    await sim.assertNoLeaks()
  })
})

describe('fault refuses', () => {
  test.each<[object, string]>([
    [{ delay: { ms: 1 } }, '"enabled" must be a function'],
    [{ enabled: true, delay: { ms: 1 } }, '"enabled" must be a function'],
    [{ enabled: always }, '"options" must be at least one of'],
    [{ enabled: always, latency: {} }, '"latency" must be one of the options'],
    [{ enabled: always, headers: 'x', abort: {} }, '"headers" must be an object'],
    [{ enabled: always, headers: { 'a b': true }, abort: {} }, '"headers" must be named by tokens'],
    [{ enabled: always, headers: { a: 1 }, abort: {} }, '"a" must be a string'],
    [{ enabled: always, delay: {} }, '"delay.ms" must be a duration'],
    [{ enabled: always, delay: { ms: -1 } }, '"delay.ms" must be a duration'],
    [{ enabled: always, delay: { ms: 5, maxMs: 4 } }, '"delay.maxMs" must be a duration of at least 5 ms'],
    [{ enabled: always, delay: { ms: 5, share: 1.1 } }, '"delay.share" must be a number from 0 to 1'],
    [{ enabled: always, delay: { msec: 5 } }, '"msec" must be one of the options'],
    [{ enabled: always, abort: { status: 200 } }, '"abort.status" must be a whole number from 400 to 599'],
    [{ enabled: always, abort: { reset: 1 } }, '"abort.reset" must be true or false'],
    [{ enabled: always, abort: { reset: true, status: 500 } }, '"abort.reset" must be left out'],
    [{ enabled: always, abort: { share: Number.NaN } }, '"abort.share" must be a number from 0 to 1'],
    [{ enabled: always, abort: { code: 500 } }, '"code" must be one of the options'],
    [{ enabled: always, bandwidth: {} }, '"bandwidth.bytesPerSecond" must be a size'],
    [
      { enabled: always, bandwidth: { bytesPerSecond: 0 } },
      '"bandwidth.bytesPerSecond" must be a size of at least 1',
    ],
    [{ enabled: always, bandwidth: { bytesPerSecond: 1, share: '1' } }, '"bandwidth.share" must be a number'],
    [{ enabled: always, bandwidth: { bytes: 1 } }, '"bytes" must be one of the options'],
  ])('%j', (options, message) => {
    expect(() => fault(options as FaultOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
