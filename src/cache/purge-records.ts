import { CallGuard } from '../core/call-guard.ts'
import type { Clock } from '../core/clock.ts'
import { secretBytes } from '../core/secret.ts'
import type { CacheStore } from './cache-store.ts'
import type { PurgeLog } from './purge-log.ts'
import type { PurgeRecord } from './purge-record.ts'
import { type PurgeSubject, recordSubject, recordValue } from './purge-subject.ts'

/** How long who purges waits for the store. */
const KEEP_MS = 10_000
const MAX_PENDING = 10_000
const RETRY_MS = 1_000
/** So many records are known to have been heard of. */
const MAX_HEARD = 10_000

/** The purges that a store keeps: those of this process go there, and those of all come from there. */
export class PurgeRecords {
  readonly #store: CacheStore
  readonly #partition: string | undefined
  readonly #log: PurgeLog
  readonly #guard: CallGuard
  readonly #heard = new Set<string>()
  #reading: Promise<void> | undefined

  constructor(store: CacheStore, partition: string | undefined, log: PurgeLog) {
    this.#store = store
    this.#partition = partition
    this.#log = log
    const name = `cache: ${store.name}`
    this.#guard = new CallGuard({ name, timeoutMs: KEEP_MS, maxPending: MAX_PENDING, retryMs: RETRY_MS })
  }

  /** Resolves when all that others have purged until now is known. Where that fails, the next call tries again. */
  known(clock: Clock): Promise<void> {
    this.#reading ??= this.#read(clock)
    return this.#reading
  }

  /** Hands a purge to the store, and rejects where it has not kept it in time. */
  async keep(subject: PurgeSubject, soft: boolean, time: number, clock: Clock): Promise<void> {
    if (this.#store.purged === undefined) return
    const id = secretBytes(16).toString('base64url')
    const value = recordValue(subject, this.#partition)
    this.#hear(id)
    await this.#guard.run(clock, () => this.#store.purged!({ kind: subject.kind, value, soft, time, id }))
  }

  async #read(clock: Clock): Promise<void> {
    try {
      await this.#store.purges?.((record) => this.#take(record, clock))
    } catch (error) {
      this.#reading = undefined
      throw error
    }
  }

  #take(record: PurgeRecord, clock: Clock): void {
    if (!this.#hear(record.id)) return
    const subject = recordSubject(record, this.#partition)
    if (subject === undefined) return
    this.#log.purge(subject, record.soft, Number.isFinite(record.time) ? record.time : clock.wallTime())
  }

  /** `false` for one that was heard of before. */
  #hear(id: string): boolean {
    if (this.#heard.has(id)) return false
    this.#heard.add(id)
    if (this.#heard.size > MAX_HEARD) this.#heard.delete(this.#heard.values().next().value!)
    return true
  }
}
