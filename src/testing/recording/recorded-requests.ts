import { isDeepStrictEqual } from 'node:util'
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
  readonly body: Buffer | undefined
  readonly exchanges: RecordedExchange[]
  next: number
}

/** Finds what was recorded of a request. */
export class RecordedRequests {
  readonly #series: Series[] = []
  readonly #matchBody: boolean

  constructor(exchanges: readonly RecordedExchange[], matchBody: boolean) {
    this.#matchBody = matchBody
    for (const exchange of exchanges) {
      const { request } = exchange
      const body = bytesOf(request)
      const same = this.#series.find(
        (it) =>
          it.request.method === request.method &&
          canonical(it.request.target) === canonical(request.target) &&
          isDeepStrictEqual(it.body, body),
      )
      if (same === undefined) this.#series.push({ request, body, exchanges: [exchange], next: 0 })
      else same.exchanges.push(exchange)
    }
    // What fits more goes last.
    this.#series.sort((one, other) => wildness(one) - wildness(other))
  }

  /** The next exchange of the series that the request belongs to. */
  take(asked: Asked): RecordedExchange | undefined {
    const candidates = this.#series.filter(
      ({ request }) => request.method === asked.method && targetFits(request.target, asked.target),
    )
    // A body that fits is the best answer also where any will do.
    const fitting = candidates.find(({ body }) => bodyFits(body, asked.body))
    const found = fitting ?? (this.#matchBody ? undefined : candidates[0])
    if (found === undefined) return undefined
    const { exchanges, next } = found
    found.next = Math.min(next + 1, exchanges.length - 1)
    return exchanges[next]
  }

  /** Whether only the body of a request was recorded in another way. */
  knowsOtherBody({ method, target }: Pick<Asked, 'method' | 'target'>): boolean {
    return this.#series.some(({ request }) => request.method === method && targetFits(request.target, target))
  }

  /** The requests that are known, one line each. */
  get known(): readonly string[] {
    return this.#series.map(({ request, exchanges }) => {
      const times = exchanges.length > 1 ? ` (${exchanges.length} times)` : ''
      return `${request.method} ${request.target}${times}`
    })
  }
}

function bytesOf({ body }: RecordedRequest): Buffer | undefined {
  return body === undefined ? Buffer.alloc(0) : bytesOfRecorded(body)
}

/** More than any number of redacted parts. */
const UNKNOWN_BODY = 1_000_000

function wildness({ request, body }: Series): number {
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

/** The same for all targets that differ in the order of their parameters alone. */
function canonical(target: string): string {
  const { path, parameters } = partsOf(target)
  return JSON.stringify([path, ...parameters.map((it) => JSON.stringify(it)).sort()])
}

function targetFits(recorded: string, asked: string): boolean {
  const known = partsOf(recorded)
  const { path, parameters } = partsOf(asked)
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
