/** A scenario of which everything is by chance, run in a process of its own: prints what its journal comes to. Given a seed and `http2`. */
import { pool, proxy } from '../src/index.ts'
import { fault, simulate } from '../src/testing/index.ts'

const http2 = process.argv[3] === 'http2'
const endpoints = [1, 2, 3, 4, 5].map((n) => `http://service-${n}:80`)
const app = proxy().route(
  '/',
  pool(endpoints, { connectMs: '1s', http2 })
    .powerOfTwoChoices()
    .health({ path: '/healthz', intervalMs: '2s', fall: 2 }),
)
const sim = simulate(app, { seed: Number(process.argv[2]), latencyMs: 1, keep: 500 })
const [one, two, three, four, five] = sim.upstreams
one!.latency({ kind: 'log-normal', medianMs: 20, sigma: 1 })
two!.inject(fault.resetAfterBytes(50), { chance: 0.1 })
three!.outage({ after: '10s', lasts: '15s' })
four!.inject(fault.drip(3, 10), { chance: 0.1 })
if (http2) {
  one!.inject(fault.goaway(), { chance: 0.05 })
  three!.inject(fault.resetStream('CANCEL', 1), { chance: 0.1 })
  four!.inject(fault.windowStall(), { chance: 0.1 })
}
five!.capacity({ workers: 2, serviceTime: { kind: 'exponential', meanMs: 60 }, queue: 20 })
const { sent, byStatus } = await sim.load({
  rate: 100,
  duration: '40s',
  arrivals: 'poisson',
  clients: 7,
  http2,
  patience: '2s',
})
await sim.assertNoLeaks()
console.log(JSON.stringify({ hash: sim.journal.hash(), length: sim.journal.length, sent, byStatus }))
