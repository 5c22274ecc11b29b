import type { Clock } from '../core/clock.ts'
import type { HeaderList } from '../core/headers.ts'
import { structuredKey } from './cache-key.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { KnownHead } from './held-response.ts'
import { HeldResponse, MemoryLevel } from './memory-level.ts'
import { PartialResponse } from './partial-response.ts'
import type { MissReason } from './reuse.ts'
import { SecondLevel } from './second-level.ts'
import type { Stored } from './stored.ts'
import { selectVariant, type VaryFields } from './variant.ts'

/** The memory and what stands behind it: what is put into the one goes into the other. */
export class Levels {
  readonly memory: MemoryLevel
  readonly second: SecondLevel | undefined
  readonly #maxEntryBytes: number

  constructor(settings: CacheSettings) {
    this.#maxEntryBytes = settings.maxEntryBytes
    this.memory = new MemoryLevel(settings.maxBytes)
    this.second = settings.store && new SecondLevel(settings.store, settings)
  }

  /** What is in memory for a request. */
  held(key: string, request: HeaderList): HeldResponse | undefined {
    return this.#selected(key, request)
  }

  /** Parts that are in memory of a response for a request. */
  heldParts(key: string, request: HeaderList): PartialResponse | undefined {
    const held = this.#selected(partsKey(key), request)
    return held instanceof PartialResponse ? held : undefined
  }

  #selected(key: string, request: HeaderList): HeldResponse | undefined {
    const all = this.memory.find(key)
    if (all.length === 0) return undefined
    const head = selectVariant(
      all.map((it) => it.head),
      request,
    )
    return head === undefined ? undefined : all.find((it) => it.head === head)
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
    const all = (await this.second?.find(key, clock)) ?? []
    const head = selectVariant(
      all.map((it) => it.head),
      request,
    )
    if (head === undefined) return undefined
    const entry = all.find((it) => it.head === head)!
    return withContent ? this.second!.load(key, entry, clock) : entry
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

  /** Parts are in memory alone. */
  putParts(entry: PartialResponse): void {
    this.memory.put(entry)
  }

  /** All of it is there now. */
  #removeParts({ key, head }: { readonly key: string; readonly head: KnownHead }): void {
    for (const parts of [...this.memory.find(partsKey(key))])
      if (parts.head.variant === head.variant) this.memory.remove(parts)
  }

  /** What is stored has a new head. */
  freshen(key: string, stored: Stored, head: KnownHead, clock: Clock): void {
    if (stored instanceof PartialResponse) {
      if (this.memory.find(stored.key).includes(stored)) this.memory.put(stored.withHead(head))
      return
    }
    const held = this.memory.find(key).find((it) => it.head.variant === head.variant)
    // Another may have come meanwhile: this head is not about it.
    if (held !== undefined && held.head !== stored.head && held.head.responseTime >= stored.head.responseTime)
      return
    if (stored instanceof HeldResponse && stored.length <= this.#maxEntryBytes)
      this.memory.put(stored.withHead(head).promoted())
    this.second?.freshen(key, head, clock)
  }

  /** Every response of a key. */
  remove(key: string, clock: Clock): void {
    this.memory.removeAll(key)
    this.memory.removeAll(partsKey(key))
    this.second?.remove(key, clock)
  }
}

/** Under what parts are in memory, so that nothing takes them for the whole. */
export function partsKey(key: string): string {
  return structuredKey(['parts', key])
}
