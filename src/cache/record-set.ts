import type { PurgeRecord } from './purge-record.ts'

/** When there are more, one that is about everything takes the place of the older half. */
const MAX_RECORDS = 4_096
/** Characters of all tags and patterns together, of which the same is true. */
const MAX_CHARACTERS = 1_048_576
/** Characters of a tag or a pattern in a record. */
const MAX_VALUE_LENGTH = 8_192

/** Records of purges, of which none is lost: of two about the same thing, the time of the later one is kept. */
export class RecordSet implements Iterable<PurgeRecord> {
  /** By what they are about, the oldest first. */
  readonly #records = new Map<string, PurgeRecord>()
  #characters = 0

  get size(): number {
    return this.#records.size
  }

  [Symbol.iterator](): Iterator<PurgeRecord> {
    return this.#records.values()
  }

  add(record: PurgeRecord): void {
    this.#set(record)
    if (this.size > MAX_RECORDS || this.#characters > MAX_CHARACTERS) this.#joinOlderHalf(record.id)
  }

  #set(record: PurgeRecord): void {
    const name = nameOf(record)
    const before = this.#records.get(name)
    if (before !== undefined) this.#delete(before)
    this.#records.set(name, { ...record, time: Math.max(record.time, before?.time ?? record.time) })
    this.#characters += record.value.length
  }

  #delete(record: PurgeRecord): void {
    this.#records.delete(nameOf(record))
    this.#characters -= record.value.length
  }

  #joinOlderHalf(id: string): void {
    const older = [...this].slice(0, Math.ceil(this.size / 2))
    let [soft, time] = [true, Number.NEGATIVE_INFINITY]
    for (const record of older) {
      soft &&= record.soft
      time = Math.max(time, record.time)
      this.#delete(record)
    }
    this.#set({ kind: 'everything', value: '', soft, time, id: `${id}+` })
  }
}

/** @throws `RangeError` for a record that is too long to be kept. */
export function checkLength({ value }: PurgeRecord): void {
  if (value.length > MAX_VALUE_LENGTH)
    throw new RangeError(`a purge of more than ${MAX_VALUE_LENGTH} characters cannot be kept`)
}

function nameOf({ kind, soft, value }: PurgeRecord): string {
  return `${kind}:${soft ? 1 : 0}:${value}`
}
