import { createHash, type Hash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'

/** What an entry of a journal is about. */
export type JournalSubject =
  | 'exchange'
  | 'attempt'
  | 'upstream'
  | 'probe'
  | 'endpoint'
  | 'request'
  | 'simulation'

/** One event of a simulation. */
export interface JournalEntry {
  /** Virtual milliseconds since the simulation began. */
  readonly atMs: number
  readonly subject: JournalSubject
  /** `exchange 3: GET /users/7 from 192.0.2.1:32768`. */
  readonly text: string
}

/** Every event of a simulation, in order. Two runs of one seed have the same journal. */
export interface Journal {
  /** The last ones, as many as are kept. */
  readonly entries: readonly JournalEntry[]
  /** The same as lines of text: the time, then the text. */
  readonly lines: readonly string[]
  /** How many there were in all. More than `entries` has when there were more than are kept. */
  readonly length: number
  /** SHA-256 of all lines, also of those that are not kept any more: for comparing runs. */
  hash(): string
  /** The lines, each on its own. For snapshots. */
  toString(): string
}

/** Entries are dropped so many at a time. */
const BLOCK = 1_000

/** @internal The journal that a simulation writes. */
export class WrittenJournal implements Journal {
  /** The one thing to see from outside, so that comparisons of two journals compare what they say. */
  declare readonly lines: readonly string[]
  readonly #clock: Clock
  readonly #keep: number
  readonly #dropped: Hash = createHash('sha256')
  #entries: JournalEntry[] = []
  #length = 0

  constructor(clock: Clock, keep: number) {
    this.#clock = clock
    this.#keep = keep
    Object.defineProperty(this, 'lines', { enumerable: true, get: () => this.entries.map(line) })
  }

  get nowMs(): number {
    return this.#clock.now()
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries.slice(-this.#keep)
  }

  get length(): number {
    return this.#length
  }

  hash(): string {
    const hash = this.#dropped.copy()
    return hash.update(text(this.#entries)).digest('hex')
  }

  toString(): string {
    return this.lines.join('\n')
  }

  note(subject: JournalSubject, text: string): void {
    this.#entries.push({ atMs: this.#clock.now(), subject, text })
    this.#length++
    if (this.#entries.length >= this.#keep + BLOCK) this.#drop()
  }

  #drop(): void {
    this.#dropped.update(text(this.#entries.slice(0, BLOCK)))
    this.#entries = this.#entries.slice(BLOCK)
  }
}

/** What is hashed: each line with its end. */
function text(entries: readonly JournalEntry[]): string {
  return entries.map((entry) => `${line(entry)}\n`).join('')
}

function line({ atMs, text }: JournalEntry): string {
  return `${atMs.toFixed(3).padStart(12)} ms  ${text}`
}
