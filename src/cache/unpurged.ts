import type { Fill } from './fill.ts'
import { type KnownHead, staleHead } from './held-response.ts'
import type { PurgeLog } from './purge-log.ts'

/**
 * The head of a response that has outlived the purge `sequence` (`undefined`: only its times are known), as the later ones have
 * left it. `undefined` where it counts as not there.
 */
function headAfterPurges(
  log: PurgeLog,
  key: string,
  head: KnownHead,
  sequence: number | undefined,
): KnownHead | undefined {
  const { tags, requestTime } = head
  const verdict = log.judge({ key, tags, requestTime, sequence })
  if (verdict === 'gone') return undefined
  return verdict === 'current' ? head : staleHead(head, verdict.staleSince)
}

/**
 * The head of what may be stored of an answer, however long ago it was asked for: stale where it was purged softly since, and
 * `undefined` where it was changed or purged, or what was asked for later is stored already.
 */
export function headToStore(
  log: PurgeLog,
  key: string,
  head: KnownHead,
  fill: Pick<Fill, 'outdated' | 'sequence' | 'isOvertaken'>,
): KnownHead | undefined {
  if (fill.outdated || fill.isOvertaken(head.variant)) return undefined
  return headAfterPurges(log, key, head, fill.sequence)
}

interface Purgeable<S> {
  readonly head: KnownHead
  /** The last purge that it is known to have outlived. */
  sequence: number | undefined
  withHead(head: KnownHead): S
}

/** What the purges since it was last looked at have left of a stored response: itself, the same but stale, or nothing. */
export function unpurged<S extends Purgeable<S>>(log: PurgeLog, key: string, stored: S): S | undefined {
  if (stored.sequence === log.sequence) return stored
  const head = headAfterPurges(log, key, stored.head, stored.sequence)
  if (head === undefined) return undefined
  const left = head === stored.head ? stored : stored.withHead(head)
  left.sequence = log.sequence
  return left
}
