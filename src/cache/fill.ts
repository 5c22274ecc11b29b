import type { BodySource } from '../core/body-source.ts'
import type { HeaderList } from '../core/headers.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { SharedBody } from '../core/shared-body.ts'
import type { KnownHead } from './held-response.ts'
import type { PurgeLog } from './purge-log.ts'
import type { ForwardReason } from './reuse.ts'
import type { NotStored } from './storability.ts'
import type { Stored } from './stored.ts'

/** What came of asking the second level and the service, for all who wait for it. */
export type Filled =
  /** It is being stored: everyone whose request it may answer reads along. `from`: the store that it comes from. */
  | {
      readonly kind: 'shared'
      readonly head: KnownHead
      readonly content: SharedBody
      /** All of it, for the one whose request was sent. */
      readonly first: BodySource
      /** The fields for that one: with what is stored for nobody. `undefined` where it comes from a store. */
      readonly own: HeaderList | undefined
      readonly from: string | undefined
      /** Whether only a part of it had to be asked for. */
      readonly completes?: boolean
    }
  /** A part, which is stored, for the one alone whose request was sent. */
  | { readonly kind: 'part'; readonly response: ResponseMessage; readonly completes: boolean }
  /** What is stored answers: it was found, confirmed (304), or the service has failed and stale is better than nothing. */
  | {
      readonly kind: 'stored'
      readonly stored: Stored
      readonly because: 'found' | 'validated' | 'stale-if-error'
      /** The same for the one whose request was sent, where there are fields that are stored for nobody. */
      readonly own?: Stored
      /** Whether nobody else may have it. */
      readonly isForOne?: boolean
      /** What the service answered with; `undefined` where it did not. */
      readonly status?: number
    }
  /** It is for the one alone whose request was sent. */
  | { readonly kind: 'own'; readonly response: ResponseMessage; readonly why: NotStored }

/** One question to the service, and those who wait for its answer. */
export class Fill {
  /** By which others find it; `undefined` for one that nobody joins. */
  readonly id: string | undefined
  readonly key: string
  answer!: Promise<Filled>
  /** The answer, once it is here. */
  filled: Filled | undefined
  /** Why the service is asked, where the second level has something that the memory has not. */
  reason: ForwardReason | undefined
  /** Whether what it asks for has been changed since: its answer is for those who wait, and is not stored. */
  outdated = false
  /** Whether nobody waits for it: what is stored answers meanwhile. */
  inBackground = false
  /** Those that have begun later have greater ones. */
  readonly number: number
  /** The last purge before the service was asked. */
  sequence: number

  /** Called once nothing more comes of it; where a content came, with whether that has broken off. */
  onEnd: ((broken: boolean | undefined) => void) | undefined

  readonly #fills: FillsOfKey
  /** Variants of which something is stored that was asked for later; `'all'` where they are too many to be known. */
  #overtaken: Set<string> | 'all' | undefined

  constructor(
    id: string | undefined,
    key: string,
    { number, sequence }: Pick<Fill, 'number' | 'sequence'>,
    fills: FillsOfKey,
  ) {
    this.id = id
    this.key = key
    this.number = number
    this.sequence = sequence
    this.#fills = fills
  }

  /** What it has brought is stored: it stays, though what was asked for earlier comes later. */
  stored(variant: string): void {
    for (const other of this.#fills.of(this.key)) if (other.number < this.number) other.#overtake(variant)
  }

  isOvertaken(variant: string): boolean {
    return this.#overtaken === 'all' || this.#overtaken?.has(variant) === true
  }

  #overtake(variant: string): void {
    if (this.#overtaken === 'all') return
    this.#overtaken ??= new Set()
    this.#overtaken.add(variant)
    if (this.#overtaken.size > MAX_OVERTAKEN) this.#overtaken = 'all'
  }

  /** Nothing more comes of it. `broken`: whether its content has broken off. */
  end(broken?: boolean): void {
    this.#fills.ended(this)
    this.onEnd?.(broken)
  }

  start(ask: (fill: Fill) => Promise<Filled>): void {
    this.answer = this.#ask(ask)
    // Those who wait look at it; a refresh in the background has nobody who does.
    this.answer.catch(() => {})
  }

  async #ask(ask: (fill: Fill) => Promise<Filled>): Promise<Filled> {
    let over = true
    try {
      this.filled = await ask(this)
      over = this.filled.kind !== 'shared' && this.filled.kind !== 'part'
      return this.filled
    } finally {
      if (over) this.end()
    }
  }
}

/** Whoever makes up values for a field of `Vary` fills no memory with them. */
const MAX_OVERTAKEN = 32

interface FillsOfKey {
  of(key: string): Iterable<Fill>
  ended(fill: Fill): void
}

/** The questions that are under way. */
export class Fills implements FillsOfKey {
  readonly #purges: PurgeLog
  readonly #byId = new Map<string, Fill>()
  readonly #byKey = new Map<string, Set<Fill>>()
  #begun = 0

  constructor(purges: PurgeLog) {
    this.#purges = purges
  }

  get size(): number {
    return this.#byId.size
  }

  find(id: string): Fill | undefined {
    return this.#byId.get(id)
  }

  /** Takes the place of one with the same id, which goes on for those who have it. */
  begin(id: string | undefined, key: string, ask: (fill: Fill) => Promise<Filled>): Fill {
    const fill = new Fill(id, key, { number: ++this.#begun, sequence: this.#purges.sequence }, this)
    if (id !== undefined) this.#byId.set(id, fill)
    const all = this.#byKey.get(key) ?? new Set()
    this.#byKey.set(key, all.add(fill))
    fill.start(ask)
    return fill
  }

  /** What is asked for under this key has changed: nobody else joins, and nothing of it is stored. */
  outdate(key: string): void {
    for (const fill of this.of(key)) {
      fill.outdated = true
      this.#hide(fill)
    }
  }

  /** Whether what it asks for was purged since, as far as that is known: its tags are only when its answer is here. */
  isPurged({ key, sequence, filled }: Fill): boolean {
    if (sequence === this.#purges.sequence) return false
    const { tags, requestTime } = (filled && headOf(filled)) ?? UNKNOWN_HEAD
    return this.#purges.judge({ key, tags, requestTime, sequence }) !== 'current'
  }

  of(key: string): Iterable<Fill> {
    return this.#byKey.get(key) ?? []
  }

  ended(fill: Fill): void {
    this.#hide(fill)
    const all = this.#byKey.get(fill.key)
    if (all?.delete(fill) === true && all.size === 0) this.#byKey.delete(fill.key)
  }

  #hide(fill: Fill): void {
    if (fill.id !== undefined && this.#byId.get(fill.id) === fill) this.#byId.delete(fill.id)
  }
}

/** Of an answer that is not here yet. */
const UNKNOWN_HEAD = { tags: [], requestTime: Number.NEGATIVE_INFINITY }

/** The head of a response that is stored, or is being stored. */
function headOf(filled: Filled): KnownHead | undefined {
  if (filled.kind === 'own' || filled.kind === 'part') return undefined
  return (filled.kind === 'shared' ? filled : filled.stored).head
}
