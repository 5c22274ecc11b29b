import { DynamicTable, ENTRY_OVERHEAD } from './dynamic-table.ts'
import { ErrorCode, Http2Fault } from './error-codes.ts'
import { FieldBlock } from './field-block.ts'
import { FieldEntry, STATIC_TABLE } from './field-entry.ts'
import { type CheckedName, checkName, isPlainValue, valueFlaw } from './field-rules.ts'
import { HAS_CONTROL, huffmanDecode, huffmanRoom, NOT_HUFFMAN } from './huffman-decoder.ts'
import { latin1Text } from './latin1.ts'
import { STATIC_ENTRIES } from './static-table.ts'

export interface FieldBlockLimits {
  /** The size of a field section as RFC 9113 section 6.5.2 counts it: what SETTINGS_MAX_HEADER_LIST_SIZE announces. */
  readonly listBytes: number
  /** Fields of a section, pseudo-header fields among them. */
  readonly fields: number
}

/** The size that both sides' tables have before anyone says otherwise (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096

/** First bits of a representation (RFC 7541 section 6). */
const INDEXED = 0x80
const INCREMENTAL = 0x40
const SIZE_UPDATE = 0x20
const NEVER_INDEXED = 0x10
const HUFFMAN = 0x80

/** RFC 7541 section 4.2: the least size of the time since the last block, and the size from now on. */
const MAX_SIZE_UPDATES = 2

/**
 * Decodes the field blocks of one connection (RFC 7541).
 *
 * What cannot be decoded is a fault of the connection, since the two tables are no longer in step: `decode` throws an
 * `Http2Fault` (COMPRESSION_ERROR), and nothing may be decoded afterwards. A section that is larger than the limits is no
 * fault of the connection, nor is a malformed message: `FieldBlock` says so, and the next block can be decoded. What comes past
 * the limits is not kept. So no block makes more of memory than its own bytes, the limits and the table, whatever it refers to.
 */
export class HpackDecoder {
  readonly #table = new DynamicTable<FieldEntry>(DEFAULT_TABLE_BYTES)
  readonly #limits: FieldBlockLimits
  /** What the peer may choose as the size of the table. */
  #maxTableBytes = DEFAULT_TABLE_BYTES
  /** The peer knows of a lower limit than the size that it chose, so that its next block must begin with another size. */
  #awaitsUpdate = false
  #bytes: Buffer = NOTHING
  #at = 0
  #end = 0

  constructor(limits: FieldBlockLimits) {
    this.#limits = limits
  }

  /** Bytes of the dynamic table, as RFC 7541 section 4.1 counts them. */
  get tableBytes(): number {
    return this.#table.bytes
  }

  /** Entries of the dynamic table. */
  get tableEntries(): number {
    return this.#table.count
  }

  /** The most that the peer may use for its table. To be called when it has acknowledged our SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(bytes: number): void {
    this.#maxTableBytes = bytes
    this.#awaitsUpdate = bytes < this.#table.capacity
  }

  /** Decodes a whole block: `bytes` from `from` up to `to`. They are not needed afterwards. */
  decode(bytes: Buffer, from: number = 0, to: number = bytes.length): FieldBlock {
    const block = new FieldBlock()
    this.#bytes = bytes
    this.#at = from
    this.#end = to
    this.#readSizeUpdates()
    while (this.#at < to) {
      const first = bytes[this.#at++]!
      if (first >= INDEXED) {
        const entry = this.#entry(this.#integer(first & 0x7f, 0x7f))
        if (this.#count(block, entry.size)) block.add(entry)
      } else if (first >= INCREMENTAL) this.#readIndexedLiteral(block, this.#integer(first & 0x3f, 0x3f))
      else if (first >= SIZE_UPDATE)
        throw compressionError('a table size update behind the beginning of a block')
      else this.#readLiteral(block, this.#integer(first & 0x0f, 0x0f), first >= NEVER_INDEXED)
    }
    this.#bytes = NOTHING
    text.bytes = NOTHING
    block.end()
    return block
  }

  #readSizeUpdates(): void {
    const bytes = this.#bytes
    let updates = 0
    while (this.#at < this.#end && (bytes[this.#at]! & 0xe0) === SIZE_UPDATE) {
      if (++updates > MAX_SIZE_UPDATES) throw compressionError('more than two table size updates')
      const size = this.#integer(bytes[this.#at++]! & 0x1f, 0x1f)
      if (size > this.#maxTableBytes)
        throw compressionError(`a table of more than ${this.#maxTableBytes} bytes`)
      this.#table.capacity = size
      this.#awaitsUpdate = false
    }
    if (this.#awaitsUpdate) throw compressionError('no table size update after the limit was lowered')
  }

  /** A literal that goes into the table (section 6.2.1). */
  #readIndexedLiteral(block: FieldBlock, nameIndex: number): void {
    const name = nameIndex === 0 ? this.#name() : this.#entry(nameIndex)
    const entry = this.#literal(name)
    this.#table.add(entry)
    if (this.#count(block, entry.size)) block.add(entry)
  }

  /** A literal that does not (sections 6.2.2 and 6.2.3). */
  #readLiteral(block: FieldBlock, nameIndex: number, neverIndexed: boolean): void {
    const name = nameIndex === 0 ? this.#name() : this.#entry(nameIndex)
    const from = this.#readString()
    // Not made where it is not kept.
    if (!this.#count(block, name.name.length + text.to - from + ENTRY_OVERHEAD)) return
    block.add(entryOf(name, from))
    if (!neverIndexed) return
    block.neverIndexed ??= []
    block.neverIndexed.push(name.name)
  }

  #literal(name: CheckedName): FieldEntry {
    return entryOf(name, this.#readString())
  }

  #name(): CheckedName {
    const from = this.#readString()
    return checkName(latin1Text(text.bytes, from, text.to))
  }

  /** Counts a field of this size. Returns whether the section is still within the limits. */
  #count(block: FieldBlock, size: number): boolean {
    block.size += size
    block.count++
    if (block.size <= this.#limits.listBytes && block.count <= this.#limits.fields) return true
    block.tooLarge = true
    return false
  }

  #entry(index: number): FieldEntry {
    const entry =
      index <= STATIC_ENTRIES ? STATIC_TABLE[index - 1] : this.#table.at(index - STATIC_ENTRIES - 1)
    if (entry === undefined) throw compressionError(`the index ${index}, which is of no entry`)
    return entry
  }

  /**
   * An integer (section 5.1) whose first bits are `first`, of which `max` are all. Up to four bytes may follow: that is more than
   * anything here can be, and all that 32 bits can hold.
   */
  #integer(first: number, max: number): number {
    if (first < max) return first
    const bytes = this.#bytes
    let value = max
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) throw compressionError('an integer that breaks off')
      const byte = bytes[this.#at++]!
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw compressionError('an integer that is too large')
  }

  /** Reads a string (section 5.2) into `text`, and returns where it begins there. */
  #readString(): number {
    if (this.#at >= this.#end) throw compressionError('a literal that breaks off')
    const first = this.#bytes[this.#at++]!
    const length = this.#integer(first & 0x7f, 0x7f)
    const from = this.#at
    const to = from + length
    if (to > this.#end) throw compressionError('a string that is longer than its block')
    this.#at = to
    if (first < HUFFMAN) {
      text.bytes = this.#bytes
      text.to = to
      text.hasControl = !isPlainValue(this.#bytes, from, to)
      return from
    }
    const room = huffmanRoom(length)
    if (scratch.length < room) scratch = Buffer.allocUnsafeSlow(room * 2)
    const decoded = huffmanDecode(this.#bytes, from, to, scratch)
    if (decoded === NOT_HUFFMAN) throw compressionError('a string that is no Huffman code')
    text.bytes = scratch
    text.to = decoded & ~HAS_CONTROL
    text.hasControl = (decoded & HAS_CONTROL) !== 0
    return 0
  }
}

const NOTHING: Buffer = Buffer.alloc(0)

/** Where strings are decoded to. There is one for all connections, as large as the largest string so far. */
let scratch = Buffer.allocUnsafeSlow(4096)

/** The string that was read last. There is one for all connections: it is set and read within one event. */
const text = { bytes: NOTHING, to: 0, hasControl: false }

/** The field of this name, with the value that was read last. */
function entryOf(name: CheckedName, from: number): FieldEntry {
  const { bytes, to, hasControl } = text
  const flaw = hasControl ? 'a control character in a field value' : valueFlaw(name, bytes, from, to)
  return new FieldEntry(name, latin1Text(bytes, from, to), flaw)
}

function compressionError(what: string): Http2Fault {
  return new Http2Fault(ErrorCode.COMPRESSION_ERROR, `a field block with ${what}`)
}
