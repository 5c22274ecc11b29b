import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Deadline } from '../core/clock.ts'
import { virtualClock } from './virtual-clock.ts'

test('virtualClock stands still until it is moved', async () => {
  const clock = virtualClock({ startAt: new Date('2030-01-02T03:04:05Z') })
  expect(clock.now()).toBe(0)
  expect(new Date(clock.wallTime()).toISOString()).toBe('2030-01-02T03:04:05.000Z')
  await clock.advance('1s')
  expect(clock.now()).toBe(1000)
  expect(new Date(clock.wallTime()).toISOString()).toBe('2030-01-02T03:04:06.000Z')
})

test('virtualClock fires timers by time, ties by the order they were started in', async () => {
  const clock = virtualClock()
  const fired: string[] = []
  const at = (name: string, ms: number): void => {
    clock.setTimeout(() => fired.push(`${name}@${clock.now()}`), ms)
  }
  at('c', 30)
  at('a', 10)
  at('b1', 20)
  at('b2', 20)
  at('late', 31)
  await clock.advance(30)
  expect(fired).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30'])
  expect(clock.pending).toBe(1)
  expect(clock.nextInMs).toBe(1)
})

test('virtualClock fires timers that are started on the way, if they are due', async () => {
  const clock = virtualClock()
  const fired: number[] = []
  const tick = (): void => {
    fired.push(clock.now())
    clock.setTimeout(tick, 10)
  }
  clock.setTimeout(tick, 10)
  await clock.advance(35)
  expect(fired).toEqual([10, 20, 30])
  expect(clock.now()).toBe(35)
})

test('virtualClock lets promises and ticks go on before the first timer and after each', async () => {
  const clock = virtualClock()
  const seen: string[] = []
  const later = async (name: string): Promise<void> => {
    for (let i = 0; i < 50; i++) await Promise.resolve()
    await new Promise<void>((resolve) => process.nextTick(resolve))
    seen.push(`${name}@${clock.now()}`)
    // Seen by the same call of advance, since the promise got here before time went on.
    clock.setTimeout(() => seen.push(`${name}'@${clock.now()}`), 5)
  }
  void later('start')
  clock.setTimeout(() => void later('a'), 10)
  clock.setTimeout(() => seen.push(`b@${clock.now()}`), 11)
  await clock.advance(20)
  expect(seen).toEqual(['start@0', "start'@5", 'a@10', 'b@11', "a'@15"])
})

test('virtualClock timers can be cleared and refreshed as those of Node', async () => {
  const clock = virtualClock()
  const fired: string[] = []
  const cleared = clock.setTimeout(() => fired.push('cleared'), 10)
  const refreshed = clock.setTimeout(() => fired.push(`refreshed@${clock.now()}`), 10)
  await clock.advance(9)
  cleared.clear()
  cleared.clear()
  cleared.refresh()
  refreshed.refresh()
  expect(clock.pending).toBe(1)
  await clock.advance(9)
  expect(fired).toEqual([])
  await clock.advance(1)
  refreshed.refresh()
  await clock.advance(10)
  expect(fired).toEqual(['refreshed@19', 'refreshed@29'])
  expect(clock.pending).toBe(0)
  expect(clock.nextInMs).toBeUndefined()
})

test('virtualClock waits at least a millisecond, so that a timer of 0 cannot hold time', async () => {
  const clock = virtualClock()
  let fired = 0
  const again = (): void => {
    fired++
    clock.setTimeout(again, 0)
  }
  clock.setTimeout(again, -5)
  await clock.advance(0)
  expect(fired).toBe(0)
  await clock.advance(3)
  expect(fired).toBe(3)
})

test('virtualClock refuses to run backwards, and delays that Node would not keep', async () => {
  const clock = virtualClock()
  await expect(clock.advance(-1)).rejects.toThrow('time does not run backwards, got -1')
  await expect(clock.advance(Number.NaN)).rejects.toThrow('got NaN')
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    expect(() => clock.setTimeout(() => {}, ms)).toThrow('virtualClock: "ms"')
  }
})

test('virtualClock rejects with what a timer throws, and can go on', async () => {
  const clock = virtualClock()
  let fired = false
  clock.setTimeout(() => {
    throw new Error('from the timer')
  }, 10)
  clock.setTimeout(() => {
    fired = true
  }, 20)
  await expect(clock.advance(30)).rejects.toThrow('from the timer')
  expect(clock.now()).toBe(10)
  await clock.advance(10)
  expect(fired).toBe(true)
})

test('virtualClock refuses to be moved twice at once', async () => {
  const clock = virtualClock()
  const first = clock.advance(10)
  await expect(clock.advance(10)).rejects.toThrow('is being moved already')
  await first
  expect(clock.now()).toBe(10)
})

test('virtualClock until moves to where a promise is settled, and no further', async () => {
  const clock = virtualClock()
  const slept = new Promise<string>((resolve) => {
    clock.setTimeout(() => clock.setTimeout(() => resolve('done'), 20), 10)
  })
  clock.setTimeout(() => {}, 1000)
  expect(await clock.until(slept)).toBe('done')
  expect(clock.now()).toBe(30)
  expect(await clock.until(Promise.resolve(1))).toBe(1)
  expect(clock.now()).toBe(30)
  await expect(clock.until(Promise.reject(new Error('no')))).rejects.toThrow('no')
})

test('virtualClock until says why a promise is never settled', async () => {
  const clock = virtualClock()
  const never = new Promise<never>(() => {})
  await expect(clock.until(never)).rejects.toThrow('no timer is left')
  const tick = (): void => void clock.setTimeout(tick, 1000)
  tick()
  await expect(clock.until(never, '10s')).rejects.toThrow('not settled after 10s')
})

test('virtualClock drives a Deadline', async () => {
  const clock = virtualClock()
  const expired: number[] = []
  const deadline = new Deadline(clock, () => expired.push(clock.now()))
  deadline.arm(100)
  await clock.advance(60)
  deadline.arm(100)
  await clock.advance(99)
  expect(expired).toEqual([])
  await clock.advance(1)
  expect(expired).toEqual([160])
  deadline.close()
  expect(clock.pending).toBe(0)
})

test('virtualClock fires any timers in the order of a sorted list', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ ms: fc.integer({ min: 1, max: 20 }), cleared: fc.boolean() }), { maxLength: 40 }),
      async (timers) => {
        const clock = virtualClock()
        const fired: number[] = []
        const made = timers.map(({ ms }, i) => clock.setTimeout(() => fired.push(i), ms))
        timers.forEach(({ cleared }, i) => {
          if (cleared) made[i]!.clear()
        })
        const expected = timers
          .map(({ ms, cleared }, i) => ({ ms, cleared, i }))
          .filter((it) => !it.cleared)
          .sort((a, b) => a.ms - b.ms || a.i - b.i)
          .map((it) => it.i)
        expect(clock.pending).toBe(expected.length)
        await clock.advance(20)
        expect(fired).toEqual(expected)
        expect(clock.pending).toBe(0)
      },
    ),
    { numRuns: 50 },
  )
})
