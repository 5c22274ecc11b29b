import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newTally, requestProperty, responseProperty } from '../../../test/http1/parser-properties.ts'

// `npx node test/fuzz-parser.ts` tries a million. A failure prints its seed; FUZZ_SEED repeats it.
const runs = Number(process.env.FUZZ_RUNS ?? 20_000)
const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }

test('parseRequestHead and BodyDecoder read the same bytes in the same way however they come, and as Node does', {
  timeout: 600_000,
}, async () => {
  const tally = newTally()
  await fc.assert(requestProperty({ tally }), { numRuns: runs, ...seed })
  expect(tally.agreed).toBeGreaterThan(runs / 5)
})

test('parseResponseHead and BodyDecoder read the same bytes in the same way however they come, and as Node does', {
  timeout: 600_000,
}, async () => {
  const tally = newTally()
  await fc.assert(responseProperty({ tally }), { numRuns: Math.ceil(runs / 4), ...seed })
  expect(tally.agreed).toBeGreaterThan(runs / 20)
})
