import { FieldKind, type FieldName, fieldName, knownFieldName } from './field-name.ts'
import { invalidOption } from './options.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 9110 section 5.5: visible characters, obs-text, space and tab; no white space at the ends. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/

/**
 * The field lines of a message as the parser has found and checked them: `text` from `from` up to `to`, each line ended by
 * CR LF, with a colon behind a token, and without a CR or LF elsewhere.
 */
export interface FieldSection {
  readonly text: string
  readonly from: number
  readonly to: number
  readonly count: number
  /** The kinds of all lines together. */
  readonly kinds: number
  /** Three numbers for each line that is of a kind, or is not written as we would: its start, its end, its kind. */
  readonly marked: readonly number[]
}

function sectionLines({ text, from, to, marked }: FieldSection, dropped: number): string {
  let lines = ''
  let at = from
  for (let mark = 0; mark < marked.length; mark += 3) {
    const start = marked[mark]!
    const end = marked[mark + 1]!
    const kind = marked[mark + 2]!
    const drop = (kind & dropped) !== 0
    if (!drop && (kind & FieldKind.unusual) === 0) continue
    if (at < start) lines += text.substring(at, start)
    if (!drop) {
      const colon = text.indexOf(':', start)
      lines += `${text.substring(start, colon)}: ${trimWhiteSpace(text, colon + 1, end - 2)}\r\n`
    }
    at = end
  }
  return at < to ? lines + text.substring(at, to) : lines
}

/** A section with one more line. */
function longer({ text, from, to, count, kinds, marked }: FieldSection, field: FieldName, value: string) {
  const { wire, kind } = field
  const longerText = `${to === text.length ? text : text.substring(0, to)}${wire}: ${value}\r\n`
  const end = longerText.length
  return {
    text: longerText,
    from,
    to: end,
    count: count + 1,
    kinds: kinds | kind,
    marked: kind === 0 ? marked : [...marked, to, end, kind],
  }
}

/** A section without the lines of some kinds, which are added to `taken`. */
function shorter(
  { text, from, to, count, marked }: FieldSection,
  dropped: number,
  taken: [name: string, value: string][],
): FieldSection {
  const marks: number[] = []
  let lines = ''
  let at = from
  let kinds = 0
  for (let mark = 0; mark < marked.length; mark += 3) {
    const start = marked[mark]!
    const end = marked[mark + 1]!
    const kind = marked[mark + 2]!
    if ((kind & dropped) === 0) {
      const moved = lines.length - at
      marks.push(start + moved, end + moved, kind)
      kinds |= kind
      continue
    }
    lines += text.substring(at, start)
    at = end
    const colon = text.indexOf(':', start)
    taken.push([lowerName(text.substring(start, colon)), trimWhiteSpace(text, colon + 1, end - 2)])
  }
  lines += text.substring(at, to)
  return { text: lines, from: 0, to: lines.length, count: count - taken.length, kinds, marked: marks }
}

/**
 * A part of a text without the spaces and tabs around it (RFC 9110 section 5.6.3). `trim` would take 0xA0 too, which is text
 * here.
 */
export function trimWhiteSpace(text: string, from: number = 0, to: number = text.length): string {
  let start = from
  let end = to
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start++
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--
  return text.substring(start, end)
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** What a list of fields can be made from: another list, pairs in order, or an object of values. */
export type HeadersInit =
  | HeaderList
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[]>>

/**
 * The header section of a message: one flat list of fields in wire order, names in the case they were sent in.
 *
 * Look-ups ignore case. A field that stands on several lines stays on several lines; `get` joins them with a
 * comma, except for `Set-Cookie`, for which it gives the first (use `getAll`).
 *
 * Names and values are checked when they are set (RFC 9110 section 5): a bad one throws `ERR_OPTION_INVALID`,
 * so that no filter can write a message that the next recipient would read differently.
 */
export class HeaderList implements Iterable<[name: string, value: string]> {
  /** Parallel arrays. Empty as long as the list is still the section that it was parsed from. */
  #fields: FieldName[] = []
  #values: string[] = []
  #section: FieldSection | undefined

  /** @internal A list of a section that the parser has checked. Its fields are only told apart when someone asks. */
  static parsed(section: FieldSection): HeaderList {
    const list = new HeaderList()
    list.#section = section
    return list
  }

  /** @internal A list of fields that were checked, in wire order. The arrays are the list's from now on. */
  static of(fields: FieldName[], values: string[]): HeaderList {
    const list = new HeaderList()
    list.#fields = fields
    list.#values = values
    return list
  }

  /** A list of its own of what is given; empty for `undefined`. Bad names and values throw `ERR_OPTION_INVALID`. */
  static from(init: HeadersInit | undefined): HeaderList {
    if (init instanceof HeaderList) return init.clone()
    const list = new HeaderList()
    if (init === undefined) return list
    const entries = Symbol.iterator in init ? init : Object.entries(init)
    for (const [name, value] of entries as Iterable<[string, string | readonly string[]]>) {
      if (Array.isArray(value)) for (const one of value as readonly string[]) list.append(name, one)
      else list.append(name, value as string)
    }
    return list
  }

  /** Number of field lines. */
  get size(): number {
    return this.#section?.count ?? this.#fields.length
  }

  /** @internal The names, in wire order. */
  get fields(): readonly FieldName[] {
    if (this.#section !== undefined) this.#tellApart(this.#section)
    return this.#fields
  }

  /** @internal The values, in wire order. */
  get values(): readonly string[] {
    if (this.#section !== undefined) this.#tellApart(this.#section)
    return this.#values
  }

  /** @internal Whether a field of one of these kinds is there. */
  hasKind(kinds: number): boolean {
    if (this.#section !== undefined) return (this.#section.kinds & kinds) !== 0
    const fields = this.#fields
    for (let i = 0; i < fields.length; i++) if ((fields[i]!.kind & kinds) !== 0) return true
    return false
  }

  /**
   * @internal The field lines as they go to the next hop, in their order, without those of the `dropped` kinds. Where the
   * list is still as it was parsed, runs of lines that are kept are copied as one: each was checked to be just what would
   * be written for it.
   */
  lines(dropped: number): string {
    if (this.#section !== undefined) return sectionLines(this.#section, dropped)
    const fields = this.#fields
    const values = this.#values
    let lines = ''
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!
      if ((field.kind & dropped) === 0) lines += `${field.wire}: ${values[i]!}\r\n`
    }
    return lines
  }

  /** The value; several lines are joined with `, `. `undefined` when there is none. */
  get(name: string): string | undefined {
    const lower = lowerName(name)
    const { fields, values } = this
    let found: string | undefined
    for (let i = 0; i < fields.length; i++) {
      if (fields[i]!.lower !== lower) continue
      if (found === undefined) found = values[i]!
      else if (lower !== 'set-cookie') found += `, ${values[i]!}`
    }
    return found
  }

  /** The value of each line, in wire order. */
  getAll(name: string): string[] {
    const lower = lowerName(name)
    return this.values.filter((_, i) => this.fields[i]!.lower === lower)
  }

  /** Whether a line of this name is there. */
  has(name: string): boolean {
    const lower = lowerName(name)
    const { fields } = this
    for (let i = 0; i < fields.length; i++) if (fields[i]!.lower === lower) return true
    return false
  }

  /** Replaces every line of this name by one, where the first of them stood; adds it at the end when there was none. */
  set(name: string, value: string): this {
    const field = checkedName(name)
    const checked = checkedValue(name, value)
    const [fields, values] = this.#forChange()
    for (let i = 0; i < fields.length; i++) {
      if (fields[i]!.lower !== field.lower) continue
      fields[i] = field
      values[i] = checked
      this.#removeFrom(i + 1, field.lower)
      return this
    }
    fields.push(field)
    values.push(checked)
    return this
  }

  /** Adds a line at the end. */
  append(name: string, value: string): this {
    const field = checkedName(name)
    this.appendOwn(field, checkedValue(name, value))
    return this
  }

  /** @internal Adds a line at the end, whose value is of our own making: it is not checked. */
  appendOwn(field: FieldName, value: string): void {
    if (this.#section !== undefined) this.#section = longer(this.#section, field, value)
    else {
      this.#fields.push(field)
      this.#values.push(value)
    }
  }

  /** Removes every line of this name. */
  delete(name: string): this {
    this.#forChange()
    this.#removeFrom(0, lowerName(name))
    return this
  }

  /** @internal Removes every line of these kinds, and gives their names in lower case with their values, in wire order. */
  takeKinds(kinds: number): [name: string, value: string][] {
    const taken: [string, string][] = []
    if (this.#section !== undefined) {
      this.#section = shorter(this.#section, kinds, taken)
      return taken
    }
    const fields = this.#fields
    const values = this.#values
    let kept = 0
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!
      if ((field.kind & kinds) !== 0) taken.push([field.lower, values[i]!])
      else {
        fields[kept] = field
        values[kept] = values[i]!
        kept++
      }
    }
    fields.length = kept
    values.length = kept
    return taken
  }

  /** A copy; neither sees later changes of the other. */
  clone(): HeaderList {
    const copy = new HeaderList()
    copy.#section = this.#section
    const fields = this.#fields
    const values = this.#values
    for (let i = 0; i < fields.length; i++) {
      copy.#fields.push(fields[i]!)
      copy.#values.push(values[i]!)
    }
    return copy
  }

  *[Symbol.iterator](): Generator<[name: string, value: string], void, undefined> {
    const { fields, values } = this
    for (let i = 0; i < fields.length; i++) yield [fields[i]!.wire, values[i]!]
  }

  toJSON(): [string, string][] {
    return [...this]
  }

  /** The arrays, which from now on are the list. */
  #forChange(): [fields: FieldName[], values: string[]] {
    if (this.#section !== undefined) this.#tellApart(this.#section)
    return [this.#fields, this.#values]
  }

  #tellApart(section: FieldSection): void {
    this.#section = undefined
    const { text, from, to } = section
    let at = from
    while (at < to) {
      const end = text.indexOf('\r', at)
      const colon = text.indexOf(':', at)
      this.#fields.push(fieldName(text.substring(at, colon)))
      this.#values.push(trimWhiteSpace(text, colon + 1, end))
      at = end + 2
    }
  }

  #removeFrom(start: number, lower: string): void {
    const fields = this.#fields
    const values = this.#values
    let kept = start
    for (let i = start; i < fields.length; i++) {
      if (fields[i]!.lower === lower) continue
      fields[kept] = fields[i]!
      values[kept] = values[i]!
      kept++
    }
    fields.length = kept
    values.length = kept
  }
}

function lowerName(name: string): string {
  return knownFieldName(name)?.lower ?? name.toLowerCase()
}

function checkedName(name: string): FieldName {
  const found = knownFieldName(name)
  if (found !== undefined) return found
  if (!isFieldName(name)) throw invalidOption('headers', 'name', 'a token (RFC 9110 section 5.6.2)', name)
  return fieldName(name)
}

/** Whether a text can be the value of a field as it stands: no line breaks, no other control characters, no outer white space. */
export function isFieldValue(value: unknown): value is string {
  return typeof value === 'string' && VALUE.test(value)
}

/** Whether a text can be the name of a field. */
export function isFieldName(name: unknown): name is string {
  return typeof name === 'string' && TOKEN.test(name)
}

function checkedValue(name: string, value: string): string {
  if (!isFieldValue(value)) {
    throw invalidOption(
      'headers',
      name,
      'a field value without control characters or outer white space (RFC 9110 section 5.5)',
      value,
    )
  }
  return value
}

/** Whether a comma-separated field value holds this token. The token is given in lower case. */
export function listHasToken(value: string, token: string): boolean {
  if (value.length === token.length) return value.toLowerCase() === token
  for (const part of value.split(',')) if (trimWhiteSpace(part).toLowerCase() === token) return true
  return false
}
