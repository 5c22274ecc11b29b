import { expect, test } from 'vitest'
import { seededRandom } from '../seeded-random.ts'
import { checkDistribution, type Distribution, sample } from './distribution.ts'

const COUNT = 200_000

function samples(distribution: Distribution): Float64Array {
  const random = seededRandom(11)
  return Float64Array.from({ length: COUNT }, () => sample(distribution, random)).sort()
}

const quantile = (sorted: Float64Array, q: number): number => sorted[Math.floor(q * COUNT)]!
const mean = (values: Float64Array): number => values.reduce((sum, it) => sum + it, 0) / COUNT
const deviation = (values: Float64Array): number => {
  const middle = mean(values)
  return Math.sqrt(values.reduce((sum, it) => sum + (it - middle) ** 2, 0) / COUNT)
}
/** Within one part in fifty: some five deviations of the worst estimate here. The seed is fixed. */
const near = (found: number, expected: number): void => {
  expect(Math.abs(found / expected - 1), `${found} is near ${expected}`).toBeLessThan(0.02)
}

test('sample: constant', () => {
  const found = samples({ kind: 'constant', ms: 20 })
  expect([found[0], found.at(-1)]).toEqual([20, 20])
})

test('sample: uniform is spread evenly, and stays inside', () => {
  const found = samples({ kind: 'uniform', minMs: 10, maxMs: 30 })
  near(mean(found), 20)
  near(deviation(found), 20 / Math.sqrt(12))
  near(quantile(found, 0.25), 15)
  near(quantile(found, 0.9), 28)
  expect(found[0]).toBeGreaterThanOrEqual(10)
  expect(found.at(-1)).toBeLessThan(30)
})

test('sample: exponential has its mean, its deviation and its quantiles', () => {
  const found = samples({ kind: 'exponential', meanMs: 20 })
  near(mean(found), 20)
  near(deviation(found), 20)
  near(quantile(found, 0.5), 20 * Math.log(2))
  near(quantile(found, 0.99), 20 * Math.log(100))
})

test('sample: normal has its mean and deviation, and is cut off at 0', () => {
  const found = samples({ kind: 'normal', meanMs: 100, deviationMs: 10 })
  near(mean(found), 100)
  near(deviation(found), 10)
  near(quantile(found, 0.8413), 110)
  near(quantile(found, 0.0228), 80)
  const cut = samples({ kind: 'normal', meanMs: 0, deviationMs: 10 })
  expect(cut[0]).toBe(0)
  near(cut.filter((it) => it === 0).length / COUNT, 0.5)
})

test('sample: log-normal has its median and its tail', () => {
  const found = samples({ kind: 'log-normal', medianMs: 20, sigma: 0.5 })
  near(quantile(found, 0.5), 20)
  near(quantile(found, 0.8413), 20 * Math.exp(0.5))
  near(quantile(found, 0.99), 20 * Math.exp(0.5 * 2.3263))
  near(mean(found), 20 * Math.exp(0.125))
})

test('sample: pareto has its quantiles, and is cut off', () => {
  const found = samples({ kind: 'pareto', minMs: 10, shape: 2, maxMs: 500 })
  near(quantile(found, 0.5), 10 * Math.SQRT2)
  near(quantile(found, 0.99), 100)
  expect(found[0]).toBeGreaterThanOrEqual(10)
  expect(found.at(-1)).toBe(500)
  expect(samples({ kind: 'pareto', minMs: 1, shape: 0.1 }).at(-1)).toBe(60_000)
})

test.each<readonly [Distribution, number]>([
  [{ kind: 'constant', ms: 1 }, 0],
  [{ kind: 'uniform', minMs: 0, maxMs: 1 }, 1],
  [{ kind: 'exponential', meanMs: 1 }, 1],
  [{ kind: 'normal', meanMs: 1, deviationMs: 1 }, 2],
  [{ kind: 'log-normal', medianMs: 1, sigma: 1 }, 2],
  [{ kind: 'pareto', minMs: 1, shape: 1 }, 1],
])('sample takes always the same count of random numbers: %o', (distribution, count) => {
  const random = seededRandom(1)
  let taken = 0
  for (let i = 0; i < 100; i++) {
    sample(distribution, () => {
      taken++
      return random()
    })
  }
  expect(taken).toBe(100 * count)
})

test('checkDistribution gives back what makes sense', () => {
  const given = { kind: 'pareto', minMs: 1, shape: 1 } as const
  expect(checkDistribution('test', 'latency', given)).toBe(given)
})

test.each<readonly [unknown, string]>([
  [20, 'test: "latency" must be a distribution such as'],
  [undefined, 'test: "latency" must be a distribution'],
  [{ kind: 'toString' }, 'test: "latency" must be a distribution'],
  [{ kind: 'constant' }, '"latency.ms" must be a number, 0 or more'],
  [{ kind: 'constant', ms: '5' }, '"latency.ms" must be a number, 0 or more'],
  [{ kind: 'constant', ms: Number.POSITIVE_INFINITY }, '"latency.ms"'],
  [{ kind: 'constant', ms: 1, meanMs: 1 }, '"latency.meanMs" must be one of ms'],
  [{ kind: 'uniform', minMs: 2, maxMs: 1 }, '"latency.maxMs" must be no less than minMs'],
  [{ kind: 'uniform', minMs: 2 }, '"latency.maxMs" must be a number'],
  [{ kind: 'pareto', minMs: 1, shape: 0 }, '"latency.shape" must be more than 0'],
])('checkDistribution refuses %o', (given, message) => {
  expect(() => checkDistribution('test', 'latency', given as Distribution)).toThrow(message)
})
