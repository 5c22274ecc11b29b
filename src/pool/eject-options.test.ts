import { describe, expect, test } from 'vitest'
import { type EjectOptions, ejectSettings } from './eject-options.ts'
import { type Pool, pool } from './pool.ts'

describe('pool.eject', () => {
  test('has the defaults of the guide', () => {
    expect(ejectSettings({})).toEqual({
      consecutiveErrors: 5,
      consecutiveConnectFailures: Number.POSITIVE_INFINITY,
      successRate: undefined,
      failurePercentage: undefined,
      latency: undefined,
      intervalMs: 10_000,
      ejectMs: 30_000,
      maxEjectMs: 300_000,
      forgiveMs: 30_000,
      jitter: 0.1,
      maxEjected: 0.5,
      statuses: [[502, 504]],
      grpcStatuses: new Set(),
    })
    expect(ejectSettings({ successRate: {} }).successRate).toEqual({
      deviations: 1.9,
      minEndpoints: 5,
      minRequests: 100,
    })
    expect(ejectSettings({ failurePercentage: {} }).failurePercentage).toEqual({
      threshold: 85,
      minEndpoints: 5,
      minRequests: 50,
    })
    expect(ejectSettings({ latency: {} }).latency).toEqual({
      factor: 3,
      marginMs: 50,
      minEndpoints: 3,
      minRequests: 50,
    })
    expect(ejectSettings({ ejectMs: '10m' }).maxEjectMs).toBe(600_000)
  })

  test.each<[EjectOptions, number]>([
    [{ intervalMs: '1m' }, 30_000],
    [{ intervalMs: '1m', latency: {} }, 120_000],
    [{ intervalMs: '1m', successRate: {} }, 120_000],
    [{ intervalMs: '1m', failurePercentage: {} }, 120_000],
    [{ latency: {} }, 30_000],
  ])('with %o forgives an ejection for each %d ms', (options, ms) => {
    expect(ejectSettings(options).forgiveMs).toBe(ms)
  })

  test.each<[EjectOptions, string]>([
    [{ consecutiveErrors: 0 }, 'consecutiveErrors'],
    [{ consecutiveConnectFailures: 1.5 }, 'consecutiveConnectFailures'],
    [{ successRate: { deviations: 0 } }, 'successRate.deviations'],
    [{ successRate: { minEndpoints: 2 } }, 'successRate.minEndpoints'],
    [{ successRate: { minRequests: 0 } }, 'successRate.minRequests'],
    [{ successRate: { stdev: 1 } as object }, 'stdev'],
    [{ failurePercentage: { threshold: 0.5 } }, 'failurePercentage.threshold'],
    [{ failurePercentage: { threshold: 101 } }, 'failurePercentage.threshold'],
    [{ latency: { factor: 1 } }, 'latency.factor'],
    [{ latency: { factor: Number.POSITIVE_INFINITY } }, 'latency.factor'],
    [{ latency: { marginMs: -1 } }, 'latency.marginMs'],
    [{ latency: { minEndpoints: 1 } }, 'latency.minEndpoints'],
    [{ latency: { minRequests: 0 } }, 'latency.minRequests'],
    [{ latency: { percentile: 'p90' } as object }, 'percentile'],
    [{ intervalMs: 0 }, 'intervalMs'],
    [{ ejectMs: 0 }, 'ejectMs'],
    [{ ejectMs: '1m', maxEjectMs: '30s' }, 'maxEjectMs'],
    [{ jitter: 2 }, 'jitter'],
    [{ maxEjected: Number.NaN }, 'maxEjected'],
    [{ statuses: [] }, 'statuses'],
    [{ grpcStatuses: ['OK'] }, 'grpcStatuses'],
    [{ grpcStatuses: [14] }, 'grpcStatuses'],
    [{ errors: 3 } as object, 'errors'],
  ])('refuses %o', (options, option) => {
    expect(() => pool(['http://u1']).eject(options)).toThrow(`"${option}" must be`)
  })
})

test.each<[string, () => Pool]>([
  ['panicThreshold', () => pool(['http://u1'], { panicThreshold: 50 })],
  ['lastsMs', () => pool(['http://u1']).slowStart({ lastsMs: 0 })],
  ['aggression', () => pool(['http://u1']).slowStart({ lastsMs: '1s', aggression: 0 })],
  ['window', () => pool(['http://u1']).slowStart({ lastsMs: '1s', window: 0 } as { lastsMs: '1s' })],
])('a wrong %s is refused where it is given', (option, make) => {
  expect(make).toThrow(`"${option}" must be`)
})
