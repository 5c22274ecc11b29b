import { describe, expect, it } from 'vitest'
import type { CandidateRecord, LeftOutRecord, PickRecord } from '../../core/decision-record.ts'
import { shortenedPick } from './shortened-pick.ts'

function pick(scores: readonly (number | undefined)[], chosen: string | undefined, leftOut = 0): PickRecord {
  return {
    candidates: scores.map((score, i) => ({ id: `u${i}`, score }) as CandidateRecord),
    candidateCount: scores.length,
    chosen,
    leftOut: Array.from({ length: leftOut }, (_, i) => ({ id: `x${i}` }) as LeftOutRecord),
    leftOutCount: leftOut,
  } as Partial<PickRecord> as PickRecord
}

const namesOf = ({ candidates }: PickRecord): string => candidates.map(({ id }) => id).join(' ')

describe('shortenedPick', () => {
  it('has the eight best, and how many there were', () => {
    const short = shortenedPick(pick([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 'u9', 64))
    expect([namesOf(short), short.candidateCount]).toEqual(['u9 u8 u7 u6 u5 u4 u3 u2', 10])
    expect([short.leftOut.length, short.leftOut[0]?.id, short.leftOutCount]).toEqual([8, 'x0', 64])
  })

  it('has the chosen one, whatever it is', () => {
    const none = Array.from({ length: 10 }, () => undefined)
    expect(namesOf(shortenedPick(pick(none, 'u9')))).toBe('u0 u1 u2 u3 u4 u5 u6 u9')
    expect(namesOf(shortenedPick(pick(none, undefined)))).toBe('u0 u1 u2 u3 u4 u5 u6 u7')
  })

  it('leaves as they are those that are short', () => {
    const short = pick([2, 1], 'u0', 3)
    expect(shortenedPick(short)).toEqual(short)
  })
})
