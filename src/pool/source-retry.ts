import type { Random } from '../core/random.ts'

const FIRST_MS = 1_000
const LONGEST_MS = 30_000
/** By which share each wait is lengthened at most, by chance: many proxies lose their source at the same moment. */
const JITTER = 0.2

/** The wait after a failure, where so many have gone before it in a row: it doubles with each, from 1 s to 30 s. */
export function sourceRetryMs(failures: number, random: Random): number {
  const span = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures)
  return Math.round(span * (1 + JITTER * random()))
}
