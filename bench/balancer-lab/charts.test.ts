import type { BalancerFigures } from 'gatewright/testing'
import { expect, test } from 'vitest'
import type { Experiment } from '../balancer-lab.ts'
import { latencyChart, secondsChart } from './charts.ts'
import { BALANCERS, situations } from './situations.ts'
import { logScale } from './svg.ts'
import { markdown, situationTable, time } from './tables.ts'

const figures: BalancerFigures = {
  sent: 100,
  latency: { meanMs: 60, p50Ms: 50, p90Ms: 150, p99Ms: 300, p999Ms: 20_000, maxMs: 30_000 },
  errorRate: 0.25,
  largestShare: 1.5,
  shares: {},
  keys: undefined,
  disturbance: { p99BeforeMs: 100, p99Ms: 5_000, recoveryMs: 1_700 },
  seconds: [
    { atMs: 0, count: 50, p99Ms: 100, errorRate: 0 },
    { atMs: 1_000, count: 0, p99Ms: undefined, errorRate: 0 },
    { atMs: 2_000, count: 50, p99Ms: 4_000, errorRate: 0.5 },
  ],
}
const experiment: Experiment = {
  situation: { ...situations().find(({ name }) => name === 'pause')!, title: 'Fish & "chips" < 5' },
  found: Object.fromEntries(Object.keys(BALANCERS).map((name) => [name, figures])) as Experiment['found'],
  strays: {},
}

test.each([
  ['latencyChart', latencyChart],
  ['secondsChart', secondsChart],
] as const)('%s draws every balancer, the same each time', (_, chart) => {
  const drawn = chart(experiment)
  for (const name of Object.keys(BALANCERS)) expect(drawn).toContain(`>${name}</text>`)
  expect(drawn).not.toMatch(/NaN|undefined|Infinity/)
  expect(drawn).toContain('Fish &#38; &#34;chips&#34; &#60; 5')
  expect(chart({ ...experiment, found: structuredClone(experiment.found) })).toBe(drawn)
})

test('secondsChart leaves out seconds in which nobody came', () => {
  const [first] = /points="[^"]*"/.exec(secondsChart(experiment))!
  expect(first.split(' ')).toHaveLength(2)
})

test('logScale puts equal ratios at equal distances, and marks round values', () => {
  const scale = logScale(8, 800, 0, 200)
  expect([scale.at(8), scale.at(80), scale.at(800), scale.at(1)].map(Math.round)).toEqual([0, 100, 200, 0])
  expect(scale.marks).toEqual([10, 100])
  expect(logScale(40, 700, 0, 1).marks).toEqual([100, 300])
})

test('situationTable says what it found, in few digits', () => {
  const [row] = situationTable(experiment)
  expect(row).toEqual({
    balancer: 'roundRobin',
    p50: '50 ms',
    p90: '150 ms',
    p99: '300 ms',
    'p99.9': '20.0 s',
    errors: '25.0 %',
    'largest share': '1.50 ×',
    'p99 during': '5000 ms',
    recovered: 'after 1.7 s',
  })
  expect([time(9_949), time(9_950), time(undefined)]).toEqual(['9949 ms', '9.9 s', '-'])
  expect(markdown([{ balancer: 'a', b: '1' }])).toBe('| balancer | b |\n| --- | --: |\n| `a` | 1 |')
})
