import type {
  AdminSnapshot,
  EndpointStatus,
  FilterStatus,
  PoolStatus,
  RouteStatus,
} from '../../src/admin/api.ts'
import type { PickRecord } from '../../src/core/decision-record.ts'

/** When the samples were made: a fixed moment, so that what is shown is too. */
export const NOW: number = Date.UTC(2026, 4, 4, 12, 0, 30)

/** An endpoint that serves, but for what is said of it. */
export function endpointSample(id: string, changes: Partial<EndpointStatus> = {}): EndpointStatus {
  return {
    id,
    url: `http://${id}:8080`,
    weight: 1,
    fullWeight: 1,
    zone: undefined,
    state: 'serving',
    health: 'healthy',
    ejected: undefined,
    draining: false,
    inFlight: 4,
    connections: 9,
    idle: 5,
    queued: 0,
    responseTimeMs: 12.4,
    successes: 81_204,
    failures: {},
    score: 1.24,
    ...changes,
  }
}

function pickSample(pool: string, chosen: string, endpoints: readonly EndpointStatus[]): PickRecord {
  const fit = endpoints.filter(({ state }) => state === 'serving' || state === 'warming')
  const unfit = endpoints.filter((endpoint) => !fit.includes(endpoint))
  return {
    number: 1,
    atMs: 1,
    kind: 'first',
    pool,
    balancer: 'leastResponseTime',
    chosen,
    candidates: fit,
    candidateCount: fit.length,
    leftOut: unfit.map(({ id, ejected }) => ({
      id,
      reason: 'ejected',
      detail: ejected?.reason,
      untilMs: undefined,
    })),
    leftOutCount: unfit.length,
    panic: false,
    scoreError: undefined,
  }
}

export function poolSample(name: string, endpoints: readonly EndpointStatus[]): PoolStatus {
  const lastDecisions = endpoints.slice(0, 2).map(({ id }) => pickSample(name, id, endpoints))
  return { name, balancer: 'leastResponseTime', endpoints, lastDecisions, panic: false }
}

export function routeSample(match: string, changes: Partial<RouteStatus> = {}): RouteStatus {
  return {
    match,
    filters: ['metrics', 'accessLog'],
    target: { kind: 'pool', name: 'users' },
    pools: ['users'],
    matches: 48_211,
    failures: 12,
    inFlight: 7,
    latency: { p50: 11.2, p90: 24.9, p99: 88, max: 412 },
    ...changes,
  }
}

/** A proxy with some of everything: states, failures, filters. */
export function snapshotSample(changes: Partial<AdminSnapshot> = {}): AdminSnapshot {
  return {
    proxy: {
      version: '0.1.0',
      node: 'v24.21.0',
      pid: 4121,
      startedAt: NOW - 273_600_000,
      now: NOW,
      phase: 'serving',
      readiness: { ready: true, reasons: [] },
      logLevel: 'info',
      readOnly: false,
      residentBytes: 148_897_792,
      heapUsedBytes: 51_380_224,
    },
    listeners: [
      {
        url: 'http://0.0.0.0:8080',
        connections: 212,
        accepted: 1_284_551,
        refusals: { 'too-many': 3 },
        certificatesEndAt: undefined,
      },
      {
        url: 'https://0.0.0.0:8443',
        connections: 1_048,
        accepted: 8_120_773,
        refusals: {},
        certificatesEndAt: NOW + 9 * 86_400_000,
      },
    ],
    routes: [
      routeSample('/api/users/:id'),
      routeSample('GET /api/search', {
        filters: ['metrics', 'accessLog', 'rateLimit', 'circuitBreaker'],
        target: { kind: 'pool', name: 'search' },
        pools: ['search'],
        matches: 120_488,
        failures: 2_410,
        inFlight: 31,
        latency: { p50: 48, p90: 210, p99: 1_840, max: 5_000 },
      }),
      routeSample('/static/*', {
        filters: ['metrics', 'accessLog', 'cache', 'compress'],
        target: { kind: 'pool', name: 'assets' },
        pools: ['assets'],
        matches: 903_112,
        failures: 0,
        inFlight: 2,
        latency: { p50: 0.6, p90: 1.9, p99: 9.4, max: 31 },
      }),
      routeSample('/api/checkout', {
        filters: ['metrics', 'accessLog', 'jwt', 'concurrencyLimit'],
        pools: ['users', 'payments'],
        target: { kind: 'pool', name: 'payments' },
        matches: 4_120,
        failures: 41,
        inFlight: 3,
      }),
      routeSample('/healthz', {
        target: { kind: 'handler', name: 'ok' },
        pools: [],
        matches: 91_200,
        failures: 0,
        inFlight: 0,
        latency: undefined,
      }),
    ],
    pools: [
      poolSample('users', [
        endpointSample('u1', { inFlight: 6 }),
        endpointSample('u2', { weight: 3, fullWeight: 3, zone: 'b', score: 0.82, successes: 240_118 }),
        endpointSample('u3', {
          state: 'ejected',
          ejected: { untilMs: NOW + 27_000, reason: '5 errors in a row' },
          inFlight: 0,
          score: undefined,
          failures: { upstream_reset: 5, upstream_connect_timeout: 12 },
        }),
        endpointSample('u4', { state: 'warming', weight: 0.4, fullWeight: 1, successes: 38 }),
      ]),
      poolSample('search', [
        endpointSample('s1', { responseTimeMs: 420, inFlight: 29, queued: 2, idle: 0, score: 12.6 }),
        endpointSample('s2', {
          state: 'unhealthy',
          health: 'unhealthy',
          score: undefined,
          failures: { upstream_refused: 2_398 },
        }),
        endpointSample('s3', { state: 'draining', draining: true, inFlight: 2, score: undefined }),
        endpointSample('s4', { state: 'drained', draining: true, inFlight: 0, score: undefined }),
        endpointSample('s5', { state: 'unproven', health: 'unknown', successes: 0, responseTimeMs: 0 }),
      ]),
      poolSample('assets', [endpointSample('cdn-1'), endpointSample('cdn-2')]),
      poolSample('payments', [
        endpointSample('pay-1', { zone: 'a' }),
        endpointSample('pay-2', { zone: 'b' }),
      ]),
    ] as readonly PoolStatus[],
    filters: FILTERS,
    traffic: {
      inFlight: 43,
      total: 1_167_131,
      failures: 2_463,
      seconds: Array.from({ length: 60 }, (_, index) => ({
        at: NOW - (60 - index) * 1_000,
        exchanges: Math.round(180 + 60 * Math.sin(index / 6) + 20 * Math.sin(index * 1.7)),
        failures: index > 40 && index < 48 ? 9 : index % 17 === 0 ? 1 : 0,
        bytesSent: 2_400_000,
        bytesReceived: 310_000,
        p50: 12 + 3 * Math.sin(index / 9),
        p99: 90 + (index > 40 && index < 50 ? 400 : 20 * Math.sin(index / 3)),
      })),
      latency: { p50: 12.1, p90: 61, p99: 118, max: 5_000 },
      statuses: { '1xx': 4, '2xx': 9_904, '3xx': 412, '4xx': 301, '5xx': 67 },
      reasons: { upstream_refused: 38, upstream_connect_timeout: 17, 'status 503': 9, client_aborted: 4 },
    },
    failures: Array.from({ length: 14 }, (_, index) => ({
      at: NOW - index * 2_300,
      id: `01J${(4_815_162_342 + index * 7_919).toString(36)}`,
      method: index % 3 === 0 ? 'POST' : 'GET',
      path: index % 3 === 0 ? '/api/checkout' : '/api/search',
      route: index % 3 === 0 ? '/api/checkout' : 'GET /api/search',
      endpoint: index % 3 === 0 ? 'pay-2' : index % 2 === 0 ? 's2' : 's1',
      status: index % 4 === 1 ? undefined : index % 3 === 0 ? 503 : 502,
      reason: index % 4 === 1 ? 'client_aborted' : index % 3 === 0 ? 'status 503' : 'upstream_refused',
      durationMs: 3 + index * 131,
    })),
    ...changes,
  }
}

const FILTERS: readonly FilterStatus[] = [
  {
    id: '1',
    name: 'circuitBreaker',
    at: 'route GET /api/search',
    state: { kind: 'circuit-breaker', state: 'half-open' },
  },
  {
    id: '2',
    name: 'concurrencyLimit',
    at: 'route /api/checkout',
    state: { kind: 'concurrency-limit', limit: 20, inFlight: 20, waiting: 3 },
  },
  {
    id: '3',
    name: 'rateLimit',
    at: 'route GET /api/search',
    state: { kind: 'rate-limit', admitted: 120_488, refused: 991, unavailable: 0 },
  },
  {
    id: '4',
    name: 'loadShedding',
    at: 'proxy',
    state: { kind: 'load-shedding', share: 0, delayMs: 1.4 },
  },
  {
    id: '5',
    name: 'cache',
    at: 'route /static/*',
    state: {
      kind: 'cache',
      entries: 8_192,
      bytes: 214_748_364,
      results: { hit: 880_114, miss: 18_400, stale: 120, revalidated: 4_410, bypass: 68 },
      collapsed: 301,
      stored: 17_220,
      notStored: { private: 812, 'no-store': 44 },
      answers: { memory: 801_200, disk: 83_444 },
    },
  },
  {
    id: '6',
    name: 'mirror',
    at: 'route /api/users/:id',
    state: { kind: 'mirror', inFlight: 1, sent: 48_100, failed: 3, dropped: 0 },
  },
]

/** As many endpoints and routes as large users have. */
export function largeSnapshot(endpoints: number, routes: number): AdminSnapshot {
  return snapshotSample({
    routes: Array.from({ length: routes }, (_, index) => routeSample(`/service-${index}/*`)),
    pools: [
      poolSample(
        'users',
        Array.from({ length: endpoints }, (_, index) =>
          endpointSample(`10.0.${index >> 8}.${index & 255}`, index === 7 ? { state: 'unhealthy' } : {}),
        ),
      ),
    ],
  })
}
