/**
 * The parser against random and mutated messages, and against Node's own parser: one million requests, a quarter as
 * many responses. Prints the seed, the time, what came of the messages, and where we are stricter than Node.
 *
 *   npx node test/fuzz-parser.ts                         a seed from the clock
 *   FUZZ_RUNS=20000 FUZZ_SEED=7 npx node test/fuzz-parser.ts
 */
import fc from 'fast-check'
import { newTally, requestProperty, responseProperty } from './http1/parser-properties.ts'

const runs = Number(process.env.FUZZ_RUNS ?? 1_000_000)
const seed = Number(process.env.FUZZ_SEED ?? Date.now() & 0x7fff_ffff)

for (const { side, property, numRuns } of [
  { side: 'requests', property: requestProperty, numRuns: runs },
  { side: 'responses', property: responseProperty, numRuns: Math.ceil(runs / 4) },
]) {
  const tally = newTally()
  const start = performance.now()
  console.log(`${numRuns} ${side}, seed ${seed}`)
  await fc.assert(property({ tally, askAboutRefused: true }), { numRuns, seed })
  console.log(`no difference, ${((performance.now() - start) / 1000).toFixed(1)} s`)
  console.log('verdicts', tally.verdicts, 'taken whole and read by Node in the same way', tally.agreed)
  console.log('refused by us, taken by Node:')
  for (const [fault, count] of Object.entries(tally.stricter).sort(([, a], [, b]) => b - a)) {
    console.log(`  ${String(count).padStart(7)}  ${fault}  ${JSON.stringify(tally.examples[fault])}`)
  }
}
