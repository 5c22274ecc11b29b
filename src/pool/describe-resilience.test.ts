import { expect, test } from 'vitest'
import { respond } from '../core/message.ts'
import { pool } from './pool.ts'

const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']

test('a pool that was asked for nothing says so, and what it grants', () => {
  const { resilience, limits } = pool(['http://u1'], { maxConnections: 8, headMs: '5s' }).describe()
  expect(resilience).toEqual({
    retry: undefined,
    hedge: undefined,
    deadline: undefined,
    health: undefined,
    eject: undefined,
    slowStart: undefined,
    panicThreshold: 0,
  })
  expect(limits).toEqual({
    maxConnections: 8,
    maxPending: 1_024,
    pendingMs: 5_000,
    idleMs: 4_000,
    connectMs: 5_000,
    tlsMs: 5_000,
    headMs: 5_000,
    bodyIdleMs: 60_000,
    sendIdleMs: 60_000,
    tunnelIdleMs: 3_600_000,
    headBytes: 65_536,
    headers: 200,
    bodyBytes: Number.POSITIVE_INFINITY,
    http2: 'off',
    proxyProtocol: 'off',
  })
})

test('a pool describes what it was asked for, with the defaults filled in', () => {
  const busy = (response: { status: number }) => response.status === 429
  const described = pool(['http://u1'], { panicThreshold: 0.5 })
    .retry({ attempts: 3, on: ['unsent', 503, '502-504', '5xx', busy, () => false] })
    .hedge({ afterMs: 'p99.9' })
    .deadline({ ms: '2s', header: 'X-Request-Timeout' })
    .health({ path: '/healthz', headers: { Authorization: 'secret' }, status: ['2xx', 304] })
    .eject({ successRate: {}, statuses: '5xx' })
    .slowStart({ lastsMs: '30s' })
    .describe()
  expect(described.resilience).toEqual({
    retry: {
      attempts: 3,
      on: ['unsent', '503', '502-504', '5xx', 'busy', 'function'],
      methods: IDEMPOTENT,
      idempotencyKey: false,
      perAttemptMs: Number.POSITIVE_INFINITY,
      budget: { ratio: 0.2, minPerSecond: 10, windowMs: 10_000 },
      backoff: { baseMs: 25, maxMs: 250 },
      maxRetryAfterMs: 1_000,
      replayBytes: 65_536,
    },
    hedge: { afterMs: 'p99.9', budget: 0.05, methods: IDEMPOTENT, idempotencyKey: false },
    deadline: { ms: 2_000, header: 'X-Request-Timeout', grpc: false },
    health: {
      type: 'http',
      address: undefined,
      method: 'GET',
      path: '/healthz',
      host: undefined,
      port: undefined,
      intervalMs: 5_000,
      timeoutMs: 2_000,
      rise: 2,
      fall: 3,
      jitter: 0.1,
      status: ['2xx', '304'],
      body: undefined,
      initial: 'healthy',
    },
    eject: {
      consecutiveErrors: 5,
      consecutiveConnectFailures: Number.POSITIVE_INFINITY,
      successRate: { deviations: 1.9, minEndpoints: 5, minRequests: 100 },
      failurePercentage: undefined,
      latency: undefined,
      intervalMs: 10_000,
      ejectMs: 30_000,
      maxEjectMs: 300_000,
      jitter: 0.1,
      maxEjected: 0.5,
      statuses: ['5xx'],
      grpcStatuses: [],
    },
    slowStart: { lastsMs: 30_000, aggression: 1 },
    panicThreshold: 0.5,
  })
  expect(JSON.stringify(described)).not.toContain('secret')
})

test('a hedge or a deadline alone is no retry', () => {
  expect(pool(['http://u1']).hedge({ afterMs: '50ms' }).describe().resilience).toMatchObject({
    retry: undefined,
    hedge: { afterMs: 50 },
  })
  const limited = pool(['http://u1'])
    .use(() => respond(200))
    .deadline({ ms: 1 })
  expect(limited.describe().resilience?.retry).toBeUndefined()
})
