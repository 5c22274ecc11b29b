import type { CandidateRecord, PickRecord } from '../../core/decision-record.ts'

/** As many as the dashboard names. */
const MOST = 8

/** A copy of a choice with the best of its candidates alone, the chosen one among them, and few of those left out. */
export function shortenedPick(pick: PickRecord): PickRecord {
  return { ...pick, candidates: bestOf(pick), leftOut: pick.leftOut.slice(0, MOST) }
}

function bestOf({ candidates, chosen }: PickRecord): readonly CandidateRecord[] {
  if (candidates.length <= MOST) return candidates
  const best = candidates.toSorted((a, b) => (a.score ?? 0) - (b.score ?? 0)).slice(0, MOST)
  const picked = candidates.find(({ id }) => id === chosen)
  return picked === undefined || best.includes(picked) ? best : [...best.slice(0, -1), picked]
}
