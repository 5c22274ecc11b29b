import { STATUS_CODES } from 'node:http'
import { ProxyError, toProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { log } from '../../core/log.ts'
import type { RequestMessage, ResponseMessage } from '../../core/message.ts'
import { type Problem, problemOf } from '../../core/problem.ts'
import type { CallTarget } from '../../core/target.ts'
import { isTooDeep, MAX_DEPTH, parseDocument } from '../json/parse-document.ts'

export interface PartSettings {
  readonly name: string
  readonly target: CallTarget
  /** `undefined` leaves the part out. */
  readonly makeRequest: (exchange: Exchange) => RequestMessage | undefined
  readonly required: boolean
  readonly limitMs: number
  readonly maxBytes: number
}

/** `text` is JSON. */
export type AskedPart =
  | { readonly ok: true; readonly status: number; readonly text: string }
  | { readonly ok: false; readonly problem: Problem }

/** A service has answered with an error for a part without which there is no answer. */
export class RequiredPartError extends Error {
  readonly problem: Problem

  constructor(name: string, problem: Problem) {
    super(`the part "${name}" was answered with ${problem.status}`)
    this.name = 'RequiredPartError'
    this.problem = problem
  }
}

/** Asks for a part. Rejects where a required one fails; else a failure is a problem. */
export async function askPart(part: PartSettings, exchange: Exchange): Promise<AskedPart | undefined> {
  const { name, target, makeRequest, required, limitMs, maxBytes } = part
  try {
    const request = makeRequest(exchange)
    if (request === undefined) return undefined
    const response = await exchange.call(target, request, { timeoutMs: limitMs })
    response.body.fromUpstream()
    const { status } = response
    if (status < 300) return { ok: true, status, text: await jsonOf(response, maxBytes) }
    const problem = await problemFrom(response)
    if (required) throw new RequiredPartError(name, problem)
    return { ok: false, problem }
  } catch (thrown) {
    if (thrown instanceof RequiredPartError) throw thrown
    const error = toProxyError(thrown)
    if (required) throw error
    // Nobody's fault but ours, or that of a function of the user's: the answer, which is none of an error, does not tell.
    if (error.code === 'internal_error')
      log.error(`the part "${name}" of an aggregate has failed`, error.cause ?? error)
    return { ok: false, problem: problemOf(error) }
  }
}

async function jsonOf({ body, status }: ResponseMessage, maxBytes: number): Promise<string> {
  const text = await body.text({ maxBytes })
  if (text === '' && status === 204) return 'null'
  try {
    JSON.parse(text)
  } catch (cause) {
    throw new ProxyError('upstream_response_malformed', { detail: 'a part that is no JSON', cause })
  }
  if (isTooDeep(text))
    throw new ProxyError('upstream_response_malformed', {
      detail: `a part that is nested deeper than ${MAX_DEPTH}`,
    })
  return text
}

const PROBLEM_BYTES = 16_384

/** The problem that a service tells of itself; of any other answer, its status. */
async function problemFrom({ status, headers, body }: ResponseMessage): Promise<Problem> {
  const own = /^application\/problem\+json\b/i.test(headers.get('content-type') ?? '')
  // A redirect is none of the client's: it could not follow it.
  const plain: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status: status < 400 ? 502 : status,
  }
  if (!own || status < 400) {
    body.discard()
    return plain
  }
  try {
    // Deep ones could be read, and not be written again.
    const told = parseDocument(await body.buffer({ maxBytes: PROBLEM_BYTES }))
    return typeof told === 'object' && told !== null && !Array.isArray(told) ? { ...told, status } : plain
  } catch {
    // That it failed is known; how it tells of it is wrong, too.
    return plain
  }
}
