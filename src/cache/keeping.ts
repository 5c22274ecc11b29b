import type { BodySource } from '../core/body-source.ts'
import type { Clock } from '../core/clock.ts'
import type { HeaderList } from '../core/headers.ts'
import { KeepBudget } from '../core/keep-budget.ts'
import { SharedBody } from '../core/shared-body.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { Fill, Filled } from './fill.ts'
import type { KnownHead } from './held-response.ts'
import type { Levels } from './levels.ts'
import type { Lookup } from './lookup.ts'
import { HeldResponse } from './memory-level.ts'
import type { KnownPart, Parts } from './parts.ts'
import { headToStore } from './unpurged.ts'

/** Stores contents while they are passed on. */
export class Keeping {
  readonly #settings: CacheSettings
  readonly #levels: Levels
  readonly #parts: Parts
  /** Of all contents that are kept while they come. */
  readonly #budget: KeepBudget

  constructor(settings: CacheSettings, levels: Levels, parts: Parts) {
    this.#settings = settings
    this.#levels = levels
    this.#parts = parts
    this.#budget = new KeepBudget(settings.maxBytes)
  }

  /** A part is stored when it is here, or what came of it. */
  part(
    { key, exchange: { clock } }: Lookup,
    head: KnownHead,
    part: KnownPart,
    isComplete: boolean,
    source: BodySource,
    fill: Fill,
  ): BodySource {
    const content = new SharedBody(source, {
      ...this.#options(clock),
      onEnd: () => {
        const { complete, brokenOff } = content
        if (headToStore(this.#levels.purges, key, head, fill) === head) {
          if (complete !== undefined) this.#parts.add(key, head, part, complete.chunks, isComplete, clock)
          if (brokenOff !== undefined) this.#parts.addBrokenOff(key, head, brokenOff, isComplete, clock)
        }
        fill.end()
      },
    })
    const reader = content.reader()
    content.open()
    return reader
  }

  /** A content is read along by all who wait, and is stored when all of it is here. */
  whole(
    { key, exchange: { clock } }: Lookup,
    {
      head,
      own,
      isOfParts,
    }: { readonly head: KnownHead; readonly own?: HeaderList; readonly isOfParts?: boolean },
    source: BodySource,
    from: string | undefined,
    fill: Fill,
  ): Extract<Filled, { kind: 'shared' }> {
    const { second } = this.#levels
    const content = new SharedBody(source, {
      ...this.#options(clock),
      onOutgrown: () => {
        const left = headToStore(this.#levels.purges, key, head, fill)
        if (from !== undefined || left !== head) return
        this.#levels.giveWay(key, head)
        second?.stream(key, head, content.reader(), clock)
        fill.stored(head.variant)
      },
      onEnd: (error) => {
        const { complete } = content
        const left = complete && headToStore(this.#levels.purges, key, head, fill)
        // What is stale already does not take the place of what was asked for later.
        if (left !== undefined && (left === head || !this.#levels.holds(key, head.variant))) {
          const entry = new HeldResponse(key, left, complete!)
          entry.sequence = this.#levels.purges.sequence
          if (from === undefined) {
            this.#levels.put(entry, clock)
            fill.stored(head.variant)
          } else this.#levels.promote(entry)
        }
        const { brokenOff } = content
        if (
          brokenOff !== undefined &&
          isOfParts === true &&
          headToStore(this.#levels.purges, key, head, fill) === head
        )
          this.#parts.addBrokenOff(key, head, brokenOff, true, clock)
        fill.end(error !== undefined)
      },
    })
    const first = content.reader()
    content.open()
    return { kind: 'shared', head, content, first, own, from }
  }

  #options(clock: Clock) {
    return {
      clock,
      bufferBytes: WINDOW_BYTES,
      stallMs: STALL_MS,
      keepBytes: this.#settings.maxEntryBytes,
      keepBudget: this.#budget,
    }
  }
}

/** How far the fastest may be ahead of the slowest, where a content is too long to be kept. */
const WINDOW_BYTES = 1_048_576
const STALL_MS = 5_000
