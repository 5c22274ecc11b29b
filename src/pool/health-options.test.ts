import { describe, expect, test } from 'vitest'
import { endpointSpecs } from './endpoint-spec.ts'
import type { HealthOptions } from './health-options.ts'
import { type HttpHealthOptions, httpHealthSettings } from './http-health-options.ts'
import { pool } from './pool.ts'
import type { StatusRange } from './status-range.ts'
import { tcpHealthSettings } from './tcp-health-options.ts'

const refused: [
  string,
  Partial<Record<keyof HttpHealthOptions, unknown>> & Record<string, unknown>,
  string,
][] = [
  ['no path', { path: undefined }, '"path" must be a percent-encoded path'],
  ['a path with a space', { path: '/a b' }, '"path" must be a percent-encoded path'],
  ['a path with a line break', { path: '/a\r\nX: y' }, '"path" must be a percent-encoded path'],
  ['a url in place of a path', { path: 'http://u1/' }, '"path" must be a percent-encoded path'],
  ['a method in lower case', { method: 'get' }, '"method" must be a method'],
  ['CONNECT', { method: 'CONNECT' }, '"method" must be a method'],
  ['no interval', { intervalMs: 0 }, '"intervalMs" must be a duration of at least 1 ms'],
  ['an endless interval', { intervalMs: Number.POSITIVE_INFINITY }, '"intervalMs" must be a duration'],
  ['an endless timeout', { timeoutMs: Number.POSITIVE_INFINITY }, '"timeoutMs" must be a duration'],
  ['a rise of 0', { rise: 0 }, '"rise" must be a whole number of at least 1'],
  ['a fall of one and a half', { fall: 1.5 }, '"fall" must be a whole number of at least 1'],
  ['jitter past 1', { jitter: 1.1 }, '"jitter" must be a number from 0 to 1'],
  ['jitter that is no number', { jitter: Number.NaN }, '"jitter" must be a number from 0 to 1'],
  ['an empty text', { body: '' }, '"body" must be a text'],
  ['a body of HEAD', { method: 'HEAD', body: 'ok' }, '"body" must be left out'],
  ['a host with a line break', { host: 'a\r\nb' }, '"host" must be a host name'],
  ['port 0', { port: 0 }, '"port" must be a whole number from 1 to 65535'],
  ['a status that is none', { status: 99 }, '"status" must be'],
  ['an interim status', { status: '1xx' }, '"status" must be'],
  ['a range that runs backwards', { status: '300-200' }, '"status" must be'],
  ['an empty list of statuses', { status: [] }, '"status" must be at least one status'],
  ['a field name that is none', { headers: { 'a b': 'c' } }, '"name" must be a token'],
  ['Host among the headers', { headers: { host: 'a' } }, '"headers" must be without Host'],
  ['Connection among the headers', { headers: { Connection: 'close' } }, '"headers" must be without fields'],
  ['Content-Length among the headers', { headers: { 'content-length': '5' } }, '"headers" must be without'],
  ['another initial state', { initial: 'unknown' }, '"initial" must be "healthy" or "unhealthy"'],
  ['an unknown option', { intervallMs: 5 }, 'did you mean "intervalMs"?'],
]

const refusedTcp: [string, object, string][] = [
  ['send without expect', { send: 'PING' }, '"send" must be left out, or given together with expect'],
  [
    'an empty text to send',
    { send: '', expect: 'a' },
    '"send" must be a text or bytes, from 1 to 4096 of them',
  ],
  ['too long a text to send', { send: 'a'.repeat(4_097), expect: 'a' }, '"send" must be a text or bytes'],
  ['a pattern to send', { send: /a/, expect: 'a' }, '"send" must be a text or bytes'],
  [
    'an empty text to expect',
    { expect: '' },
    '"expect" must be a text or bytes, from 1 to 4096 of them, or a pattern',
  ],
  [
    'a text that is longer than what is looked at',
    { expect: 'ü'.repeat(2_049) },
    '"expect" must be a text or bytes',
  ],
  ['an address with a port', { address: 'agent:80' }, '"address" must be a host name or an address'],
  ['an address in brackets', { address: '[::1]' }, '"address" must be a host name or an address'],
  ['an address with a line break', { address: 'a\r\n' }, '"address" must be a host name or an address'],
  ['no interval', { intervalMs: 0 }, '"intervalMs" must be a duration of at least 1 ms'],
  ['an option of HTTP probes', { path: '/' }, '"path"'],
  ['another type', { type: 'udp' }, '"type" must be "http", "tcp" or "grpc", got "udp"'],
]

test.each([undefined, null, '/healthz'])('pool().health refuses %s for options at the call', (options) => {
  expect(() => pool(['http://u1']).health(options as unknown as HealthOptions)).toThrow(
    expect.objectContaining({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining('pool.health: "options" must be an object'),
    }),
  )
})

describe('pool().health by TCP', () => {
  test.each(refusedTcp)('refuses %s at the call', (_, options, message) => {
    expect(() => pool(['http://u1']).health({ type: 'tcp', ...options } as HealthOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test('needs nothing but its type, and takes bytes as they are at the call', () => {
    expect(tcpHealthSettings({ type: 'tcp' })).toMatchObject({
      send: undefined,
      expect: undefined,
      intervalMs: 5_000,
    })
    const bytes = Uint8Array.of(1, 2)
    const { expect: expected } = tcpHealthSettings({ type: 'tcp', address: '::1', expect: bytes })
    bytes[0] = 9
    expect(expected).toEqual(Buffer.of(1, 2))
  })
})

test.each<[string, object, string]>([
  ['an empty service', { service: '' }, '"service" must be the name of a service'],
  ['a service with a line break', { service: 'a\n' }, '"service" must be the name of a service'],
  ['a service that is too long', { service: 'a'.repeat(257) }, '"service" must be the name of a service'],
  ['a host with a space', { host: 'a b' }, '"host" must be a host name'],
  ['no timeout', { timeoutMs: 0 }, '"timeoutMs" must be a duration of at least 1 ms'],
  ['an option of HTTP probes', { path: '/' }, '"path"'],
])('pool().health by gRPC refuses %s at the call', (_, options, message) => {
  expect(() => pool(['http://u1']).health({ type: 'grpc', ...options } as HealthOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
  )
})

test.each(['', 'a:b', 'agent:0', 'agent:65536', '[agent]x', 'http://agent', 'a b', '::1', 7])(
  'pool() refuses the probeAddress %j',
  (probeAddress) => {
    expect(() => pool([{ url: 'http://u1', probeAddress: probeAddress as string }])).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        message: expect.stringContaining('"probeAddress" must be a host'),
      }),
    )
  },
)

test.each([
  ['agent-1', { host: 'agent-1', port: undefined }],
  ['10.0.0.1:9000', { host: '10.0.0.1', port: 9_000 }],
  ['[::1]', { host: '::1', port: undefined }],
  ['[::1]:9000', { host: '::1', port: 9_000 }],
])('pool() reads the probeAddress %s', (probeAddress, probe) => {
  expect(endpointSpecs([{ url: 'http://u1', probeAddress }], {})[0]!.probe).toEqual(probe)
})

describe('pool().health', () => {
  test.each(refused)('refuses %s at the call', (_, options, message) => {
    expect(() => pool(['http://u1']).health({ path: '/', ...options } as HealthOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test.each<[StatusRange | StatusRange[] | undefined, number[][]]>([
    [undefined, [[200, 399]]],
    [204, [[204, 204]]],
    ['2xx', [[200, 299]]],
    ['200-204', [[200, 204]]],
    [
      [200, '3xx', '401-403'],
      [
        [200, 200],
        [300, 399],
        [401, 403],
      ],
    ],
  ])('reads the status %j', (status, ranges) => {
    expect(httpHealthSettings(status === undefined ? { path: '/' } : { path: '/', status }).statuses).toEqual(
      ranges,
    )
  })

  test('takes its headers as they are at the call', () => {
    const headers = { 'user-agent': 'ours' }
    const settings = httpHealthSettings({ path: '/', headers })
    headers['user-agent'] = 'theirs'
    expect([...settings.headers]).toEqual([['user-agent', 'ours']])
  })
})
