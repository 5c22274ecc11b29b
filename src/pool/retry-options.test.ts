import { describe, expect, test } from 'vitest'
import { pool } from './pool.ts'
import { type RetryOptions, retrySettings } from './retry-options.ts'

const refused: [string, Partial<Record<keyof RetryOptions, unknown>> & Record<string, unknown>, string][] = [
  ['no attempt', { attempts: 0 }, '"attempts" must be a whole number from 1 to 10, got 0'],
  ['too many attempts', { attempts: 11 }, '"attempts" must be a whole number from 1 to 10, got 11'],
  [
    'a misspelt condition',
    { on: 'rest' },
    '"on" must be "unsent", "reset", "timeout", a status, one of gRPC, or a function',
  ],
  ['no condition', { on: [] }, '"on" must be at least one condition'],
  ['a status that is none', { on: 700 }, '"on" must be a status from 200 to 599'],
  ['an interim status', { on: '100-199' }, '"on" must be a status from 200 to 599'],
  ['one method', { methods: 'GET' }, '"methods" must be a list of methods in capitals'],
  ['a method that is none', { methods: ['GET '] }, '"methods" must be a list of methods'],
  ['a method in lower case', { methods: ['post'] }, '"methods" must be a list of methods in capitals'],
  ['a header for a switch', { idempotencyKey: 'X-Key' }, '"idempotencyKey" must be true or false'],
  ['no time at all', { perAttemptMs: 0 }, '"perAttemptMs" must be a duration of at least 1 ms'],
  ['a negative budget', { budget: -0.1 }, '"budget.ratio" must be a number that is not negative'],
  ['a negative floor', { budget: { minPerSecond: -1 } }, '"budget.minPerSecond" must be'],
  [
    'a window that is too short',
    { budget: { windowMs: 10 } },
    '"budget.windowMs" must be a duration of at least',
  ],
  ['a window that is too long', { budget: { windowMs: '2m' } }, '"budget.windowMs" must be at most a minute'],
  ['an unknown part of the budget', { budget: { percent: 20 } }, '"percent" must be one of the options'],
  ['a limit below the base', { backoff: { baseMs: 100, maxMs: 50 } }, '"backoff.maxMs" must be no shorter'],
  ['an unknown part of the backoff', { backoff: { jitter: 1 } }, '"jitter" must be one of the options'],
  ['a size that is none', { replayBytes: 'much' }, '"replayBytes" must be a size'],
  [
    'an unknown option',
    { attempt: 2 },
    '"attempt" must be one of the options that exist (did you mean "attempts"?',
  ],
]

describe('pool.retry', () => {
  test.each(refused)('refuses %s at the call', (_, options, message) => {
    expect(() => pool(['http://u1']).retry(options as RetryOptions)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        message: expect.stringContaining(`pool.retry: ${message}`),
      }),
    )
  })
})

test.each<RetryOptions>([{ on: 503 }, { on: ['unsent', 'UNAVAILABLE'] }, { on: () => true }])(
  'a pool of tcp: endpoints has no responses to retry: %o',
  (options) => {
    expect(() => pool(['tcp://db:5432']).retry(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        message: expect.stringContaining('pool.retry: "on" must be without statuses and functions'),
      }),
    )
  },
)

describe('retrySettings', () => {
  test('has the defaults that its options tell of', () => {
    expect(retrySettings({})).toEqual({
      attempts: 2,
      conditions: new Set(['unsent', 'reset', 'timeout']),
      grpcStatuses: new Set(),
      statuses: [],
      predicates: [],
      methods: new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']),
      idempotencyKey: false,
      perAttemptMs: Number.POSITIVE_INFINITY,
      budget: { ratio: 0.2, minPerSecond: 10, windowMs: 10_000 },
      baseMs: 25,
      maxMs: 250,
      maxRetryAfterMs: 1_000,
      replayBytes: 65_536,
    })
  })

  test('sorts conditions by what they look at', () => {
    const odd = () => true
    expect(retrySettings({ on: ['unsent', 503, '520-529', '4xx', odd] })).toMatchObject({
      conditions: new Set(['unsent']),
      statuses: [
        [503, 503],
        [520, 529],
        [400, 499],
      ],
      predicates: [odd],
    })
    expect(retrySettings({ on: '5xx' })).toMatchObject({ conditions: new Set(), statuses: [[500, 599]] })
  })

  test('takes a ratio for the budget, and no budget', () => {
    expect(retrySettings({ budget: 0.5 }).budget).toMatchObject({ ratio: 0.5, minPerSecond: 10 })
    expect(retrySettings({ budget: Number.POSITIVE_INFINITY }).budget).toBeUndefined()
  })
})
