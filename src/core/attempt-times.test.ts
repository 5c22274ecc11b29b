import { describe, expect, it } from 'vitest'
import { attemptTimes, limitMs } from './attempt-times.ts'
import type { AttemptRecord } from './decision-record.ts'

type Times = Partial<Pick<AttemptRecord, `${string}AtMs` & keyof AttemptRecord>>

const timesOf = (times: Times, nowMs = 100) =>
  Object.values(attemptTimes({ startedAtMs: 0, ...times } as AttemptRecord, nowMs))

describe('attemptTimes', () => {
  it.each<[string, Times, unknown[]]>([
    [
      'a whole one',
      {
        queuedAtMs: 1,
        connectingAtMs: 3,
        connectedAtMs: 6,
        requestSentAtMs: 10,
        respondedAtMs: 15,
        endedAtMs: 21,
      },
      [2, 3, 4, 5, 6],
    ],
    [
      'one on a kept connection',
      { connectedAtMs: 0, requestSentAtMs: 1, respondedAtMs: 3, endedAtMs: 4 },
      [undefined, undefined, 1, 2, 1],
    ],
    ['one that waits for a connection', { queuedAtMs: 40 }, [60, undefined, undefined, undefined, undefined]],
    [
      'one that could not connect',
      { connectingAtMs: 2, endedAtMs: 9 },
      [undefined, 7, undefined, undefined, undefined],
    ],
    [
      'one whose head is awaited',
      { connectedAtMs: 1, requestSentAtMs: 5 },
      [undefined, undefined, 4, 95, undefined],
    ],
    [
      'one that was answered before the request was sent',
      { connectedAtMs: 1, requestSentAtMs: 50, respondedAtMs: 20, endedAtMs: 60 },
      [undefined, undefined, 19, 0, 40],
    ],
    [
      'one that was answered, and whose request never was',
      { connectedAtMs: 1, respondedAtMs: 20, endedAtMs: 60 },
      [undefined, undefined, 19, 0, 40],
    ],
    [
      'one whose connection was there before it asked',
      { connectingAtMs: 5, connectedAtMs: 4, requestSentAtMs: 6 },
      [undefined, 0, 2, 94, undefined],
    ],
  ])('gives the phases of %s', (_, times, phases) => {
    expect(timesOf(times)).toEqual(phases)
  })
})

describe('limitMs', () => {
  const wait = (fromMs: number, untilMs?: number) => ({ filter: 'limit', fromMs, untilMs, admitted: true })

  it('adds up all waits, one that goes on included', () => {
    expect(limitMs([wait(0, 5), wait(7)], 10)).toBe(8)
  })

  it('is undefined without any', () => {
    expect(limitMs([], 10)).toBeUndefined()
  })
})
