import { describe, expect, test } from 'vitest'
import { type AttemptSign, afterSign, ejected, restored, SERVING, type Serving } from './ejection.ts'

const SIGNS: Readonly<Record<string, AttemptSign>> = {
  a: 'answered',
  w: 'whole',
  b: 'broken',
  f: 'failed',
  u: 'unconnected',
}

function stateAfter(signs: string, from: Serving = SERVING): Serving {
  return Array.from(signs, (sign) => SIGNS[sign]!).reduce((state, sign) => afterSign(state, sign, 0), from)
}

describe('afterSign', () => {
  test.each([
    ['counts failures in a row', 'aff', [2, 0, 0]],
    ['counts connect failures as errors too', 'afuu', [3, 2, 0]],
    ['ends connect failures with another failure', 'uuf', [3, 0, 0]],
    ['begins anew with an answer', 'ffuua', [0, 0, 0]],
    ['counts broken bodies apart from heads', 'abab', [0, 0, 2]],
    ['forgets broken bodies with a whole one', 'ababaw', [0, 0, 0]],
  ] as const)('%s: %s', (_, signs, expected) => {
    const { errors, connectFailures, broken } = stateAfter(signs)
    expect([errors, connectFailures, broken]).toEqual(expected)
  })

  test('makes nothing for an endpoint that is well', () => {
    const well = stateAfter('a')
    expect(stateAfter('wawaw', well)).toBe(well)
  })
})

describe('ejected', () => {
  const times = { ejectMs: 10_000, maxEjectMs: 35_000, forgiveMs: 10_000, jitter: 0.1 }

  test('lasts longer each time, up to the limit', () => {
    const lasted: number[] = []
    let state: Serving = SERVING
    for (let now = 0; lasted.length < 5; ) {
      const out = ejected(state, now, 0, times, '')
      lasted.push(out.until - now)
      now = out.until
      state = restored(out, now)
    }
    expect(lasted).toEqual([10_000, 20_000, 30_000, 35_000, 35_000])
  })

  test('is lengthened by chance', () => {
    expect(ejected(SERVING, 500, 0.5, times, '').until).toBe(500 + 10_500)
  })

  test('forgives one step for each such time that was served since the first good answer', () => {
    const third: Serving = { ...SERVING, steps: 3 }
    const stepsAt = (proved: Serving, now: number) => ejected(proved, now, 0, times, '').steps
    expect(stepsAt(third, 90_000)).toBe(4) // It has shown nothing good.
    const proved = afterSign(third, 'answered', 1_000)
    expect([10_999, 11_000, 21_000, 31_000, 91_000].map((now) => stepsAt(proved, now))).toEqual([
      4, 3, 2, 1, 1,
    ])
  })
})
