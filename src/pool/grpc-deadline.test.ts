import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { proxy } from '../proxy/proxy.ts'
import { fault, type Simulation, simulate } from '../testing/index.ts'
import type { DeadlineOptions } from './deadline-options.ts'
import { grpcTimeoutMs } from './grpc-timeout.ts'
import { pool } from './pool.ts'

function world(options: DeadlineOptions): Simulation {
  return simulate(proxy().route('/', pool(['http://u1']).deadline(options)))
}

function call(sim: Simulation, timeout?: string) {
  return sim.post('/echo.Echo/Unary', {
    headers: {
      'content-type': 'application/grpc',
      ...(timeout === undefined ? {} : { 'grpc-timeout': timeout }),
    },
    body: 'x',
  })
}

describe('grpcTimeoutMs', () => {
  test.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['15S', 15_000],
    ['250m', 250],
    ['1500u', 1.5],
    ['99999999n', 99.999_999],
    ['0m', 0],
  ])('reads %s', (text, ms) => {
    expect(grpcTimeoutMs(HeaderList.from({ 'grpc-timeout': text }))).toBe(ms)
  })

  test('is undefined where there is none', () => {
    expect(grpcTimeoutMs(new HeaderList())).toBeUndefined()
  })

  test.each(['', '1', 'S', '123456789m', '-1S', '+1S', '1.5S', '1s', '1 S', '1Sx', '0x1S', '1S, 1S', '1e3m'])(
    'refuses "%s"',
    (text) => {
      expect(() => grpcTimeoutMs(HeaderList.from({ 'grpc-timeout': text }))).toThrow(
        'a grpc-timeout that is none',
      )
    },
  )
})

describe('pool.deadline({ grpc: true })', () => {
  test.each<[string, DeadlineOptions, string | undefined, number]>([
    ['the one of the call', { grpc: true }, '200m', 200],
    ['that, where it is sooner', { grpc: true, ms: 300 }, '200m', 200],
    ['its own, where that is sooner', { grpc: true, ms: 300 }, '1S', 300],
    ['its own, where the call has none', { grpc: true, ms: 300 }, undefined, 300],
  ])('keeps %s', async (_, options, timeout, ms) => {
    await using sim = world(options)
    sim.upstream('http://u1').inject(fault.noAnswer())
    const { status, headers, durationMs, exchange } = await call(sim, timeout)
    expect([status, headers.get('grpc-status'), durationMs]).toEqual([200, '4', ms])
    expect(exchange!.outcome!.error!.code).toBe('upstream_deadline')
    await sim.assertNoLeaks()
  })

  test.each<[string, DeadlineOptions, string | undefined, string | undefined]>([
    ['what is left', { grpc: true }, '200m', '200m'],
    ['no more than its own', { grpc: true, ms: 300 }, '1S', '300m'],
    ['its own, where the call has none', { grpc: true, ms: 300 }, undefined, '300m'],
    ['nothing, where there is no deadline', { grpc: true }, undefined, undefined],
    ['nothing new, where none of the call counts', { ms: 300 }, '1S', '1S'],
  ])('tells the endpoint %s', async (_, options, timeout, told) => {
    await using sim = world(options)
    await call(sim, timeout)
    expect(sim.upstream('http://u1').requests[0]!.header('grpc-timeout')).toBe(told)
  })

  test('lasts to the end of the response', async () => {
    await using sim = world({ grpc: true })
    // The rest of it does not come.
    sim.upstream('http://u1').reply({ headers: { 'content-length': '100' }, body: 'a' })
    const { status, complete, durationMs, exchange } = await call(sim, '200m')
    expect([status, complete, durationMs]).toEqual([200, false, 200])
    expect(exchange!.outcome).toMatchObject({ result: 'failed', error: { code: 'upstream_deadline' } })
    expect(exchange!.attempts[0]!.endedAtMs).toBe(200)
    await sim.assertNoLeaks()
  })

  test('is over with that end', async () => {
    await using sim = world({ grpc: true })
    const { complete, trailers } = await call(sim, '200m')
    expect([complete, trailers.size]).toEqual([true, 0])
    // No timer of it is left.
    await sim.assertNoLeaks()
  })

  test('of a request that is none of gRPC ends with the head, and does not heed the field', async () => {
    await using sim = world({ grpc: true, ms: 5_000 })
    sim.upstream('http://u1').inject(fault.noAnswer())
    const { status, durationMs } = await sim.get('/', { headers: { 'grpc-timeout': '200m' } })
    expect([status, durationMs]).toEqual([504, 5_000])
  })

  test.each([
    ['0m', '4', 'upstream_deadline'],
    ['1s', '13', 'request_malformed'],
  ])('sends nothing for %s', async (timeout, grpcStatus, code) => {
    await using sim = world({ grpc: true })
    const { headers, exchange } = await call(sim, timeout)
    expect([headers.get('grpc-status'), exchange!.outcome!.error!.code]).toEqual([grpcStatus, code])
    expect(sim.upstream('http://u1').requests).toHaveLength(0)
    await sim.assertNoLeaks()
  })

  test('of three years is none', async () => {
    await using sim = world({ grpc: true })
    const { status } = await call(sim, '26280H')
    expect(status).toBe(200)
    expect(sim.upstream('http://u1').requests[0]!.header('grpc-timeout')).toBe('26280H')
  })
})
