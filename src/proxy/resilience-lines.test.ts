import { type Pool, pool, proxy } from 'gatewright'
import { expect, test } from 'vitest'

/** The lines of `explain` between what a pool is and what its endpoints are. */
function linesOf(users: Pool): string[] {
  const lines = String(proxy().route('/', users).explain('/')).split('\n')
  const from = lines.findIndex((line) => line.startsWith('  pool '))
  return lines.slice(
    from + 1,
    lines.findIndex((line) => line.startsWith('  endpoint ')),
  )
}

const LIMITS =
  '  limits     512 connections to an endpoint, 1024 may wait for one up to 5 s, connect 5 s, TLS 5 s, head 1 min, body idle 1 min, tunnel idle 1 h'

test('explain says in a line each what a pool does when endpoints fail', () => {
  const users = pool(['http://u1'], { panicThreshold: 0.5 })
    .retry({ attempts: 3, on: ['unsent', 503], perAttemptMs: '2s' })
    .hedge()
    .deadline({ ms: 2_500, header: 'X-Request-Timeout' })
    .health({ path: '/healthz', port: 9_000, initial: 'unhealthy' })
    .eject({ consecutiveConnectFailures: 2, successRate: {}, failurePercentage: {} })
    .slowStart({ lastsMs: '30s' })
  expect(linesOf(users)).toEqual([
    '  retry      3 attempts, on unsent 503, each 2 s, budget 20 % of the requests and 10 a second',
    '  hedge      after p95, budget 5 % of the requests',
    '  deadline   2500 ms, told in X-Request-Timeout',
    '  health     GET /healthz on port 9000 every 5 s, each 2 s, rise 2, fall 3, must pass first',
    '  eject      5 errors in a row, 2 failures to connect in a row, success 1.9 deviations below the mean, 85 % failed, for 30 s up to 5 min, at most 50 % of the endpoints',
    '  slow start 30 s',
    '  panic      below 50 % of the endpoints fit to serve',
    LIMITS,
  ])
})

test('explain leaves out what a pool was not asked for', () => {
  expect(linesOf(pool(['http://u1']))).toEqual([LIMITS])
})

test('explain says whose deadline is kept', () => {
  const lines = (of: Pool) => linesOf(of).filter((line) => line.startsWith('  deadline'))
  expect(lines(pool(['http://u1']).deadline({ grpc: true }))).toEqual(['  deadline   grpc-timeout of a call'])
  expect(lines(pool(['http://u1']).deadline({ grpc: true, ms: '1s' }))).toEqual([
    '  deadline   1 s, grpc-timeout of a call',
  ])
})

test('explain says what has no end', () => {
  const users = pool(['http://u1'], {
    maxConnections: Infinity,
    headMs: Infinity,
    connectMs: 250,
    tunnelIdleMs: '2d',
  })
    .retry({ budget: Infinity })
    .hedge({ afterMs: '50ms', budget: 0.005 })
    .eject({ consecutiveErrors: Infinity, failurePercentage: { threshold: 50 } })
  expect(linesOf(users)).toEqual([
    '  retry      2 attempts, on unsent reset timeout, without a budget',
    '  hedge      after 50 ms, budget 0.5 % of the requests',
    '  eject      50 % failed, for 30 s up to 5 min, at most 50 % of the endpoints',
    '  limits     any number of connections to an endpoint, 1024 may wait for one up to 5 s, connect 250 ms, TLS 5 s, head without end, body idle 1 min, tunnel idle 2 d',
  ])
})
