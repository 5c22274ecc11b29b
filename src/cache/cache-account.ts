import type { CacheResult } from '../core/decision-record.ts'
import { addErrorFields } from '../core/error-fields.ts'
import type { Exchange } from '../core/exchange.ts'
import { HeaderList } from '../core/headers.ts'
import { type CacheOutcome, statusOf } from './cache-outcome.ts'
import { cacheStatusMember } from './cache-status.ts'
import type { NotStored } from './storability.ts'

/** What a cache has done since it was made. All numbers only grow. */
export interface CacheCounts {
  /** Requests, by what became of them. */
  readonly results: Readonly<Record<CacheResult, number>>
  /** Of these, those that waited for the answer to another one. */
  readonly collapsed: number
  /** Responses of the service that began to be stored. */
  readonly stored: number
  /** Responses of the service that were not stored, by why. */
  readonly notStored: Readonly<Partial<Record<NotStored, number>>>
  /** Answers by the level whose content they had. */
  readonly answers: Readonly<Record<string, number>>
  /** Bytes of contents in these answers, where all of one was sent on. */
  readonly answerBytes: Readonly<Record<string, number>>
}

/** Keeps count of what a cache does, and tells of it: clients in `Cache-Status`, and whoever records the exchange. */
export class CacheAccount implements CacheCounts {
  readonly results: Record<CacheResult, number> = {
    hit: 0,
    stale: 0,
    revalidated: 0,
    miss: 0,
    expired: 0,
    bypass: 0,
  }
  collapsed = 0
  stored = 0
  readonly notStored: Partial<Record<NotStored, number>> = {}
  readonly answers: Record<string, number> = {}
  readonly answerBytes: Record<string, number> = {}
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  /** An answer goes out, with so many bytes of a stored content. */
  tell(exchange: Exchange, headers: HeaderList, outcome: CacheOutcome, bytes = 0): void {
    this.#count(exchange, outcome, bytes)
    headers.append('Cache-Status', cacheStatusMember(this.#name, statusOf(outcome)))
  }

  /** An error is the answer. */
  tellError(exchange: Exchange, outcome: CacheOutcome): void {
    this.#count(exchange, outcome, 0)
    const member = cacheStatusMember(this.#name, statusOf(outcome))
    addErrorFields(exchange, HeaderList.from({ 'Cache-Status': member }))
  }

  #count(exchange: Exchange, outcome: CacheOutcome, bytes: number): void {
    const { result, level, notStored, stored = false, collapsed = false } = outcome
    this.results[result]++
    if (collapsed) this.collapsed++
    else if (stored) this.stored++
    if (notStored !== undefined) this.notStored[notStored] = (this.notStored[notStored] ?? 0) + 1
    if (level !== undefined) {
      this.answers[level] = (this.answers[level] ?? 0) + 1
      this.answerBytes[level] = (this.answerBytes[level] ?? 0) + bytes
    }
    const { recording } = exchange
    if (recording === undefined) return
    const { reason, ttlMs } = outcome
    recording.cached({ cache: this.#name, result, level, reason, stored, notStored, collapsed, ttlMs })
  }
}
