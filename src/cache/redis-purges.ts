import type { Clock, Timer } from '../core/clock.ts'
import type { PurgeRecord } from './purge-record.ts'
import type { RedisLine } from './redis-line.ts'
import { isBehind, type RedisRecords } from './redis-records.ts'
import { type RedisSubscriber, RedisSubscription } from './redis-subscriber.ts'

/** Records that are known to have been given already. */
const MAX_SEEN = 10_000
const RETRY_MS = 1_000

export interface RedisPurgesSettings {
  readonly line: RedisLine
  readonly records: RedisRecords
  readonly subscriber: RedisSubscriber | undefined
  /** For trying again where Redis could not be read. */
  readonly clock: Clock
}

/**
 * One who is told of purges. What is published is only a sign that there is something to read: a sign that was lost costs no
 * record, since all are read again when the subscriber is back, and whenever something is found.
 */
export class RedisPurges {
  readonly #settings: RedisPurgesSettings
  readonly #onRecord: (record: PurgeRecord) => void
  readonly #seen = new Set<string>()
  readonly #subscription: RedisSubscription | undefined
  #last: string | undefined
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined
  #retry: Timer | undefined
  #lost = false

  constructor(settings: RedisPurgesSettings, onRecord: (record: PurgeRecord) => void) {
    this.#settings = settings
    this.#onRecord = onRecord
    const { subscriber, records } = settings
    if (subscriber !== undefined)
      this.#subscription = new RedisSubscription(
        subscriber,
        records.channel,
        () => this.#readSoon(),
        () => {
          this.#lost = true
          this.#readSoon()
        },
      )
  }

  /** Gives what is kept, and begins to listen. */
  async open(): Promise<void> {
    this.#lost = true
    await this.#read()
  }

  /** The place of the last record that was read. */
  get last(): string | undefined {
    return this.#last
  }

  /** Gives what is kept up to the place `last`, as Redis has said after `before` was read. */
  async upTo(last: string | undefined, before: string | undefined): Promise<void> {
    // Another server may have taken the place of the one that said more.
    if (last !== undefined && before !== undefined && isBehind(before, last)) this.#lost = true
    const isNew = last !== undefined && (this.#last === undefined || isBehind(last, this.#last))
    if (isNew || this.#lost) await this.#read()
  }

  /** Gives a record, unless it was given. */
  give(record: PurgeRecord): void {
    if (this.#seen.has(record.id)) return
    this.#seen.add(record.id)
    if (this.#seen.size > MAX_SEEN) this.#seen.delete(this.#seen.values().next().value!)
    this.#onRecord(record)
  }

  close(): void {
    this.#retry?.clear()
    this.#retry = undefined
    this.#subscription?.close()
  }

  #readSoon(): void {
    this.#read().catch(() => {
      if (this.#settings.line.closed || this.#retry !== undefined) return
      this.#retry = this.#settings.clock.setTimeout(() => {
        this.#retry = undefined
        this.#readSoon()
      }, RETRY_MS)
    })
  }

  /** Reads what is there from now on: one that is under way may have begun too early, so another one follows it. */
  #read(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    const before = this.#reading ?? Promise.resolve()
    const begin = (): Promise<void> => {
      this.#next = undefined
      this.#reading = this.#readNow()
      return this.#reading
    }
    this.#next = before.then(begin, begin)
    return this.#next
  }

  async #readNow(): Promise<void> {
    const { line, records } = this.#settings
    const all = this.#lost
    try {
      if (all) {
        this.#lost = false
        if (this.#subscription !== undefined) await line.untilClosed(() => this.#subscription!.subscribe())
      }
      const before = this.#last
      const give = (record: PurgeRecord) => this.give(record)
      this.#last = await records.readAfter(all ? undefined : before, give)
      if (all || before === undefined || this.#last !== before) return
      // There should be something new. Another server may have taken the place of the one that had more.
      const { last } = await records.state()
      if (last !== undefined && isBehind(before, last)) this.#last = await records.readAfter(undefined, give)
    } catch (error) {
      this.#lost ||= all
      throw error
    }
  }
}
