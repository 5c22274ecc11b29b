/**
 * What one pick costs, for each balancer and size of pool, and what it costs to build what is kept for a snapshot of
 * candidates: the first pick from a new one.
 *
 *   npx node --conditions=gatewright-source bench/balancers.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
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
import { endpoint, exchange, seededRandom } from 'gatewright/testing'
import { Bench } from 'tinybench'

const BALANCERS = [
  roundRobin,
  weightedRoundRobin,
  random,
  powerOfTwoChoices,
  leastConnections,
  leastResponseTime,
  consistentHash,
  maglev,
  rendezvous,
]
const SIZES = [3, 10, 100, 1000]
const PICKS = 1000

/** What one balancer costs in a pool of one size. Medians. */
export interface PickCost {
  readonly balancer: string
  readonly endpoints: number
  readonly 'ns per pick': number
  readonly 'µs for a new snapshot': number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  console.table(await measurePicks({ smoke, sizes: SIZES }))
}

export async function measurePicks({
  smoke,
  sizes,
}: {
  smoke: boolean
  sizes: readonly number[]
}): Promise<PickCost[]> {
  const limits = smoke ? { time: 0, iterations: 2, warmup: false } : { time: 200, warmupTime: 50 }
  const rows: PickCost[] = []
  for (const make of BALANCERS) {
    for (const size of sizes) {
      const bench = new Bench(limits)
      const candidates = makeCandidates(size, make === roundRobin)
      const balancer = make()
      const chance = seededRandom(1)
      const exchanges = Array.from({ length: 256 }, (_, i) => exchange({ client: `192.0.2.${i}` }))
      let sink = 0

      bench.add('pick', () => {
        for (let i = 0; i < PICKS; i++) sink += balancer(candidates, exchanges[i & 255]!, chance).weight
      })
      bench.add('build', () => {
        sink += balancer([...candidates], exchanges[0]!, chance).weight
      })
      await bench.run()
      if (!(sink > 0)) throw new Error('nothing was picked')
      rows.push({
        balancer: balancer.name,
        endpoints: size,
        'ns per pick': Number(((medianMs(bench, 'pick') * 1e6) / PICKS).toFixed(1)),
        'µs for a new snapshot': Number((medianMs(bench, 'build') * 1e3).toFixed(1)),
      })
    }
  }
  return rows
}

/** Some load, and unequal weights: the dearest case of each. Equal ones where `weightedRoundRobin` measures the other. */
function makeCandidates(count: number, equal: boolean): ReturnType<typeof endpoint>[] {
  const chance = seededRandom(count)
  return Array.from({ length: count }, (_, i) =>
    endpoint({
      id: `http://10.0.${i >> 8}.${i & 255}:8080`,
      weight: equal ? 1 : 1 + Math.floor(chance() * 4),
      inFlight: Math.floor(chance() * 4),
      responseTimeMs: chance() * 50,
    }),
  )
}

function medianMs(bench: Bench, name: string): number {
  const result = bench.getTask(name)?.result
  if (result?.state !== 'completed') throw new Error(`${name} ended as ${result?.state}`)
  // The median: other work on the machine makes a few samples very long.
  return result.latency.p50
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
