import { describe, expect, test } from 'vitest'
import { type HealthOptions, healthSettings } from './health-options.ts'
import { pool } from './pool.ts'
import type { StatusRange } from './status-range.ts'

const refused: [string, Partial<Record<keyof HealthOptions, unknown>> & Record<string, unknown>, string][] = [
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
    expect(healthSettings(status === undefined ? { path: '/' } : { path: '/', status }).statuses).toEqual(
      ranges,
    )
  })

  test('takes its headers as they are at the call', () => {
    const headers = { 'user-agent': 'ours' }
    const settings = healthSettings({ path: '/', headers })
    headers['user-agent'] = 'theirs'
    expect([...settings.headers]).toEqual([['user-agent', 'ours']])
  })
})
