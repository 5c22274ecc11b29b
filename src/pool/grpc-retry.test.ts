import { describe, expect, test } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import { HeaderList } from '../core/headers.ts'
import { respond } from '../core/message.ts'
import { proxy } from '../proxy/proxy.ts'
import { type FakeReply, type SimulatedResponse, type Simulation, simulate } from '../testing/index.ts'
import { grpcStatusInHead } from './grpc-answer.ts'
import { PreviousAttempts, pushbackMs } from './grpc-retry.ts'
import { type Pool, pool } from './pool.ts'
import type { RetryOptions } from './retry-options.ts'

const inOrder: Balancer = (candidates) => candidates[0]!
const GRPC = { 'content-type': 'application/grpc' }
const answering = (grpcStatus: string, more: Record<string, string> = {}): FakeReply => ({
  headers: { ...GRPC, 'grpc-status': grpcStatus, ...more },
})

function world(options: RetryOptions = {}, shape: (it: Pool) => Pool = (it) => it): Simulation {
  const services = pool(['http://u1', 'http://u2']).balance(inOrder)
  return simulate(proxy().route('/', shape(services.retry({ on: ['UNAVAILABLE', 'ABORTED'], ...options }))))
}

function call(sim: Simulation, headers: Record<string, string> = {}): Promise<SimulatedResponse> {
  return sim.post('/echo.Echo/Unary', { headers: { ...GRPC, ...headers }, body: 'message' })
}

const record = (response: SimulatedResponse) =>
  response.exchange!.decision.retries.map(({ failure, refused }) => [failure, refused])

describe('pool.retry by a status of gRPC', () => {
  test.each([
    ['14', 'UNAVAILABLE'],
    ['10', 'ABORTED'],
  ])('sends a call again that is answered %s (%s), with its message', async (code, name) => {
    await using sim = world()
    sim.upstream('http://u1').reply(answering(code))
    sim.upstream('http://u2').reply(answering('0'))
    const response = await call(sim)
    expect(response.headers.get('grpc-status')).toBe('0')
    expect(record(response)).toEqual([[`grpc ${name}`, undefined]])
    const [again] = sim.upstream('http://u2').requests
    expect([String(again!.body), again!.header('grpc-previous-rpc-attempts')]).toEqual(['message', '1'])
    expect(sim.upstream('http://u1').requests[0]!.header('grpc-previous-rpc-attempts')).toBeUndefined()
    await sim.assertNoLeaks()
  })

  test('sends a message again that came bit by bit', async () => {
    await using sim = world()
    sim.upstream('http://u1').reply(answering('14'))
    sim.upstream('http://u2').reply(answering('0'))
    async function* parts() {
      for (const part of ['some', ' ', 'text']) {
        await new Promise<void>((resolve) => sim.clock.setTimeout(resolve, 10))
        yield part
      }
    }
    const { headers } = await sim.post('/echo.Echo/Unary', { headers: GRPC, body: parts() })
    expect(headers.get('grpc-status')).toBe('0')
    expect(String(sim.upstream('http://u2').requests[0]!.body)).toBe('some text')
    await sim.assertNoLeaks()
  })

  test.each([['5'], ['0'], ['17'], ['014'], ['x'], ['']])('leaves %j to the client', async (code) => {
    await using sim = world()
    sim.upstream('http://u1').reply(answering(code))
    expect((await call(sim)).headers.get('grpc-status')).toBe(code)
    expect(sim.upstream('http://u2').requests).toHaveLength(0)
  })

  test('leaves a status behind messages to the client', async () => {
    await using sim = world()
    sim.upstream('http://u1').reply({ headers: GRPC, body: 'some', trailers: { 'grpc-status': '14' } })
    const { trailers } = await call(sim)
    expect(trailers.get('grpc-status')).toBe('14')
    expect(sim.upstream('http://u2').requests).toHaveLength(0)
  })

  test('is no leave to send other requests again', async () => {
    await using sim = world({ on: ['UNAVAILABLE', 503] })
    sim.upstream('http://u1').reply({ status: 503 })
    const response = await call(sim)
    expect([response.status, record(response)]).toEqual([503, [['status 503', 'not repeatable']]])
  })

  test('stops when all attempts were made, and says so', async () => {
    await using sim = world({ attempts: 2 })
    for (const upstream of sim.upstreams) upstream.reply(answering('14'))
    const response = await call(sim)
    expect(response.headers.get('grpc-status')).toBe('14')
    expect(record(response)).toEqual([
      ['grpc UNAVAILABLE', undefined],
      ['grpc UNAVAILABLE', 'attempts'],
    ])
  })

  test.each<[string, string, (string | undefined)[][], number]>([
    ['waits as long as the server says', '700', [['grpc UNAVAILABLE', undefined]], 700],
    ['does not where the server says no', '-1', [['grpc UNAVAILABLE', 'retry-after']], 0],
    ['does not where it says nothing that can be read', 'soon', [['grpc UNAVAILABLE', 'retry-after']], 0],
    ['does not where that is too long', '1001', [['grpc UNAVAILABLE', 'retry-after']], 0],
  ])('%s', async (_, pushback, retries, ms) => {
    await using sim = world({ backoff: { baseMs: 0 } })
    sim.upstream('http://u1').reply(answering('14', { 'grpc-retry-pushback-ms': pushback }))
    const response = await call(sim)
    expect([record(response), response.durationMs]).toEqual([retries, ms])
  })

  test('heeds no pushback of what is no response of gRPC', async () => {
    await using sim = world({ on: 503, backoff: { baseMs: 0 } })
    sim.upstream('http://u1').reply({ status: 503, headers: { 'grpc-retry-pushback-ms': '-1' } })
    expect((await sim.get('/')).status).toBe(200)
  })

  test('adds to the attempts that the client has made', async () => {
    await using sim = world({ attempts: 3 }, (it) => it.use((exchange, next) => next(exchange)))
    sim.upstream('http://u1').reply(answering('14'))
    sim.upstream('http://u2').reply(answering('14'), answering('0'))
    await call(sim, { 'grpc-previous-rpc-attempts': '2' })
    const told = sim.upstreams.flatMap(({ requests }) =>
      requests.map((it) => it.header('grpc-previous-rpc-attempts')),
    )
    expect(told.toSorted((a, b) => Number(a) - Number(b))).toEqual(['2', '3', '4'])
  })

  test('refuses what is no status of a failure', () => {
    for (const on of ['OK', 'UNAVAILABEL', 'toString'])
      expect(() => pool(['http://u1']).retry({ on: on as 'UNAVAILABLE' })).toThrow('pool.retry: "on" must be')
  })
})

describe('pool.eject by a status of gRPC', () => {
  test.each([
    [['UNAVAILABLE'] as const, 1],
    [['INTERNAL'] as const, 0],
    [undefined, 0],
  ])('counts %s', async (grpcStatuses, expected) => {
    const services = pool(['http://u1', 'http://u2'])
      .balance(inOrder)
      .eject({ consecutiveErrors: 2, ...(grpcStatuses && { grpcStatuses }) })
    await using sim = simulate(proxy().route('/', services))
    sim.upstream('http://u1').reply(answering('14'))
    for (let i = 0; i < 2; i++) await call(sim)
    const ejections = sim.journal.entries.filter(({ text }) => text.includes('ejected for'))
    expect(ejections).toHaveLength(expected)
  })
})

test.each([
  ['0', 0],
  ['250', 250],
  ['9999999999', 9_999_999_999],
  ['-1', Infinity],
  ['1.5', Infinity],
  ['', Infinity],
  ['99999999999', Infinity],
])('pushbackMs reads %j', (value, ms) => {
  expect(pushbackMs(HeaderList.from({ 'grpc-retry-pushback-ms': value }))).toBe(ms)
})

test('PreviousAttempts takes what is no number for none', () => {
  const headers = HeaderList.from({ ...GRPC, 'grpc-previous-rpc-attempts': '1e9' })
  PreviousAttempts.of(headers)!.made(1)
  expect(headers.get('grpc-previous-rpc-attempts')).toBe('1')
})

test('grpcStatusInHead looks at responses of gRPC alone', () => {
  expect(grpcStatusInHead(respond(200, '', { ...GRPC, 'grpc-status': '14' }))).toBe('UNAVAILABLE')
  expect(grpcStatusInHead(respond(503, '', { ...GRPC, 'grpc-status': '14' }))).toBeUndefined()
  expect(
    grpcStatusInHead(respond(200, '', { 'content-type': 'text/html', 'grpc-status': '14' })),
  ).toBeUndefined()
})
