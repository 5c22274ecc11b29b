import type { CacheResult } from '../core/decision-record.ts'
import { type CacheStatus, type CacheStatusForward, forwardWord } from './cache-status.ts'
import { type ForwardReason, isMiss, type ReuseReason } from './reuse.ts'
import type { NotStored } from './storability.ts'

/** What a cache did with one request, and why. */
export interface CacheOutcome {
  readonly result: CacheResult
  /** The level whose content answers; `undefined` where it is the service's. */
  readonly level: string | undefined
  /** Why a stored response was used or not. */
  readonly reason: ForwardReason | ReuseReason | 'method' | 'conditions' | 'content' | 'partial'
  /** Why the service's answer is not stored; `undefined` where it is, or nothing was to be. */
  readonly notStored?: NotStored | undefined
  readonly stored?: boolean
  /** Whether it waited for the answer to another request. */
  readonly collapsed?: boolean
  /** Whether the client wanted a stored response or none, and there was none. */
  readonly refused?: boolean
  /** Why the service was asked, where a stored response answers in place of its error. */
  readonly askedFor?: ForwardReason
  /** The status that the service answered with, where it is not the one that is sent. */
  readonly forwardStatus?: number | undefined
  /** How much longer what answers is fresh, in ms. */
  readonly ttlMs?: number
}

/** What a request is called that the service was asked for, by why it was. */
export function forwardedResult(reason: ForwardReason): CacheResult {
  if (isMiss(reason)) return 'miss'
  return reason === 'stale' || reason === 'no-cache' ? 'expired' : 'bypass'
}

/** The same for `Cache-Status`. */
export function statusOf(outcome: CacheOutcome): CacheStatus {
  const { result, level, reason, ttlMs } = outcome
  if (outcome.refused === true) return { refused: true, detail: 'only-if-cached' }
  // RFC 9211 section 2.1: in place of an error, it is no hit, since the service was asked.
  if (outcome.askedFor !== undefined) {
    const { askedFor, forwardStatus, collapsed = false } = outcome
    return { fwd: forwardWord(askedFor), fwdStatus: forwardStatus, collapsed, detail: reason }
  }
  if (result === 'hit' || result === 'stale') {
    const detail = result === 'stale' ? reason : level === 'memory' ? undefined : level
    return { hit: true, ttlMs, detail }
  }
  return {
    fwd: forwardOf(reason),
    fwdStatus: outcome.forwardStatus,
    stored: outcome.stored === true,
    collapsed: outcome.collapsed === true,
    detail: outcome.notStored,
  }
}

function forwardOf(reason: CacheOutcome['reason']): CacheStatusForward {
  switch (reason) {
    case 'method':
    case 'partial':
      return reason
    case 'conditions':
    case 'content':
      return 'bypass'
    case 'fresh':
    case 'max-stale':
    case 'stale-while-revalidate':
    case 'stale-if-error':
      return 'stale'
    default:
      return forwardWord(reason)
  }
}
