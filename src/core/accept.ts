/** A media type, or a range of them, in lower case but for the values of its parameters. */
export interface MediaType {
  readonly type: string
  readonly subtype: string
  readonly parameters: ReadonlyMap<string, string>
}

/** An element of `Accept`. */
interface MediaRange extends MediaType {
  readonly q: number
}

/** How much a client wants a media type. */
export interface Preference {
  /** From 0 (not at all) to 1. */
  readonly q: number
  /** Whether the client has named the type, or its first half, and not only said that it takes anything. */
  readonly named: boolean
}

/** What is looked at of a field, so that a long one costs no more. Browsers send 150 characters. */
const MAX_LENGTH = 1_000

/**
 * What a client says of media types (RFC 9110 section 12.5.1). Without the field, or where nothing in it makes sense, it takes
 * anything.
 */
export class Accept {
  readonly #ranges: readonly MediaRange[]

  constructor(field: string | undefined) {
    const ranges = field === undefined ? [] : rangesOf(field.slice(0, MAX_LENGTH))
    this.#ranges = ranges.length > 0 ? ranges : [ANYTHING]
  }

  /** By the range that fits the type most closely. */
  preference(offered: MediaType): Preference {
    let q = 0
    let closest = -1
    for (const range of this.#ranges) {
      const closeness = closenessOf(range, offered)
      if (closeness <= closest) continue
      closest = closeness
      q = range.q
    }
    return { q, named: closest > 0 }
  }
}

/** A media type as `Content-Type` has it; `undefined` for what is none. */
export function mediaType(text: string): MediaType | undefined {
  const found = TYPE.exec(text)
  if (found === null || found[1] === '*' || found[2] === '*') return undefined
  return rangeOf(found)
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const VISIBLE = '\\x21-\\x7e\\x80-\\xff'
/** Within quotes, as it is (RFC 9110 section 5.6.4). */
const TEXT = '[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]'
const PARAMETER = `[ \\t]*;[ \\t]*(${TOKEN})=(?:(${TOKEN})|"((?:${TEXT}|\\\\[\\t ${VISIBLE}])*)")`
const PARAMETERS = new RegExp(PARAMETER, 'g')
const RANGE = `[ \\t]*(${TOKEN})/(${TOKEN})((?:${PARAMETER.replaceAll(/\((?!\?)/g, '(?:')})*)[ \\t]*`
const TYPE = new RegExp(`^${RANGE}$`)
const ELEMENT = new RegExp(`${RANGE}(?:,|$)`, 'y')
const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

const ANYTHING: MediaRange = { type: '*', subtype: '*', parameters: new Map(), q: 1 }

/** How many things of the range say that the type is meant; -1 where one says that it is not. */
function closenessOf(range: MediaRange, { type, subtype, parameters }: MediaType): number {
  if (range.type === '*') return range.subtype === '*' ? 0 : -1
  if (range.type !== type) return -1
  if (range.subtype === '*') return 1
  if (range.subtype !== subtype) return -1
  for (const [name, value] of range.parameters)
    if (parameters.get(name)?.toLowerCase() !== value.toLowerCase()) return -1
  return 2 + range.parameters.size
}

/** What is malformed is left out. */
function rangesOf(field: string): MediaRange[] {
  const ranges: MediaRange[] = []
  let at = 0
  while (at < field.length) {
    ELEMENT.lastIndex = at
    const found = ELEMENT.exec(field)
    if (found === null) {
      const comma = field.indexOf(',', at)
      if (comma < 0) break
      at = comma + 1
      continue
    }
    at = ELEMENT.lastIndex
    const range = rangeOf(found)
    if (!Number.isNaN(range.q)) ranges.push(range)
  }
  return ranges
}

function rangeOf([, type, subtype, rest]: RegExpExecArray): MediaRange {
  const parameters = new Map<string, string>()
  let q = 1
  for (const [, name, token, quoted] of rest!.matchAll(PARAMETERS)) {
    const value = token ?? quoted!.replaceAll(/\\(.)/g, '$1')
    if (name!.toLowerCase() === 'q') {
      q = WEIGHT.test(value) ? Number(value) : Number.NaN
      // What follows the weight is an extension that nobody has ever used; RFC 9110 knows none.
      break
    }
    parameters.set(name!.toLowerCase(), value)
  }
  return { type: type!.toLowerCase(), subtype: subtype!.toLowerCase(), parameters, q }
}
