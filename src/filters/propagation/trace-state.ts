import { createTraceState, type TraceState } from '@opentelemetry/api'
import { trimWhiteSpace } from '../../core/headers.ts'

const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const MAX_MEMBERS = 32
/** So much is passed on by everyone (section 3.3.1.5), and what is longer is cut. */
const MAX_LENGTH = 512
/** Longer members are the first to go. */
const LONG = 128

/**
 * The lines of a `tracestate` as one: members without white space between them, those that are left out where all together
 * are too long. `undefined` where nothing is left, and where it is wrong in any part: a list of which some is not understood
 * is nobody's.
 */
export function normalTraceState(lines: readonly string[]): string | undefined {
  const members: string[] = []
  const keys = new Set<string>()
  for (const line of lines)
    for (const part of line.split(',')) {
      const from = trimWhiteSpace(part)
      if (from === '') continue
      const equals = from.indexOf('=')
      const key = from.slice(0, Math.max(equals, 0))
      if (members.length === MAX_MEMBERS || keys.has(key)) return undefined
      if (!KEY.test(key) || !VALUE.test(from.slice(equals + 1))) return undefined
      keys.add(key)
      members.push(from)
    }
  return members.length === 0 ? undefined : withinLength(members)
}

/** Whole members go: the longest sort first, then from the end, and only as many as must. */
function withinLength(members: readonly string[]): string | undefined {
  const kept = [...members]
  let length = members.reduce((sum, member) => sum + member.length + 1, -1)
  const cut = (least: number): void => {
    for (let at = kept.length - 1; at >= 0 && length > MAX_LENGTH; at--) {
      if (kept[at]!.length <= least) continue
      length -= kept[at]!.length + 1
      kept.splice(at, 1)
    }
  }
  cut(LONG)
  cut(0)
  return kept.length === 0 ? undefined : kept.join(',')
}

/** What a client's `tracestate` says, for samplers: taken apart only when one of them asks. */
export class KeptTraceState implements TraceState {
  readonly #text: string
  #parsed: TraceState | undefined

  /** `text` is one that `normalTraceState` has given. */
  constructor(text: string) {
    this.#text = text
  }

  get(key: string): string | undefined {
    return this.#members().get(key)
  }

  set(key: string, value: string): TraceState {
    return this.#members().set(key, value)
  }

  unset(key: string): TraceState {
    return this.#members().unset(key)
  }

  serialize(): string {
    return this.#text
  }

  #members(): TraceState {
    this.#parsed ??= createTraceState(this.#text)
    return this.#parsed
  }
}
