import { describe, expect, test } from 'vitest'
import { adminSettings } from '../../src/admin/admin-options.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { configKey } from '../../src/config/config-key.ts'
import { adminOptions } from '../../src/config/schema/option-schemas/admin-options.ts'
import { apertureOptions } from '../../src/config/schema/option-schemas/aperture-options.ts'
import { connectOptions } from '../../src/config/schema/option-schemas/connect-options.ts'
import { deadlineOptions } from '../../src/config/schema/option-schemas/deadline-options.ts'
import { drainOptions } from '../../src/config/schema/option-schemas/drain-options.ts'
import { ejectOptions } from '../../src/config/schema/option-schemas/eject-options.ts'
import { fallbackOptions } from '../../src/config/schema/option-schemas/fallback-options.ts'
import { healthOptions } from '../../src/config/schema/option-schemas/health-options.ts'
import { hedgeOptions } from '../../src/config/schema/option-schemas/hedge-options.ts'
import { listenOptions } from '../../src/config/schema/option-schemas/listen-options.ts'
import { endpointOptions, poolOptions } from '../../src/config/schema/option-schemas/pool-options.ts'
import { retryOptions } from '../../src/config/schema/option-schemas/retry-options.ts'
import { slowStartOptions } from '../../src/config/schema/option-schemas/slow-start-options.ts'
import { subsetOptions } from '../../src/config/schema/option-schemas/subset-options.ts'
import { zoneOptions } from '../../src/config/schema/option-schemas/zone-options.ts'
import type { OptionsSchema, Schema } from '../../src/config/schema/schema.ts'
import { optionsObject } from '../../src/config/schema/values.ts'
import { pool, proxy } from '../../src/index.ts'
import { drainSettings } from '../../src/proxy/drain-options.ts'
import { readAs } from './read-as.ts'

interface Texts {
  readonly good: readonly string[]
  readonly bad: readonly string[]
}

const users = pool(['http://10.0.0.1:8080', 'http://10.0.0.2:8080'])

const CASES = {
  pool: of(poolOptions, (options) => pool(['http://10.0.0.1'], options), {
    good: [
      '{ host: endpoint, x_forwarded: false, forwarded: true, via: false, panic_threshold: 0.5, overprovisioning: 1.2 }',
      '{ max_connections: unlimited, max_pending: 0, pending: 1s, idle: unlimited, connect: 2s, tls_timeout: 1s }',
      '{ http2: auto, body_idle: 10s, send_idle: 10s, tunnel_idle: 1h, head_size: 32kb, headers: 50, body_size: unlimited }',
      '{ http2: { mode: auto, streams: 50, stream_window_size: 1MB, idle: unlimited, ping: 10s, ping_timeout: 1s } }',
      '{ proxy_protocol: v2, tls: { servername: a.internal, min_version: TLSv1.3, dangerously_accept_any_certificate: true } }',
    ],
    bad: [
      '{ name: users }',
      '{ via: true }',
      '{ http2: always }',
      '{ panic_threshold: 2 }',
      '{ proxy_protocol: v3 }',
      '{ tls: { min_version: TLSv1.1 } }',
      '{ maxConnections: 4 }',
    ],
  }),
  endpoint: of(endpointOptions, (options) => pool([options]), {
    good: [
      '{ url: "http://10.0.0.1:8080", weight: 0.5, zone: a, priority: 1, labels: { version: v2 }, id: one, probe_address: "10.0.0.9:1" }',
    ],
    bad: ['{ url: 8080 }', '{ weight: 0 }', '{ labels: { version: 2 } }', '{ priority: 1.5 }'],
  }),
  health: one(healthOptions, (options: Parameters<typeof users.health>[0]) => users.health(options), {
    good: [
      '{ path: /health, interval: 30s, timeout: 5s }',
      '{ type: http, path: /health, method: HEAD, status: [2xx, 301, 400-404], host: a.internal, headers: { accept: "*/*" } }',
      '{ path: /health, body: { regexp: "^ok" }, rise: 1, fall: 1, jitter: 0, address: agent, port: 81, initial: unhealthy }',
      '{ type: tcp, send: ping, expect: pong }',
      '{ type: grpc, service: shop.Orders }',
    ],
    bad: [
      '{}',
      '{ type: http }',
      '{ type: tcp, path: / }',
      '{ type: udp }',
      '{ path: /, status: 1xx }',
      '{ path: /, interval: often }',
    ],
  }),
  eject: of(ejectOptions, (options) => users.eject(options), {
    good: [
      '{ consecutive_errors: unlimited, consecutive_connect_failures: 2, interval: 10s, eject: 30s, max_eject: 5m }',
      '{ success_rate: { deviations: 2, min_endpoints: 3, min_requests: 10 }, failure_percentage: {}, jitter: 0, max_ejected: 1 }',
      '{ latency: { factor: 2.5, margin: 20ms }, statuses: [500, 502-504], grpc_statuses: [UNAVAILABLE] }',
    ],
    bad: [
      '{ consecutive_errors: 0 }',
      '{ grpc_statuses: [OK] }',
      '{ statuses: bad }',
      '{ max_ejected: 50 }',
      '{ latency: true }',
    ],
  }),
  slowStart: of(slowStartOptions, (options) => users.slowStart(options), {
    good: ['{ lasts: 30s, aggression: 2 }'],
    bad: ['{ lasts: long }', '{ aggression: 0 }'],
  }),
  retry: of(retryOptions, (options) => users.retry(options), {
    good: [
      '{ attempts: 3, on: [unsent, 5xx, 429, UNAVAILABLE, { module: "./on.ts#late" }], methods: [GET], idempotency_key: true }',
      '{ on: reset, per_attempt: unlimited, budget: 0.1, backoff: { base: 10ms, max: 1s }, max_retry_after: 1s, replay_size: 64kb }',
      '{ budget: { ratio: 0.2, min_per_second: 5, window: 10s } }',
      '{ budget: unlimited }',
    ],
    bad: ['{ attempts: 0 }', '{ on: always }', '{ on: OK }', '{ budget: none }', '{ backoff: 1s }'],
  }),
  hedge: of(hedgeOptions, (options) => users.hedge(options), {
    good: ['{ after: p95, budget: 0.05 }', '{ after: 20ms, methods: [GET, POST], idempotency_key: false }'],
    bad: ['{ after: p5 }', '{ after: late }', '{ budget: 2 }'],
  }),
  deadline: of(deadlineOptions, (options) => users.deadline(options), {
    good: ['{ time: 5s, header: x-deadline, grpc: true }', '{ grpc: true }'],
    bad: ['{ ms: 5s }', '{ time: soon }'],
  }),
  fallback: of(fallbackOptions, (options) => users.fallback(users, options), {
    good: ['{ on: 5xx, methods: [GET, HEAD], idempotency_key: true, replay_size: 1MB }'],
    bad: ['{ on: timeout }', '{ methods: GET }'],
  }),
  preferZone: of(zoneOptions, (options) => users.preferZone(options), {
    good: ['{ zone: eu-1a, load_share: 0.5, max_in_flight: unlimited }'],
    bad: ['{ zone: [a] }', '{ max_in_flight: 0 }'],
  }),
  subset: of(subsetOptions, (options) => users.subset(() => undefined, options), {
    good: ['{ fallback: none }'],
    bad: ['{ fallback: all }'],
  }),
  aperture: of(apertureOptions, (options) => users.aperture(options), {
    good: ['{ instance: 3, size: 10 }', '{ instance: gateway-7 }'],
    bad: ['{ instance: true }', '{ size: 0 }'],
  }),
  listen: of(listenOptions, (options) => proxy().listen(options), {
    good: [
      '{ port: 0, host: 0.0.0.0, trusted_proxies: [loopback, 10.0.0.0/8], trusted_field: forwarded, http2: false }',
      '{ http2: { streams: 10, stream_window_size: 64kb, connection_window_size: 1MB }, proxy_protocol: { from: [private] } }',
      '{ limits: { head_size: 8kb, headers: 20, body_size: unlimited, head: 5s, min_body_bytes_per_second: 0, connections: unlimited } }',
      '{ tls: { cert_file: a.pem, key_file: a.key, passphrase: x, min_version: TLSv1.3, client_certificates: require, client_ca_file: ca.pem } }',
      '{ tls: { certificates: [{ cert_file: a.pem, key_file: a.key }, { cert_file: b.pem, key_file: b.key, names: ["*.b.example"] }], watch: unlimited } }',
      '{ on_connection_refused: { module: "./log.ts#refused" } }',
    ],
    bad: [
      '{ port: 65536 }',
      '{ host: 127 }',
      '{ http2: { streams: 0 } }',
      '{ proxy_protocol: true }',
      '{ limits: { head_size: big } }',
      '{ tls: true }',
      '{ tls: { certificates: [] } }',
      '{ tls: { cert_file: a.pem, key_file: a.key, ticket_keys: x } }',
    ],
  }),
  admin: of(adminOptions, adminSettings, {
    good: [
      '{ port: 0, host: 127.0.0.1, token: a-token-of-some-length, allowed_hosts: [localhost], read_only: true, profiling: true, tap_bodies: false }',
      '{ token: [a-token-of-some-length, another-token-of-length] }',
    ],
    bad: ['{ token: 7 }', '{ port: nine }', '{ read_only: 1 }'],
  }),
  connect: of(connectOptions, (options) => proxy().connect(options), {
    good: ['{ allow: ["*.example.com:443"], allow_addresses: [10.0.0.0/8], connect: 2s, idle: unlimited }'],
    bad: ['{ allow: [] }', '{ allow: example.com }'],
  }),
  drain: of(drainOptions, (options) => drainSettings('drain', options), {
    good: ['{ notice: 5s, limit: unlimited, tunnel: 1m }'],
    bad: ['{ limit: forever }', '{ notice: unlimited }'],
  }),
}

describe.each(Object.entries(CASES))('the options of %s', (_, { take, good, bad }) => {
  test.each(good)('are taken: %s', async (text) => {
    await take(text)
  })

  test.each(bad)('are refused: %s', async (text) => {
    await expect(take(text)).rejects.toThrow(ConfigError)
  })
})

test('options have keys of their own', () => {
  const all = {
    poolOptions,
    endpointOptions,
    ejectOptions,
    retryOptions,
    hedgeOptions,
    listenOptions,
    adminOptions,
  }
  for (const [name, options] of Object.entries(all)) {
    const keys = Object.keys(options).map(configKey)
    expect({ name, keys: [...new Set(keys)] }).toEqual({ name, keys })
  }
})

function of<Options extends object>(
  options: OptionsSchema<Options>,
  take: (options: Options) => unknown,
  texts: Texts,
) {
  return one(optionsObject(options), take, texts)
}

function one<Options>(schema: Schema, take: (options: Options) => unknown, texts: Texts) {
  return { ...texts, take: async (text: string) => take((await readAs(schema, text)) as Options) }
}
