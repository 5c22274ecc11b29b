import { expect, test } from 'vitest'
import { endpoint } from './endpoint.ts'

test('endpoint fills in what the test does not care for', () => {
  expect(endpoint({ weight: 3 })).toEqual({
    id: 'http://127.0.0.1:3000',
    url: 'http://127.0.0.1:3000',
    weight: 3,
    health: 'unknown',
    zone: undefined,
    priority: 0,
    labels: {},
    inFlight: 0,
    responseTimeMs: 0,
  })
  expect(endpoint({ url: 'http://u1:8080' }).id).toBe('http://u1:8080')
})

test('endpoint refuses what a pool would never show', () => {
  expect(() => endpoint({ weight: 0 })).toThrow('endpoint: "weight" must be a positive number, got 0')
  expect(() => endpoint({ inFlight: -1 })).toThrow('"inFlight"')
  expect(() => endpoint({ responseTimeMs: Number.NaN })).toThrow('"responseTimeMs"')
  expect(() => endpoint({ priority: -1 })).toThrow('"priority"')
  expect(() => endpoint({ labels: { version: 2 } as never })).toThrow('"labels"')
  expect(() => endpoint({ url: 'u1' })).toThrow('"url"')
  expect(() => endpoint({ id: '' })).toThrow('"id"')
  expect(() => endpoint({ wieght: 1 } as object)).toThrow('"wieght"')
})

test('endpoint has live numbers that the test can move', () => {
  const it = endpoint()
  it.inFlight++
  it.responseTimeMs = 12
  expect(it).toMatchObject({ inFlight: 1, responseTimeMs: 12 })
})
