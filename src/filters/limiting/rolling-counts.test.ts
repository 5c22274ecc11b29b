import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RollingCounts } from './rolling-counts.ts'

it('RollingCounts forgets a tenth of the window at a time', () => {
  const counts = new RollingCounts(1_000)
  counts.add(0, 1, 1, 0)
  counts.add(950, 1, 0, 1)
  expect([counts.calls, counts.failures, counts.slow]).toEqual([2, 1, 1])
  counts.add(1_000, 1, 0, 0)
  expect([counts.calls, counts.failures, counts.slow]).toEqual([2, 0, 1])
  counts.add(5_000, 1, 0, 0)
  expect([counts.calls, counts.failures, counts.slow]).toEqual([1, 0, 0])
})

it('RollingCounts forgets everything when it is cleared', () => {
  const counts = new RollingCounts(1_000)
  counts.add(0, 5, 5, 5)
  counts.clear()
  counts.add(10, 1, 0, 0)
  expect([counts.calls, counts.failures, counts.slow]).toEqual([1, 0, 0])
})

it('RollingCounts counts what a list of all that happened would', () => {
  const steps = fc.array(fc.record({ gap: fc.nat(700), failed: fc.boolean() }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (happened) => {
      const counts = new RollingCounts(1_000)
      const list: { bucket: number; failed: boolean }[] = []
      let now = 0
      for (const { gap, failed } of happened) {
        now += gap
        const bucket = Math.floor(now / 100)
        list.push({ bucket, failed })
        counts.add(now, 1, failed ? 1 : 0, 0)
        const recent = list.filter((it) => it.bucket > bucket - 10)
        expect(counts.calls).toBe(recent.length)
        expect(counts.failures).toBe(recent.filter((it) => it.failed).length)
      }
    }),
  )
})
