import { describe, expect, test } from 'vitest'
import { LatencyTally } from './latency-tally.ts'
import { loadReport } from './load-report.ts'
import type { LoadResult } from './load-result.ts'

describe('loadReport', () => {
  test('shows latencies beside service times', () => {
    const lines = loadReport('http://service/', result()).split('\n')
    expect(lines[0]).toBe('10 s of 100 requests a second, 64 connections: http://service/')
    expect(lines).toContain('  requests       5 due, 4 answered, 1 never sent')
    expect(lines).toContain('  answers        99.5 a second, 99.5 % of what was asked for')
    expect(lines).toContain('  read           2.0 KiB, 205 B a second')
    expect(lines).toContain('  statuses       200: 3, 502: 1')
    expect(lines).toContain('  failures       timeout: 1')
    expect(lines).toContain('                       latency  service time')
    expect(lines).toContain('  p50                 20.02 ms       2.00 ms')
    expect(lines).toContain('  max                    1.5 s     150.01 ms')
    expect(lines).toContain('  up to 20 ms            3  ########################################')
    expect(lines).toContain('  up to 2 s              1  ##############')
    expect(lines.join('\n')).toContain('count with the time that they have waited')
    expect(lines.join('\n')).not.toContain('not connected')
    expect(lines.join('\n')).not.toContain('was late')
  })

  test('says what a closed loop does not see', () => {
    const { rate, latencyMs, generatorLateMs, ...closed } = result()
    const text = loadReport('http://service/', { ...closed, loop: 'closed' })
    expect([rate, latencyMs?.count, generatorLateMs?.count]).toEqual([100, 4, 1])
    expect(text).toContain('10 s of as many requests as it answers')
    expect(text).toContain('a stall of the service is one slow request for each')
    expect(text).toContain('  answers        99.5 a second\n')
  })

  test('says when the load generator was late itself', () => {
    const text = loadReport('http://service/', { ...result(), generatorLateMs: tally(9) })
    expect(text).toContain('The load generator itself was late, by 9.01 ms at p99')
  })

  test('has something to say of nothing', () => {
    const nothing = { ...result(), latencyMs: tally(), serviceTimeMs: tally(), statuses: {}, seconds: 0 }
    expect(loadReport('http://service/', nothing)).not.toMatch(/NaN|Infinity|undefined/)
  })
})

function result(): LoadResult {
  return {
    loop: 'open',
    rate: 100,
    connections: 64,
    warmUpSeconds: 0,
    seconds: 10,
    requests: { due: 5, sent: 4, answered: 4, neverSent: 1 },
    answeredPerSecond: 99.5,
    bytesRead: 2_048,
    statuses: { 200: 3, 502: 1 },
    failures: { timeout: 1, closed: 0, malformed: 0 },
    connectErrors: {},
    latencyMs: tally(12, 20, 20, 1_500),
    serviceTimeMs: tally(1, 2, 2, 150),
    generatorLateMs: tally(0.1),
  }
}

function tally(...times: number[]) {
  const counted = new LatencyTally()
  for (const ms of times) counted.record(ms)
  return counted.latencies
}
