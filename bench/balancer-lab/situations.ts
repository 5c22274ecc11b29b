import {
  consistentHash,
  leastConnections,
  leastResponseTime,
  maglev,
  powerOfTwoChoices,
  random,
  rendezvous,
  roundRobin,
  weightedRoundRobin,
} from 'gatewright/balancers'
import type { CompareBalancersOptions, ComparedEndpoint, LoadOptions } from 'gatewright/testing'

/** All balancers of the package; those that hash go by the path. */
export const BALANCERS = {
  roundRobin,
  weightedRoundRobin,
  random,
  powerOfTwoChoices,
  leastConnections,
  leastResponseTime,
  consistentHash: () => consistentHash({ key: 'path' }),
  maglev: () => maglev({ key: 'path' }),
  rendezvous: () => rendezvous({ key: 'path' }),
} satisfies CompareBalancersOptions['balancers']

export type BalancerName = keyof typeof BALANCERS

/** Something that pools meet, and how the balancers are shown in it. */
export interface Situation {
  /** Names the chart's file. */
  readonly name: string
  readonly title: string
  /** One or two sentences for the page. */
  readonly about: string
  readonly comparison: Omit<CompareBalancersOptions, 'balancers' | 'seed'>
  /** When what happens begins and ends, for the charts. */
  readonly spanMs?: readonly [from: number, until: number]
  /** What the tables have beside latency, errors and shares. */
  readonly shows: readonly ('keys' | 'strays' | 'recovery' | 'seconds')[]
}

type LoadRequest = NonNullable<LoadOptions['request']>

const MEAN_MS = 50
const KEYS = 10_000

/** One of ten thousand paths, all as likely. */
const anyKey: LoadRequest = (_number, chance) => `/${Math.floor(chance() * KEYS)}`

/** Zipf's law with exponent 1: the most popular of ten thousand is asked for by every tenth request. */
const popularKey: LoadRequest = (_number, chance) => {
  const point = chance() * POPULARITY.at(-1)!
  let low = 0
  let high = KEYS - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (POPULARITY[middle]! > point) high = middle
    else low = middle + 1
  }
  return `/${low}`
}
/** Running sums of 1/rank. */
const POPULARITY = new Float64Array(KEYS)
for (let rank = 1, sum = 0; rank <= KEYS; rank++) POPULARITY[rank - 1] = sum += 1 / rank

/** Ten endpoints of two workers do 400 requests per second; so many are sent: 70 %. */
const RATE = 280

const load = (rate: number, seconds: number, request: LoadRequest = anyKey): LoadOptions => ({
  rate,
  duration: seconds * 1_000,
  request,
})
const ten = (change: (i: number) => Partial<ComparedEndpoint> = () => ({})): ComparedEndpoint[] =>
  endpoints(10, change)

function endpoints(count: number, change: (i: number) => Partial<ComparedEndpoint>): ComparedEndpoint[] {
  return Array.from({ length: count }, (_, i) => ({
    url: `http://10.0.0.${i + 1}:8080`,
    workers: 2,
    serviceTime: { kind: 'exponential', meanMs: MEAN_MS },
    ...change(i),
  }))
}

/** `scale` shortens every load, to try whether it all works. */
export function situations(scale = 1): Situation[] {
  const seconds = (whole: number): number => whole * scale
  const at = (whole: number): number => whole * 1_000 * scale
  return [
    {
      name: 'equal',
      title: 'Ten equal endpoints',
      about: 'Nothing is wrong: ten endpoints of two workers each, used to 70 % of what they can do.',
      comparison: { endpoints: ten(), load: load(RATE, seconds(45)) },
      shows: ['keys', 'strays'],
    },
    {
      name: 'one-slow',
      title: 'One endpoint ten times slower',
      about: 'One of ten takes 500 ms in the mean instead of 50: a bad disk, a noisy neighbour.',
      comparison: {
        endpoints: ten((i) =>
          i === 3 ? { serviceTime: { kind: 'exponential', meanMs: 10 * MEAN_MS } } : {},
        ),
        load: load(RATE, seconds(45)),
      },
      shows: [],
    },
    {
      name: 'fails-fast',
      title: 'One endpoint fails at once',
      about:
        'One of ten answers everything with 503 within a millisecond. No probes, no ejection: the balancer alone. Its quick errors make the latencies look good, so look at the errors.',
      comparison: {
        endpoints: ten((i) =>
          i === 3 ? { reply: { status: 503 }, serviceTime: { kind: 'constant', ms: 1 } } : {},
        ),
        load: load(RATE, seconds(45)),
      },
      shows: [],
    },
    {
      name: 'crash',
      title: 'One endpoint crashes, and probes notice',
      about:
        'From the 10th second on, one of ten refuses connections. The pool probes every second, and two failures in a row take an endpoint out. Requests are not tried again.',
      comparison: {
        endpoints: ten(),
        load: load(RATE, seconds(45)),
        events: [{ kind: 'outage', at: at(10), endpoint: 'http://10.0.0.4:8080' }],
        pool: (it) => it.health({ path: '/healthz', intervalMs: '1s', fall: 2 }),
      },
      shows: ['recovery'],
    },
    {
      name: 'pause',
      title: 'One endpoint stands still for five seconds',
      about:
        'From the 10th second to the 15th, one of ten reads and sends nothing, as in a long garbage collection; then it goes on where it was.',
      comparison: {
        endpoints: ten(),
        load: load(RATE, seconds(45)),
        events: [{ kind: 'pause', at: at(10), lasts: at(5), endpoint: 'http://10.0.0.4:8080' }],
      },
      spanMs: [at(10), at(15)],
      shows: ['recovery', 'seconds'],
    },
    {
      name: 'weights',
      title: 'Weights 1 : 2 : 7',
      about: 'Three machines of different size: 1, 2 and 7 workers, and weights to match, used to 70 %.',
      comparison: {
        endpoints: endpoints(3, (i) => ({ weight: [1, 2, 7][i], workers: [1, 2, 7][i] })),
        load: load(140, seconds(90)),
      },
      shows: ['keys'],
    },
    {
      name: 'hundred',
      title: 'A hundred endpoints',
      about:
        'A hundred small endpoints of one worker each, used to 70 %. With one worker, whoever comes second waits.',
      comparison: {
        endpoints: endpoints(100, () => ({ workers: 1 })),
        load: load(1_400, seconds(9)),
      },
      shows: ['keys'],
    },
    {
      name: 'scale-out',
      title: 'Four cold endpoints join six busy ones',
      about:
        'Six endpoints are used to 85 %. In the 20th second four more join, by a reload; each is five times slower at first, and warm after five seconds. A pool that a reload has changed counts from zero, so that all ten look idle to it at first.',
      comparison: {
        endpoints: endpoints(6, () => ({})),
        load: load(204, seconds(60)),
        events: [6, 7, 8, 9].map((i) => ({
          kind: 'join',
          at: at(20),
          endpoint: {
            url: `http://10.0.0.${i + 1}:8080`,
            slowStart: { lasts: at(5), factor: 5 },
          },
        })),
      },
      spanMs: [at(20), at(20)],
      shows: ['recovery', 'seconds'],
    },
    {
      name: 'heavy-tail',
      title: 'A few requests take very long',
      about:
        'Service times of a Pareto distribution (shape 1.5, at least 17 ms, at most 10 s): the mean is still near 50 ms, but one of a thousand takes more than 1.6 s.',
      comparison: {
        endpoints: ten(() => ({
          serviceTime: { kind: 'pareto', minMs: MEAN_MS / 3, shape: 1.5, maxMs: 10_000 },
        })),
        load: load(RATE, seconds(45)),
      },
      shows: [],
    },
    {
      name: 'hot-keys',
      title: 'A few keys are very popular',
      about:
        "Keys by Zipf's law: one of ten thousand paths is asked for by every tenth request. Of interest for balancers that hash; the others do not look at keys.",
      comparison: { endpoints: ten(), load: load(RATE, seconds(45), popularKey) },
      shows: ['strays'],
    },
    {
      name: 'many-proxies',
      title: 'Ten proxies share the endpoints',
      about:
        'The ten equal endpoints again, but the requests come through ten proxies, and each counts only what went through itself.',
      comparison: { endpoints: ten(), load: load(RATE, seconds(45)), proxies: 10 },
      shows: ['strays'],
    },
  ]
}
