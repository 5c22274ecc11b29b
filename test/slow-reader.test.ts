import { expect, test } from 'vitest'
import { canMeasure, slowReader, THROUGH } from '../bench/slow-reader.ts'

const MB = 1_000_000

// The full measure, 300 MB at 5 MB/s, is `bench/slow-reader.ts`; here the reader is slow by bursts, and the proxy blocked
// just as much of the time.
for (const direction of ['download', 'upload'] as const) {
  test.skipIf(!canMeasure)(
    `a slow ${direction} of 60 MB grows the proxy by no more than 16 MB`,
    async () => {
      const { grownBytes } = await slowReader({
        direction,
        totalBytes: 60 * MB,
        burstBytes: 400_000,
        pauseMs: 5,
      })
      expect(grownBytes / MB).toBeLessThanOrEqual(16)
    },
    60_000,
  )
}

// What a filter makes anew is outside the heap, where V8 lets 64 MiB come together before it collects.
for (const through of THROUGH) {
  test.skipIf(!canMeasure)(
    `a slow download of 150 MB through ${through} grows the proxy by no more than 64 MB`,
    async () => {
      const { grownBytes } = await slowReader({
        direction: 'download',
        through,
        totalBytes: 150 * MB,
        burstBytes: 1_000_000,
        pauseMs: 10,
      })
      expect(grownBytes / MB).toBeLessThanOrEqual(64)
    },
    60_000,
  )
}
