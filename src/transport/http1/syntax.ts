import { fieldName, type HeaderList } from '../../core/headers.ts'

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

/** Without the spaces and tabs around it (RFC 9110 section 5.6.3). `trim` would take 0xA0 too, which is text here. */
export function trimWhiteSpace(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isWhiteSpace(text.charCodeAt(from))) from++
  while (to > from && isWhiteSpace(text.charCodeAt(to - 1))) to--
  return text.substring(from, to)
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === TAB
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

/**
 * The places of the field lines of one section, found by one pass over its bytes. No string is made before the section
 * is complete and well-formed. There is one of these for all connections: it is filled and read within one event.
 */
export class FieldLines {
  /** Four numbers a line: start and end of the name, start and end of the value. */
  readonly #marks: number[] = []
  #count = 0
  /** After a scan whose bytes ended first: the bytes that would change nothing about it. */
  awaits: number = NO_BYTE

  get count(): number {
    return this.#count
  }

  /**
   * Scans field lines from `at` up to and including the empty line. Returns the place behind it, or -1 when the bytes
   * end first. A fault depends only on the bytes before it, so it is the same however the bytes are split.
   */
  scan(bytes: Uint8Array, at: number, end: number, maxLines: number): number {
    this.#count = 0
    this.awaits = NO_BYTE
    const marks = this.#marks
    let used = 0
    let i = at
    while (i < end) {
      let byte = bytes[i]!
      if (byte === CR) {
        if (i + 1 >= end) return -1
        if (bytes[i + 1] !== LF) throw malformed('a carriage return without a line feed')
        this.#count = used >> 2
        return i + 2
      }
      if (used >> 2 >= maxLines) throw new SyntaxFault('too-large', `more than ${maxLines} field lines`)
      marks[used] = i
      while ((BYTES[byte]! & TOKEN) !== 0) {
        if (++i >= end) return this.#wait(TOKEN)
        byte = bytes[i]!
      }
      if (byte !== COLON) throw malformed(lineFault(byte, i === marks[used]))
      if (i === marks[used]) throw malformed('an empty field name')
      marks[used + 1] = i
      i++
      while (i < end && (BYTES[bytes[i]!]! & WHITE_SPACE) !== 0) i++
      marks[used + 2] = i
      while (i < end && (BYTES[bytes[i]!]! & FIELD_VALUE) !== 0) i++
      if (i >= end) return this.#wait(FIELD_VALUE)
      if (bytes[i] !== CR) throw malformed(valueFault(bytes[i]!))
      let last = i
      while (last > marks[used + 2]! && (BYTES[bytes[last - 1]!]! & WHITE_SPACE) !== 0) last--
      marks[used + 3] = last
      if (i + 1 >= end) return -1
      if (bytes[i + 1] !== LF) throw malformed('a carriage return without a line feed')
      i += 2
      used += 4
    }
    return -1
  }

  /**
   * Whether the white space behind the value of a scanned line has a tab in it. RFC 9110 section 5.5 allows one, but some
   * recipients (llhttp is one) refuse it behind a value that frames the message, and others may take it for a part of it.
   */
  endsInTab(line: number, bytes: Uint8Array): boolean {
    for (let i = this.#marks[line * 4 + 3]!; bytes[i] !== CR; i++) if (bytes[i] === TAB) return true
    return false
  }

  #wait(classes: number): number {
    this.awaits = classes
    return -1
  }

  /** Adds the scanned lines to a list. `text` is the section as latin1, `base` the place where it began. */
  addTo(list: HeaderList, text: string, base: number): void {
    const marks = this.#marks
    const { fields, values } = list
    for (let mark = 0, end = this.#count << 2; mark < end; mark += 4) {
      fields.push(fieldName(text.substring(marks[mark]! - base, marks[mark + 1]! - base)))
      values.push(text.substring(marks[mark + 2]! - base, marks[mark + 3]! - base))
    }
  }
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
