import type { AttemptRecord } from '../../core/decision-record.ts'
import type { Outcome } from '../../core/exchange.ts'
import { PROBLEM_TYPE } from '../../core/problem.ts'
import type { ReceivedExchange, ReceivedResponse } from './received.ts'

/** What a person needs to know of a response that is not the expected one: a line for each fact, indented. */
export function responseFacts(response: ReceivedResponse): string {
  const { status, reason, durationMs, complete, exchange } = response
  const line = [status, reason].filter((part) => part !== undefined && part !== '').join(' ')
  const time = durationMs === undefined ? '' : ` after ${ms(durationMs)}`
  return [
    `  response: ${line}${time}${complete ? '' : ', broke off'}`,
    ...bodyFacts(response),
    ...(exchange === undefined ? [] : exchangeFactLines(exchange)),
  ].join('\n')
}

/** What a person needs to know of an exchange: how it ended, and what was tried. */
export function exchangeFacts(exchange: ReceivedExchange | 'none'): string {
  return exchangeFactLines(exchange).join('\n')
}

/** What a problem document (RFC 9457) says. */
export interface Problem {
  /** The code, where the document is one of this proxy's. */
  readonly code: string | undefined
  /** One line for a message. */
  readonly text: string
}

/** The problem document in a body; `undefined` when it is something else. */
export function problemOf(body: Uint8Array): Problem | undefined {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
  if (typeof document !== 'object' || document === null) return undefined
  const { type, title, detail } = document as Readonly<Record<string, unknown>>
  if (typeof type !== 'string') return undefined
  const code = type.startsWith(PROBLEM_TYPE) ? type.slice(PROBLEM_TYPE.length) : undefined
  const more = [title, detail].filter((part) => typeof part === 'string')
  return { code, text: [code ?? type, ...more].join(': ') }
}

const SHOWN_BODY = 200

function bodyFacts({ body }: ReceivedResponse): string[] {
  if (body === undefined) return ['  body: not read']
  if (body.byteLength === 0) return []
  const problem = problemOf(body)
  if (problem !== undefined) return [`  problem: ${problem.text}`]
  const text = Buffer.from(body).toString('utf8')
  const start = JSON.stringify(text.slice(0, SHOWN_BODY))
  return [text.length <= SHOWN_BODY ? `  body: ${start}` : `  body: ${start}… (${body.byteLength} bytes)`]
}

function exchangeFactLines(exchange: ReceivedExchange | 'none'): string[] {
  if (exchange === 'none') return ['  exchange: none: the proxy could not read the request']
  const { seed, number, method, host, target, route, attempts, outcome } = exchange
  const name = number === undefined ? 'exchange' : `exchange ${number}`
  const served = route === undefined ? 'no route' : `route ${route}`
  return [
    `  ${name}: ${method} ${host}${target}, ${served}, ${outcomeText(outcome)}`,
    ...(attempts?.length === 0 ? ['  attempts: none'] : []),
    ...(attempts ?? []).map((attempt, index) => `  attempt ${index + 1}: ${attemptText(attempt)}`),
    ...(seed === undefined
      ? []
      : [`  simulation seed ${seed}: simulate(app, { seed: ${seed} }) shows it again`]),
  ]
}

function outcomeText(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'not over'
  const { result, error, durationMs } = outcome
  const why = error === undefined ? '' : ` with ${errorText(error)}`
  return `${result}${why} after ${ms(durationMs)}`
}

function errorText({ code, detail, cause }: NonNullable<Outcome['error']>): string {
  const more = [detail, cause instanceof Error ? `cause: ${cause.message}` : undefined]
  const known = more.filter((part) => part !== undefined && part !== '')
  return known.length === 0 ? code : `${code} (${known.join('; ')})`
}

function attemptText({
  endpoint,
  startedAtMs,
  respondedAtMs,
  status,
  endedAtMs,
  error,
}: AttemptRecord): string {
  const parts = [endpoint]
  if (status !== undefined) parts.push(`${status}${after(startedAtMs, respondedAtMs)}`)
  if (error !== undefined) parts.push(`${error}${after(startedAtMs, endedAtMs)}`)
  if (parts.length === 1) parts.push(endedAtMs === undefined ? 'no answer yet' : 'no answer')
  return parts.join(', ')
}

function after(fromMs: number, toMs: number | undefined): string {
  return toMs === undefined ? '' : ` after ${ms(toMs - fromMs)}`
}

/** Virtual times can have long fractions, which say nothing. */
function ms(time: number): string {
  return `${Math.round(time * 1_000) / 1_000} ms`
}
