import { FIELD_KINDS, FieldKind, fieldName } from '../../core/field-name.ts'
import { HeaderList } from '../../core/headers.ts'

/** What a byte may be part of (RFC 9110 section 5, RFC 9112 section 3.2, RFC 3986). Bits, looked up by the byte. */
export const TOKEN = 1
export const FIELD_VALUE = 2
export const TARGET = 4
const WHITE_SPACE = 8
/** No byte is of this class. */
export const NO_BYTE = 0

const BYTES = new Uint8Array(256)
for (let byte = 0x21; byte <= 0x7e; byte++) {
  BYTES[byte] = FIELD_VALUE
  // Browsers send `|`, `^`, `{`, `}`, `` ` ``, `[` and `]` unencoded in queries. `#` never belongs in a target; `"`, `<`,
  // `>` and `\` are encoded by every client, and a raw backslash is a slash to some services.
  if (!'"<>\\#'.includes(String.fromCharCode(byte))) BYTES[byte]! |= TARGET
  if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte))) BYTES[byte]! |= TOKEN
}
for (let byte = 0x80; byte <= 0xff; byte++) BYTES[byte] = FIELD_VALUE
BYTES[0x20] = FIELD_VALUE | WHITE_SPACE
BYTES[0x09] = FIELD_VALUE | WHITE_SPACE

export const CR = 0x0d
export const LF = 0x0a
const COLON = 0x3a
const TAB = 0x09
const SPACE = 0x20
const HYPHEN = 0x2d
const UNDERSCORE = 0x5f

export function isTokenByte(byte: number): boolean {
  return (BYTES[byte]! & TOKEN) !== 0
}

export function isTargetByte(byte: number): boolean {
  return (BYTES[byte]! & TARGET) !== 0
}

export function isValueByte(byte: number): boolean {
  return (BYTES[byte]! & FIELD_VALUE) !== 0
}

/** Whether each byte from `from` up to `to` is of one of the classes. */
export function areAllOf(classes: number, bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((BYTES[bytes[i]!]! & classes) === 0) return false
  return true
}

/** What is wrong with a message. The caller gives it the error code of its side. */
export class SyntaxFault extends Error {
  readonly kind: 'malformed' | 'too-large' | 'target-too-long' | 'version' | 'coding'

  constructor(kind: SyntaxFault['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

export function malformed(message: string): SyntaxFault {
  return new SyntaxFault('malformed', message)
}

/**
 * What a section that is not complete would take without becoming anything else: at most `room` more bytes, all of the
 * `classes`. Whoever collects the section need not have it read again for those, which keeps a head that drips in byte
 * by byte from being read anew for each byte. There is one for all connections: it is set and read within one event.
 */
export const lull: { classes: number; room: number } = { classes: NO_BYTE, room: 0 }

/** The answer to a section that ends at `end`, before it is complete. It may go on, unless the limit ended it. */
export function incomplete(
  end: number,
  available: number,
  classes: number,
  room: number = Number.POSITIVE_INFINITY,
): undefined {
  if (end < available) throw new SyntaxFault('too-large', 'a head that is larger than the limit')
  lull.classes = classes
  lull.room = room
  return undefined
}

/** Numbers that are kept of each marked line. */
const STRIDE = 6

/**
 * The field lines of one section, found by one pass over its bytes. Only those lines are noted that mean something to the
 * engine, or that are not written as it would write them. No string is made before the section is complete and
 * well-formed. There is one of these for all connections: it is filled and read within one event.
 */
export class FieldLines {
  /** For each marked line its start, the end of its name, the start and end of its value, its end, and its kind. */
  readonly #marks: number[] = []
  #used = 0
  #kinds = 0
  #count = 0
  #from = 0
  #to = 0
  /** After a scan whose bytes ended first: the bytes that would change nothing about it. */
  awaits: number = NO_BYTE

  get count(): number {
    return this.#count
  }

  /** Lines that are of a kind, or not written as usual. Their places are 0 up to this. */
  get marked(): number {
    return this.#used / STRIDE
  }

  /**
   * Scans field lines from `at` up to and including the empty line. Returns the place behind it, or -1 when the bytes
   * end first. A fault depends only on the bytes before it, so it is the same however the bytes are split.
   */
  scan(bytes: Uint8Array, at: number, end: number, maxLines: number): number {
    this.awaits = NO_BYTE
    this.#used = 0
    this.#kinds = 0
    let count = 0
    let i = at
    while (i < end) {
      let byte = bytes[i]!
      if (byte === CR) {
        if (i + 1 >= end) return -1
        if (bytes[i + 1] !== LF) throw malformed('a carriage return without a line feed')
        this.#count = count
        this.#from = at
        this.#to = i
        return i + 2
      }
      if (count >= maxLines) throw new SyntaxFault('too-large', `more than ${maxLines} field lines`)
      const start = i
      while ((BYTES[byte]! & TOKEN) !== 0) {
        if (++i >= end) return this.#wait(TOKEN)
        byte = bytes[i]!
      }
      if (byte !== COLON) throw malformed(lineFault(byte, i === start))
      if (i === start) throw malformed('an empty field name')
      const nameEnd = i
      i++
      while (i < end && (BYTES[bytes[i]!]! & WHITE_SPACE) !== 0) i++
      const valueAt = i
      while (i < end && (BYTES[bytes[i]!]! & FIELD_VALUE) !== 0) i++
      if (i >= end) return this.#wait(FIELD_VALUE)
      if (bytes[i] !== CR) throw malformed(valueFault(bytes[i]!))
      if (i + 1 >= end) return -1
      if (bytes[i + 1] !== LF) throw malformed('a carriage return without a line feed')
      let kind = kindOfName(bytes, start, nameEnd)
      const last = bytes[i - 1]!
      if (valueAt !== nameEnd + 2 || bytes[nameEnd + 1] !== SPACE || (BYTES[last]! & WHITE_SPACE) !== 0)
        kind |= FieldKind.unusual
      if (kind !== 0) this.#mark(bytes, start, nameEnd, valueAt, i, kind)
      i += 2
      count++
    }
    return -1
  }

  kind(line: number): number {
    return this.#marks[line * STRIDE + 5]!
  }

  /** The name of a marked line in lower case. `text` is the head as latin1, `base` the place where it began. */
  lowerName(line: number, text: string, base: number): string {
    const at = line * STRIDE
    return fieldName(text.substring(this.#marks[at]! - base, this.#marks[at + 1]! - base)).lower
  }

  /** The value of a marked line. */
  value(line: number, text: string, base: number): string {
    const at = line * STRIDE
    return text.substring(this.#marks[at + 2]! - base, this.#marks[at + 3]! - base)
  }

  /**
   * Whether the white space behind the value of a marked line has a tab in it. RFC 9110 section 5.5 allows one, but some
   * recipients (llhttp is one) refuse it behind a value that frames the message, and others may take it for a part of it.
   */
  endsInTab(line: number, bytes: Uint8Array): boolean {
    for (let i = this.#marks[line * STRIDE + 3]!; bytes[i] !== CR; i++) if (bytes[i] === TAB) return true
    return false
  }

  /** The scanned lines as a list. */
  list(text: string, base: number): HeaderList {
    const marked: number[] = []
    for (let at = 0; at < this.#used; at += STRIDE) {
      marked.push(this.#marks[at]! - base, this.#marks[at + 4]! - base, this.#marks[at + 5]!)
    }
    return HeaderList.parsed({
      text,
      from: this.#from - base,
      to: this.#to - base,
      count: this.#count,
      kinds: this.#kinds,
      marked,
    })
  }

  #mark(bytes: Uint8Array, start: number, nameEnd: number, valueAt: number, end: number, kind: number): void {
    let last = end
    while (last > valueAt && (BYTES[bytes[last - 1]!]! & WHITE_SPACE) !== 0) last--
    const marks = this.#marks
    const at = this.#used
    marks[at] = start
    marks[at + 1] = nameEnd
    marks[at + 2] = valueAt
    marks[at + 3] = last
    marks[at + 4] = end + 2
    marks[at + 5] = kind
    this.#used = at + STRIDE
    this.#kinds |= kind
  }

  #wait(classes: number): number {
    this.awaits = classes
    return -1
  }
}

interface KnownName {
  readonly lower: Uint8Array
  readonly kind: number
}

/** Known names by their length and first letter: few names share both with one of them. */
const KNOWN_NAMES: (readonly KnownName[] | undefined)[] = []
let longestKnown = 0
for (const [name, kind] of FIELD_KINDS) {
  const lower = Buffer.from(name)
  const shape = (lower.length << 5) | (lower[0]! & 31)
  KNOWN_NAMES[shape] = [...(KNOWN_NAMES[shape] ?? []), { lower, kind }]
  longestKnown = Math.max(longestKnown, lower.length)
}
for (let shape = 0; shape < (longestKnown + 1) << 5; shape++) KNOWN_NAMES[shape] ??= undefined

/** What the name between two places means to the engine. */
function kindOfName(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length > longestKnown) return FieldKind.ordinary
  const known = KNOWN_NAMES[(length << 5) | (bytes[start]! & 31)]
  if (known === undefined) return FieldKind.ordinary
  next: for (const { lower, kind } of known) {
    let disguised = false
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i]!
      // No byte of a token other than an upper-case letter becomes a byte of these names by this bit.
      if ((byte | 0x20) === lower[i]) continue
      if (byte !== UNDERSCORE || lower[i] !== HYPHEN) continue next
      disguised = true
    }
    return disguised ? FieldKind.disguised : kind
  }
  return FieldKind.ordinary
}

function lineFault(byte: number, first: boolean): string {
  if (byte === LF) return 'a line feed without a carriage return'
  if (byte === 0x20 || byte === TAB)
    return first ? 'a folded field line' : 'white space in or behind a field name'
  if (byte === CR) return 'a field line without a colon'
  return 'a field name that is no token'
}

function valueFault(byte: number): string {
  return byte === LF ? 'a line feed without a carriage return' : 'a control character in a field value'
}

/** The length that a `Content-Length` names, read strictly: digits alone, no leading zero, at most 15 of them. */
export function contentLength(value: string): number {
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(value)) throw malformed('a Content-Length that is no plain number')
  return Number(value)
}
