import type { Clock } from '../core/clock.ts'
import type { HeaderList } from '../core/headers.ts'
import { structuredKey } from './cache-key.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { KnownHead } from './held-response.ts'
import { HeldResponse, MemoryLevel } from './memory-level.ts'
import { PartialResponse } from './partial-response.ts'
import { PurgeLog } from './purge-log.ts'
import type { PurgeSubject } from './purge-subject.ts'
import type { MissReason } from './reuse.ts'
import { SecondLevel } from './second-level.ts'
import type { Stored } from './stored.ts'
import { unpurged } from './unpurged.ts'
import { sameStrongValidator } from './validators.ts'
import { selectVariant, type VaryFields } from './variant.ts'

/** The memory and what stands behind it: what is put into the one goes into the other. */
export class Levels {
  readonly purges: PurgeLog = new PurgeLog()
  readonly memory: MemoryLevel
  readonly second: SecondLevel | undefined
  readonly #maxEntryBytes: number

  constructor(settings: CacheSettings) {
    this.#maxEntryBytes = settings.maxEntryBytes
    this.memory = new MemoryLevel(settings.maxBytes)
    this.second = settings.store && new SecondLevel(settings.store, settings, this.purges)
  }

  /** What is in memory for a request. */
  held(key: string, request: HeaderList): HeldResponse | undefined {
    return this.#selected(this.#unpurged(key, key), request)
  }

  /** Parts that are in memory of a response for a request. */
  heldParts(key: string, request: HeaderList): PartialResponse | undefined {
    const held = this.#selected(this.#unpurged(partsKey(key), key), request)
    return held instanceof PartialResponse ? held : undefined
  }

  /** Parts that are in memory of a variant. */
  partsOf(key: string, variant: string): PartialResponse | undefined {
    const parts = this.#unpurged(partsKey(key), key).find(({ head }) => head.variant === variant)
    return parts instanceof PartialResponse ? parts : undefined
  }

  #selected(all: readonly HeldResponse[], request: HeaderList): HeldResponse | undefined {
    if (all.length === 0) return undefined
    const head = selectVariant(
      all.map((it) => it.head),
      request,
    )
    return head === undefined ? undefined : all.find((it) => it.head === head)
  }

  /** Whether a variant of a key is in memory. */
  holds(key: string, variant: string): boolean {
    return this.#unpurged(key, key).some(({ head }) => head.variant === variant)
  }

  /** The fields that the newest response of a key depends on. */
  fieldsOf(key: string): VaryFields {
    return this.memory.find(key)[0]?.head.fields ?? []
  }

  /** What is known of why nothing in memory matches. What the second level has, nobody has looked at. */
  missOf(key: string): MissReason {
    if (this.memory.find(key).length > 0) return 'vary-miss'
    return this.second === undefined ? 'uri-miss' : 'miss'
  }

  /** What the second level has for a request; with its content at hand, if it is not too long. */
  async found(
    key: string,
    request: HeaderList,
    clock: Clock,
    withContent: boolean,
  ): Promise<Stored | undefined> {
    if (this.second === undefined) return undefined
    const all = (await this.second.find(key, clock)).flatMap((it) => unpurged(this.purges, key, it) ?? [])
    const head = selectVariant(
      all.map((it) => it.head),
      request,
    )
    if (head === undefined) return undefined
    const entry = all.find((it) => it.head === head)!
    const found = withContent ? await this.second.load(key, entry, clock) : entry
    return found && unpurged(this.purges, key, found)
  }

  /** All that is stored under a key, that of memory first. */
  async all(key: string, clock: Clock): Promise<readonly Stored[]> {
    const found = (await this.second?.find(key, clock)) ?? []
    return [
      ...this.#unpurged(key, key),
      ...this.#unpurged(partsKey(key), key),
      ...found.flatMap((it) => unpurged(this.purges, key, it) ?? []),
    ]
  }

  /** What was found is put into memory too, if it is not too long for it, and nothing newer has come there. */
  promote(found: HeldResponse): void {
    if (found.length > this.#maxEntryBytes) return
    const { variant, responseTime } = found.head
    const held = this.memory.find(found.key).find(({ head }) => head.variant === variant)
    if (held === undefined || held.head.responseTime < responseTime) this.memory.put(found.promoted())
  }

  put(entry: HeldResponse, clock: Clock): void {
    this.#removeParts(entry)
    this.memory.put(entry)
    this.second?.put(entry, clock)
  }

  /** What is newer is too long for the memory: nothing older answers there. Parts of the same stay. */
  giveWay(key: string, { variant, validators }: KnownHead): void {
    for (const entry of [...this.memory.find(key)])
      if (entry.head.variant === variant) this.memory.remove(entry)
    for (const parts of [...this.memory.find(partsKey(key))])
      if (parts.head.variant === variant && !sameStrongValidator(parts.head.validators, validators))
        this.memory.remove(parts)
  }

  /** Parts are in memory alone. */
  putParts(entry: PartialResponse): void {
    entry.sequence = this.purges.sequence
    this.memory.put(entry)
  }

  /** All of it is there now. */
  #removeParts({ key, head }: { readonly key: string; readonly head: KnownHead }): void {
    for (const parts of [...this.memory.find(partsKey(key))])
      if (parts.head.variant === head.variant) this.memory.remove(parts)
  }

  /** What is stored has a new head. */
  freshen(key: string, stored: Stored, head: KnownHead, clock: Clock): void {
    const { sequence } = this.purges
    if (stored instanceof PartialResponse) {
      if (!this.memory.find(stored.key).includes(stored)) return
      const fresh = stored.withHead(head)
      fresh.sequence = sequence
      this.memory.put(fresh)
      return
    }
    const held = this.memory.find(key).find((it) => it.head.variant === head.variant)
    // Another may have come meanwhile, here and there: this head is not about it.
    if (held !== undefined && held.head !== stored.head && held.head.responseTime >= stored.head.responseTime)
      return
    if (stored instanceof HeldResponse && stored.length <= this.#maxEntryBytes) {
      const fresh = stored.withHead(head).promoted()
      fresh.sequence = sequence
      this.memory.put(fresh)
    }
    this.second?.freshen(key, head, stored.head, clock)
  }

  /**
   * What this is about and was asked for until now is not there any more, or stale. Resolves when the second level has kept that
   * too, and rejects where it has not.
   */
  purge(subject: PurgeSubject, soft: boolean, clock: Clock): Promise<void> {
    const time = this.purgeHere(subject, soft, clock)
    return this.second?.purge(subject, soft, time, clock) ?? Promise.resolve()
  }

  /** The same for this process alone. Returns the time that it was noted with, in ms since 1970. */
  purgeHere(subject: PurgeSubject, soft: boolean, clock: Clock): number {
    const time = this.purges.timeOf(clock.wallTime())
    this.purges.purge(subject, soft, time)
    if (subject.kind === 'everything' && !soft) this.memory.clear()
    return time
  }

  /** Every response of a key. */
  remove(key: string, clock: Clock): void {
    this.memory.removeAll(key)
    this.memory.removeAll(partsKey(key))
    this.second?.remove(key, clock)
  }

  /** What is in memory at a place, of responses of a key, without what was purged. */
  #unpurged(place: string, key: string): readonly HeldResponse[] {
    const all = this.memory.find(place)
    const { sequence } = this.purges
    if (all.every((it) => it.sequence === sequence)) return all
    // The newest last, since what is put is the newest.
    for (const entry of [...all].reverse()) {
      const left = unpurged(this.purges, key, entry)
      if (left === undefined) this.memory.remove(entry)
      else if (left !== entry) this.memory.put(left)
    }
    return this.memory.find(place)
  }
}

/** Under what parts are in memory, so that nothing takes them for the whole. */
export function partsKey(key: string): string {
  return structuredKey(['parts', key])
}
