import type { Count } from './count.ts'
import { DrainingDebt } from './draining-debt.ts'
import { FixedWindow } from './fixed-window.ts'
import { SlidingCounter } from './sliding-counter.ts'
import { SlidingLog } from './sliding-log.ts'
import type { RateAlgorithm, RateRule } from './store.ts'

const COUNTS: Readonly<Record<RateAlgorithm, new (rule: RateRule) => Count>> = {
  'token-bucket': DrainingDebt,
  gcra: DrainingDebt,
  'sliding-window': SlidingLog,
  'sliding-window-counter': SlidingCounter,
  'fixed-window': FixedWindow,
}

export const RATE_ALGORITHMS: readonly string[] = Object.keys(COUNTS)

/** The count of a key that has never come. */
export function newCount(rule: RateRule): Count {
  return new COUNTS[rule.algorithm](rule)
}
