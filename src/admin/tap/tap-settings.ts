import { ProxyError } from '../../core/errors.ts'
import type { Expression } from './expression.ts'
import { ExpressionError } from './expression-error.ts'
import { parseExpression } from './parse-expression.ts'

/** What someone who looks wants to see. */
export interface TapSettings {
  readonly where: Expression
  /** Exchanges in a second, at most. */
  readonly rate: number
  /** Whether the record of what was decided is shown. */
  readonly record: boolean
  /** Whether the fields of requests and responses are. */
  readonly headers: boolean
  /** Bytes of each body that are shown at most. 0: none is. */
  readonly bodyBytes: number
}

/** The fields of the answer. */
export const TAP_FIELDS = {
  'Content-Type': 'text/event-stream',
  // Who stands between is neither to keep it nor to hold it back.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
} as const

const DEFAULT_RATE = 50
const MAX_RATE = 500
const MAX_BODY_BYTES = 65_536
const NAMES = ['where', 'rate', 'detail', 'headers', 'bodies']

/** @throws ProxyError `request_malformed` */
export function tapSettings(query: string): TapSettings {
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    if (!NAMES.includes(name))
      throw malformed(`there is no parameter ${shown(name)}, only ${NAMES.join(', ')}`)
    if (parameters.getAll(name).length > 1) throw malformed(`${name} stands there twice`)
  }
  const detail = parameters.get('detail')
  if (detail !== null && detail !== 'record') throw malformed(`detail must be record, got ${shown(detail)}`)
  const headers = parameters.get('headers') ?? 'false'
  if (headers !== 'true' && headers !== 'false')
    throw malformed(`headers must be true or false, got ${shown(headers)}`)
  return {
    where: whereOf(parameters.get('where') ?? ''),
    rate: rateOf(parameters.get('rate')),
    record: detail === 'record',
    headers: headers === 'true',
    bodyBytes: bodyBytesOf(parameters.get('bodies')),
  }
}

function whereOf(text: string): Expression {
  try {
    return parseExpression(text)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    const { message, position, expected } = error
    throw malformed(`where: ${message}`, { position, expected })
  }
}

function rateOf(text: string | null): number {
  if (text === null) return DEFAULT_RATE
  const rate = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
  if (rate < 1 || rate > MAX_RATE)
    throw malformed(`rate must be a whole number from 1 to ${MAX_RATE}, got ${shown(text)}`)
  return rate
}

function bodyBytesOf(text: string | null): number {
  if (text === null) return 0
  const bytes = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  if (bytes < 1 || bytes > MAX_BODY_BYTES)
    throw malformed(`bodies must be a number of bytes from 1 to ${MAX_BODY_BYTES}, got ${shown(text)}`)
  return bytes
}

function malformed(detail: string, members?: Readonly<Record<string, unknown>>): ProxyError {
  return new ProxyError('request_malformed', { detail, ...(members === undefined ? {} : { members }) })
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
