import { formDecoded } from './form-decoding.ts'
import { parsedJson } from './json-text.ts'
import { bytesOfRecorded } from './recorded-body.ts'
import type { RecordedExchange, RecordedRequest } from './recording-file.ts'
import { REDACTED } from './redacted.ts'

/** A request that is to be answered. */
interface Asked {
  readonly method: string
  readonly target: string
  readonly body: Buffer
}

/** Exchanges of one and the same request, in the order in which they were recorded. */
interface Series {
  readonly request: RecordedRequest
  readonly parts: Parts
  readonly body: Buffer | undefined
  readonly exchanges: RecordedExchange[]
  /** How much fits it. */
  readonly wildness: number
  next: number
}

/** Finds what was recorded of a request. */
export class RecordedRequests {
  readonly #series: readonly Series[]
  /** Those without anything redacted, by method, target and body. */
  readonly #exact: ReadonlyMap<string, Series>
  /** Those with nothing redacted in their target, by method and target. */
  readonly #byTarget: ReadonlyMap<string, readonly Series[]>
  /** All others, by method. */
  readonly #wild: ReadonlyMap<string, readonly Series[]>
  readonly #matchBody: boolean

  constructor(exchanges: readonly RecordedExchange[], matchBody: boolean) {
    this.#matchBody = matchBody
    // What fits more goes last.
    this.#series = seriesOf(exchanges).sort((one, other) => one.wildness - other.wildness)
    const exact = new Map<string, Series>()
    const byTarget = new Map<string, Series[]>()
    const wild = new Map<string, Series[]>()
    for (const series of this.#series) {
      const { request, parts, body } = series
      if (request.target.includes(REDACTED)) {
        group(wild, request.method, series)
        continue
      }
      const key = targetKey(request.method, parts)
      group(byTarget, key, series)
      if (body === undefined || body.includes(REDACTED)) continue
      const whole = bodyKey(key, body)
      if (!exact.has(whole)) exact.set(whole, series)
    }
    this.#exact = exact
    this.#byTarget = byTarget
    this.#wild = wild
  }

  /** The next exchange of the series that the request belongs to. */
  take(asked: Asked): RecordedExchange | undefined {
    const parts = partsOf(asked.target)
    const exact = this.#exact.get(bodyKey(targetKey(asked.method, parts), asked.body))
    const found = exact ?? this.#search(asked, parts)
    if (found === undefined) return undefined
    const { exchanges, next } = found
    found.next = Math.min(next + 1, exchanges.length - 1)
    return exchanges[next]
  }

  /** Whether only the body of a request was recorded in another way. */
  knowsOtherBody({ method, target }: Pick<Asked, 'method' | 'target'>): boolean {
    const parts = partsOf(target)
    const same = this.#byTarget.has(targetKey(method, parts))
    return same || (this.#wild.get(method) ?? []).some((it) => partsFit(it.parts, parts))
  }

  /** The requests that are known, one line each. */
  get known(): readonly string[] {
    return this.#series.map(({ request, exchanges }) => {
      const times = exchanges.length > 1 ? ` (${exchanges.length} times)` : ''
      return `${request.method} ${request.target}${times}`
    })
  }

  #search({ method, body }: Asked, parts: Parts): Series | undefined {
    const same = this.#byTarget.get(targetKey(method, parts)) ?? []
    const wild = (this.#wild.get(method) ?? []).filter((it) => partsFit(it.parts, parts))
    const candidates = [...same, ...wild].sort((one, other) => one.wildness - other.wildness)
    // A body that fits is the best answer also where any will do.
    const fitting = candidates.find((it) => bodyFits(it.body, body))
    return fitting ?? (this.#matchBody ? undefined : candidates[0])
  }
}

function seriesOf(exchanges: readonly RecordedExchange[]): Series[] {
  const known = new Map<string, Series>()
  for (const exchange of exchanges) {
    const { request } = exchange
    const parts = partsOf(request.target)
    const body = bytesOf(request)
    const key = JSON.stringify([targetKey(request.method, parts, asWritten), body?.toString('latin1')])
    const same = known.get(key)
    if (same === undefined)
      known.set(key, {
        request,
        parts,
        body,
        exchanges: [exchange],
        wildness: wildness(request, body),
        next: 0,
      })
    else same.exchanges.push(exchange)
  }
  return [...known.values()]
}

function group(groups: Map<string, Series[]>, key: string, series: Series): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [series])
  else group.push(series)
}

function bytesOf({ body }: RecordedRequest): Buffer | undefined {
  return body === undefined ? Buffer.alloc(0) : bytesOfRecorded(body)
}

/** More than any number of redacted parts. */
const UNKNOWN_BODY = 1_000_000

function wildness(request: RecordedRequest, body: Buffer | undefined): number {
  const parts = request.target.split(REDACTED).length + (body?.toString('latin1').split(REDACTED).length ?? 0)
  return body === undefined ? UNKNOWN_BODY + parts : parts
}

interface Parts {
  readonly path: string
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

function partsOf(target: string): Parts {
  const at = target.indexOf('?')
  if (at < 0) return { path: target, parameters: [] }
  const pairs = target.slice(at + 1).split('&')
  return {
    path: target.slice(0, at),
    parameters: pairs
      .filter((pair) => pair !== '')
      .map((pair) => {
        const equals = pair.indexOf('=')
        return equals < 0
          ? [formDecoded(pair), '']
          : [formDecoded(pair.slice(0, equals)), formDecoded(pair.slice(equals + 1))]
      }),
  }
}

/** The same for all targets that differ in the order of their parameters alone, and in what `write` makes the same. */
function targetKey(method: string, { path, parameters }: Parts, write = comparable): string {
  const pairs = parameters.map(([name, value]) => JSON.stringify([write(name), write(value)]))
  return JSON.stringify([method, path, ...pairs.sort()])
}

function bodyKey(target: string, body: Buffer): string {
  // JSON is compared as a value, everything else byte by byte.
  const text = body.toString('utf8')
  const value = comparable(text)
  return JSON.stringify([target, value === text ? body.toString('latin1') : value])
}

function asWritten(text: string): string {
  return text
}

/** The same for JSON of the same value. Another text stays what it is. */
function comparable(text: string): string {
  const json = parsedJson(text)
  try {
    return json === undefined ? text : `\0${JSON.stringify(json.value, sorted)}`
  } catch {
    // It is nested too deeply.
    return text
  }
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}

function partsFit(known: Parts, { path, parameters }: Parts): boolean {
  if (known.parameters.length !== parameters.length || !textFits(known.path, path)) return false
  const left = [...parameters]
  // Those that fit one value alone choose first.
  const choosy = [...known.parameters].sort(([, one], [, other]) => parts(one) - parts(other))
  return choosy.every(([name, value]) => {
    const at = left.findIndex((it) => textFits(name, it[0]) && textFits(value, it[1]))
    if (at >= 0) left.splice(at, 1)
    return at >= 0
  })
}

function parts(text: string): number {
  return text.split(REDACTED).length
}

function bodyFits(recorded: Buffer | undefined, asked: Buffer): boolean {
  return (
    recorded === undefined ||
    recorded.equals(asked) ||
    textFits(recorded.toString('utf8'), asked.toString('utf8'))
  )
}

/** Whether a text is a recorded one: what was redacted stands for anything, and JSON is compared as a value. */
function textFits(recorded: string, asked: string): boolean {
  if (recorded === asked || patternFits(recorded.split(REDACTED), asked)) return true
  const known = parsedJson(recorded)
  const value = known === undefined ? undefined : parsedJson(asked)
  return known !== undefined && value !== undefined && valueFits(known.value, value.value)
}

/** The parts, in their order, with anything between them. */
function patternFits([first = '', ...rest]: readonly string[], text: string): boolean {
  const last = rest.pop()
  if (last === undefined) return text === first
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= text.length - last.length
}

function valueFits(recorded: unknown, asked: unknown): boolean {
  if (recorded === REDACTED) return true
  if (typeof recorded === 'string') return typeof asked === 'string' && textFits(recorded, asked)
  if (typeof recorded !== 'object' || recorded === null) return recorded === asked
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked) !== Array.isArray(recorded))
    return false
  const members = Object.entries(recorded)
  return (
    members.length === Object.keys(asked).length &&
    members.every(
      ([name, value]) =>
        Object.hasOwn(asked, name) && valueFits(value, (asked as Record<string, unknown>)[name]),
    )
  )
}
