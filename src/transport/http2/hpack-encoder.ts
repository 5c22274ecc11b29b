import type { HeaderList } from '../../core/headers.ts'
import { DynamicTable, ENTRY_OVERHEAD, type Sized } from './dynamic-table.ts'
import { DEFAULT_TABLE_BYTES } from './hpack-decoder.ts'
import { Indexing, KNOWN_NAMES } from './indexing-policy.ts'
import type { OutputBuffer } from './output-buffer.ts'
import { STATIC_ENTRIES } from './static-table.ts'
import { writeHuffmanString, writeInteger, writePlainString } from './string-literal.ts'

/** An entry of the table, and its neighbours among those of the same name. */
interface Entry extends Sized {
  readonly value: string
  readonly of: NameUse
  /** Entries are numbered in the order in which they were added. */
  readonly serial: number
  newer: Entry | undefined
  older: Entry | undefined
}

/** What the encoder has learnt of a name. */
interface NameUse {
  newest: Entry | undefined
  /** Values that came and were in no table, since the last that was in one. */
  misses: number
}

/** Entries of one name that are compared with a value. */
const MAX_COMPARED = 8
/** So many new values in a row, and a name is taken for one whose values do not repeat. */
const CHANGES_AFTER = 8
/** Of the values of such a name, one in so many still goes into the table: things change. */
const RETRY_EVERY = 16
/** From so many names on, those without an entry are forgotten. In a table of the usual size, half as many can have one. */
const MANY_LEARNT = 256
/** An index or the length of a value takes so many bytes at most. */
const MOST_PER_INTEGER = 5

/**
 * Encodes the field blocks of one connection (RFC 7541).
 *
 * A field goes into the table unless it is a secret, or its name's values were seen to change from message to message: then
 * it would only push out what repeats. What goes into the table is written in Huffman code, since that is paid for once.
 *
 * Strings are bytes in latin1 and names are in lower case, both valid: the encoder does not check what `HeaderList` did.
 */
export class HpackEncoder {
  readonly #table: DynamicTable<Entry>
  readonly #ownBytes: number
  /** By the id of the known name. */
  readonly #known: (NameUse | undefined)[] = []
  #learnt: Map<string, NameUse> | undefined
  #serial = 0
  /** The smallest size that the table was to have since the last block; -1 if the peer knows its size. */
  #smallest = -1

  /** `tableBytes`: the most that this side spends on the table, whatever the peer would allow. */
  constructor(tableBytes: number = DEFAULT_TABLE_BYTES) {
    this.#ownBytes = tableBytes
    this.#table = new DynamicTable<Entry>(DEFAULT_TABLE_BYTES, unlink)
    this.limitTable(DEFAULT_TABLE_BYTES)
  }

  /** Bytes of the dynamic table, as RFC 7541 section 4.1 counts them. */
  get tableBytes(): number {
    return this.#table.bytes
  }

  /** Names that are not known from the start, and of which something was learnt. */
  get learntNames(): number {
    return this.#learnt?.size ?? 0
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE: the most that its table may have. */
  limitTable(bytes: number): void {
    const size = Math.min(bytes, this.#ownBytes)
    if (size === this.#table.capacity) return
    this.#table.capacity = size
    this.#smallest = this.#smallest < 0 ? size : Math.min(this.#smallest, size)
  }

  /** Begins a block. Each block that is begun must reach the peer, in this order: the tables depend on it. */
  begin(out: OutputBuffer): void {
    if (this.#smallest < 0) return
    out.reserve(2 * MOST_PER_INTEGER)
    const { capacity } = this.#table
    if (this.#smallest < capacity) writeInteger(out, 0x20, 0x1f, this.#smallest)
    writeInteger(out, 0x20, 0x1f, capacity)
    this.#smallest = -1
  }

  /** Writes every field of a list but those of the `dropped` kinds. */
  fields(out: OutputBuffer, list: HeaderList, dropped: number): void {
    const { fields, values } = list
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!
      if ((field.kind & dropped) === 0) this.field(out, field.lower, values[i]!)
    }
  }

  /** Writes one field. A `secret` one goes into no table, at any hop, as the names that are known to be secrets do not. */
  field(out: OutputBuffer, name: string, value: string, secret: boolean = false): void {
    out.reserve(MOST_PER_INTEGER)
    const known = KNOWN_NAMES.get(name)
    let nameIndex = 0
    let use: NameUse | undefined
    let indexing: number = Indexing.table
    if (known !== undefined) {
      const { staticIndex, staticValues } = known
      for (let i = 0; i < staticValues.length; i++) {
        if (staticValues[i] !== value) continue
        writeInteger(out, 0x80, 0x7f, staticIndex + i)
        return
      }
      nameIndex = staticIndex
      indexing = known.indexing
      use = this.#known[known.id]
    } else use = this.#learnt?.get(name)
    if (secret) indexing = Indexing.never

    if (use?.newest !== undefined && indexing !== Indexing.never) {
      const entry = find(use, value)
      if (entry !== undefined) {
        use.misses = 0
        writeInteger(out, 0x80, 0x7f, this.#index(entry))
        return
      }
    }
    if (nameIndex === 0 && use?.newest !== undefined) nameIndex = this.#index(use.newest)

    if (indexing === Indexing.table) {
      use ??= known === undefined ? this.#learn(name) : this.#use(known.id)
      const size = name.length + value.length + ENTRY_OVERHEAD
      if (isWorthATry(use) && size <= this.#table.capacity / 2) {
        writeInteger(out, 0x40, 0x3f, nameIndex)
        if (nameIndex === 0) writeHuffmanString(out, name)
        writeHuffmanString(out, value)
        this.#add(use, value, size)
        return
      }
    }
    writeInteger(out, indexing === Indexing.never ? 0x10 : 0x00, 0x0f, nameIndex)
    if (nameIndex === 0) writeHuffmanString(out, name)
    writePlainString(out, value)
  }

  #index({ serial }: Entry): number {
    return STATIC_ENTRIES + this.#serial - serial
  }

  #use(id: number): NameUse {
    const use: NameUse = { newest: undefined, misses: 0 }
    // No holes: they would make the array slow.
    while (this.#known.length <= id) this.#known.push(undefined)
    this.#known[id] = use
    return use
  }

  #learn(name: string): NameUse {
    this.#learnt ??= new Map()
    // Each time, half of them at least can be forgotten.
    if (this.#learnt.size >= Math.max(MANY_LEARNT, 2 * this.#table.count)) {
      for (const [key, { newest }] of this.#learnt) if (newest === undefined) this.#learnt.delete(key)
    }
    const use: NameUse = { newest: undefined, misses: 0 }
    this.#learnt.set(owned(name), use)
    return use
  }

  #add(use: NameUse, value: string, size: number): void {
    const entry: Entry = {
      value: owned(value),
      of: use,
      serial: this.#serial++,
      newer: undefined,
      older: undefined,
      size,
    }
    // This may evict entries of the same name, so they are joined afterwards.
    this.#table.add(entry)
    entry.older = use.newest
    if (use.newest !== undefined) use.newest.newer = entry
    use.newest = entry
  }
}

function find(use: NameUse, value: string): Entry | undefined {
  let entry = use.newest
  for (let i = 0; entry !== undefined && i < MAX_COMPARED; i++) {
    if (entry.value === value) return entry
    entry = entry.older
  }
  return undefined
}

/** Whether another value of this name may push something out of the table. */
function isWorthATry(use: NameUse): boolean {
  const misses = use.misses++
  return misses < CHANGES_AFTER || misses % RETRY_EVERY === 0
}

/** An entry that is evicted is the oldest of all, and so of its name. */
function unlink({ of, newer }: Entry): void {
  if (newer === undefined) of.newest = undefined
  else newer.older = undefined
}

/** A copy: a value that was cut out of a head would keep the whole head alive for as long as it is in the table. */
function owned(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
