import { inspect } from 'node:util'
import type { ChaosClient } from './client.ts'
import { BUFFER_LIMIT, type ChaosGateway } from './gateway.ts'
import { masked, pattern } from './pattern.ts'
import { answerBytes, BROKEN_CHUNK_STATUS, type RequestPlan } from './plan.ts'
import type { ReadResponse } from './response-reader.ts'
import { breaksAt } from './upstream.ts'

/** What was wrong with the exchanges of one client: one line for each. `cut`: the proxy was closed in the middle. */
export function verdict(client: ChaosClient, gateway: ChaosGateway, cut: boolean): string[] {
  const wrong: string[] = client.violations.map(
    (it) => `client of exchanges ${client.plan.requests.map(({ id }) => id).join()}: ${it}`,
  )
  const innocent = client.plan.fault === undefined && !cut
  const { responses } = client.reader
  let mustAnswer = true
  for (const [n, plan] of client.plan.requests.entries()) {
    const response = responses[n]
    const say = (what: string): void => {
      wrong.push(`exchange ${plan.id} (${plan.method} ${plan.route} by ${plan.endpoint}): ${what}`)
    }
    judgeRecord(plan, response, client, gateway, cut, say)
    if (response !== undefined) judgeContent(plan, response, say)
    if (!innocent) continue
    judgeOutcome(plan, response, client, gateway, mustAnswer, say)
    if (response?.status === 101) judgeTunnel(plan, client, say)
    mustAnswer &&= response?.complete === true && staysOpen(response)
  }
  if (innocent && responses.length < client.plan.requests.length && mustAnswer)
    wrong.push(`exchange ${client.plan.requests[responses.length]!.id}: no answer (${client.end})`)
  return wrong
}

/** One exchange, one outcome, and one that fits what the client saw. */
function judgeRecord(
  plan: RequestPlan,
  response: ReadResponse | undefined,
  client: ChaosClient,
  gateway: ChaosGateway,
  cut: boolean,
  say: (what: string) => void,
): void {
  const record = gateway.records.get(plan.id)
  const begun = record?.begun ?? 0
  const outcomes = record?.outcomes ?? []
  if (begun > 1) say(`seen ${begun} times`)
  if (outcomes.length !== begun) say(`${outcomes.length} outcomes of ${begun} exchange`)
  const n = client.plan.requests.indexOf(plan)
  if (plan.malformed !== undefined) {
    if (begun > 0) say(`malformed, and yet an exchange: ${JSON.stringify(plan.malformed.slice(0, 80))}`)
    if (response !== undefined && ![400, 408, 414, 431, 501, 505].includes(response.status))
      say(`malformed, answered with ${response.status}`)
    return
  }
  // A head that did not come in time is answered without an exchange.
  if (response !== undefined && begun === 0 && !(response.status === 408 && client.heads <= n))
    say('a response without an exchange')
  if (begun > 0 && client.heads < n + 1 && client.leftAtMs === undefined && !cut)
    say('an exchange before its head was sent')
  const last = outcomes[0]
  if (last === undefined) return
  const { result, status, error, bytesSent } = last.outcome
  if (response !== undefined && response.status !== status)
    say(`the client saw ${response.status}, not ${status}`)
  if (response?.complete === true && result !== 'completed' && status !== 101)
    say(`complete for the client, but ${result}`)
  if (response?.complete === true && status !== 101 && bytesSent !== response.body.length)
    say(`bytesSent ${bytesSent}, but ${response.body.length} came`)
  if (response?.complete === false && bytesSent < response.body.length)
    say(`bytesSent ${bytesSent} is too low`)
  if (result === 'aborted') {
    // A client that closes its side of a tunnel for good leaves, whatever the service still sends.
    if (client.plan.fault === undefined && status !== 101) say('aborted, but the client was there')
    if (error?.code !== 'client_aborted' && error?.code !== 'client_stalled') say(`aborted by ${error?.code}`)
  }
  if (result === 'failed' && error === undefined) say('failed without an error')
  if (result === 'completed' && error !== undefined && status !== 101 && error.status !== status)
    say(`completed with ${status}, but ${error.code}`)
  if (error?.code === 'internal_error' && !mayThrow(plan))
    say(`internal_error: ${inspect(error.cause ?? error)}`)
  if (
    client.leftAtMs !== undefined &&
    client.plan.fault?.how === 'reset' &&
    client.plan.listener === 0 &&
    // A wire whose reading is held back by more than what Node reads ahead does not notice.
    client.sentBytes < 60_000 &&
    status !== 101 &&
    last.atMs > client.leftAtMs + 1
  )
    say(`the client left at ${client.leftAtMs}, the exchange ended at ${last.atMs}: ${result} ${error?.code}`)
}

/** A response that looks whole is whole, and all that came is right. */
function judgeContent(plan: RequestPlan, response: ReadResponse, say: (what: string) => void): void {
  const { status, headers, body, complete, trailers } = response
  const id = headers.get('x-chaos-id')
  if (id === undefined) {
    if (headers.get('content-type') !== 'application/problem+json') {
      say(`a response of ${status} from nowhere`)
      return
    }
    if (!complete || body.length === 0) return
    const problem = JSON.parse(body.toString()) as { status?: number }
    if (problem.status !== status) say(`a problem of ${problem.status} with status ${status}`)
    return
  }
  if (id !== `${plan.id}`) {
    say(`got the response of exchange ${id}`)
    return
  }
  const expected = expectedBody(plan, status)
  if (expected === undefined) say(`a status of ${status} that nobody sent`)
  else if (complete ? !body.equals(expected) : !body.equals(expected.subarray(0, body.length)))
    say(
      `${complete ? 'a complete' : 'a truncated'} response with wrong content: ${body.length} of ${expected.length}`,
    )
  for (const [name, value] of trailers)
    if (
      name !== 'x-trailer' ||
      value !== `${plan.id}` ||
      !(plan.route === 'echo' ? plan.body?.trailers : plan.answer.trailers)
    )
      say(`a trailer ${name}: ${value}`)
  if (plan.route === 'steps' && status !== 101 && headers.get('x-step') !== '2') say('a step was left out')
}

/** What a response of this status holds; `undefined` when there is none. A response that must break off has more. */
function expectedBody(plan: RequestPlan, status: number): Buffer | undefined {
  const { id, answer, route, method } = plan
  const whole = method === 'HEAD' ? 0 : Number.POSITIVE_INFINITY
  const own = pattern(id, 'own', 300).subarray(0, whole)
  if (route === 'own') return status === 200 ? own : undefined
  if (route === 'replace' || route === 'forget') return status === 207 ? own : undefined
  if (route === 'echo') return pattern(id, 'request', plan.body?.size ?? 0).subarray(0, whole)
  if (status === 101) return plan.tunnel === undefined ? undefined : Buffer.alloc(0)
  const bytes = pattern(id, 'response', answer.size)
  if (route === 'own-broken') return Buffer.concat([bytes, Buffer.from('never whole')]).subarray(0, whole)
  if (route === 'own-stream') return bytes.subarray(0, whole)
  if (answer.fault?.kind === 'malformed-chunk' && status === BROKEN_CHUNK_STATUS) {
    const broken = Buffer.from('ab, and never whole')
    return (route === 'transform' ? masked(broken) : broken).subarray(0, whole)
  }
  if (status !== answer.status) return undefined
  if (status === 204 || status === 304) return Buffer.alloc(0)
  const sent = route === 'transform' ? masked(bytes) : bytes
  return sent.subarray(0, whole)
}

/** For a client that did nothing wrong, the script leaves few ways to end, or only one. */
function judgeOutcome(
  plan: RequestPlan,
  response: ReadResponse | undefined,
  client: ChaosClient,
  gateway: ChaosGateway,
  mustAnswer: boolean,
  say: (what: string) => void,
): void {
  const record = gateway.records.get(plan.id)
  if (response === undefined) {
    const outcome = record?.outcomes[0]?.outcome
    // What breaks off towards HTTP/1.0 is reset, and who is still sending then loses what it has not read.
    const lost = plan.version === '1.0' && outcome?.result === 'failed' && client.end === 'reset'
    if (record !== undefined && !lost) say(`an exchange without a response: ${describe(outcome)}`)
    return
  }
  if (!mustAnswer) say('answered, though the connection was to close')
  if (plan.malformed !== undefined) {
    if (staysOpen(response)) say('malformed, and yet the connection goes on')
    return
  }
  const outcome = record?.outcomes[0]?.outcome
  const code = outcome?.error?.code
  const actual = response.complete
    ? [response.status, code].filter((it) => it !== undefined).join(' ')
    : `broken ${code}`
  if (!response.complete && outcome?.result !== 'failed') say(`broken, but ${outcome?.result}`)
  const allowed = allowedEnds(plan)
  if (!allowed.some((it) => it.test(actual))) say(`ended as "${actual}", expected ${allowed.join(' or ')}`)
}

function allowedEnds(plan: RequestPlan): RegExp[] {
  const { route, id, method, answer, body } = plan
  const toHead = method === 'HEAD'
  const { head, response } = upstreamEnds(plan)
  switch (route) {
    case 'narrow':
      return [...head, ...response, /^503 pool_queue_(full|timeout)$/]
    case 'replace':
    case 'forget':
      return response.length > 0 ? [...head, /^207$/] : head
    case 'retry':
      return [...head, ...response, ...(answer.heals ? [new RegExp(`^${answer.status}$`)] : [])]
    case 'attempt':
      return id % 5 === 0 ? [/^500 internal_error$/] : [...head, ...response]
    case 'throw-before':
      return [/^500 internal_error$/]
    case 'throw-after':
      return response.length > 0 ? [...head, /^500 internal_error$/] : head
    case 'throw-step':
      return answer.size > 5_000 && !toHead && answer.framing !== 'none'
        ? [...head, ...response.filter((it) => !/^\/\^\d+\$/.test(`${it}`)), /^(500|broken) internal_error$/]
        : [...head, ...response]
    case 'buffer':
      return (body?.size ?? 0) > BUFFER_LIMIT ? [/^413 request_body_too_large$/] : [...head, ...response]
    case 'echo':
    case 'own':
    case 'own-stream':
      return [/^200$/]
    case 'own-broken':
      return toHead ? [/^200$/] : [/^(500|broken) internal_error$/]
    case 'abort':
      return id % 2 === 0
        ? [/^503 exchange_aborted$/]
        : [...head, ...response, ...(response.length > 0 ? [/^(503|broken) exchange_aborted$/] : [])]
    default:
      return [...head, ...response]
  }
}

/** How the upstream's part can end: before there was a response, or with one. */
function upstreamEnds(plan: RequestPlan): { head: RegExp[]; response: RegExp[] } {
  const { answer, endpoint } = plan
  const { fault } = answer
  if (endpoint === 'refused') return { head: [/^502 upstream_refused$/], response: [] }
  if (endpoint === 'unanswered') return { head: [/^504 upstream_connect_timeout$/], response: [] }
  if (endpoint === 'unknown') return { head: [/^502 upstream_dns_failed$/], response: [] }
  const head: RegExp[] = []
  const response: RegExp[] = []
  if (endpoint === 'flaky') {
    head.push(/^50[24] upstream_/)
    response.push(/^broken upstream_/)
  }
  // What it did after an earlier response is found out by the next request.
  if (endpoint === 'rude') head.push(/^502 upstream_(reset|response_malformed)$/)
  // Whoever is still sending the request learns of the reset before the last of the response was read.
  if (answer.after === 'reset' && answer.begins !== 'end')
    response.push(/^(502|broken) upstream_(response_incomplete|reset)$/)
  if (fault === undefined) {
    if (plan.tunnel !== undefined && answer.status < 300)
      response.push(/^101( (upstream_reset|client_aborted|tunnel_timeout))?$/)
    else response.push(new RegExp(`^${answer.status}$`))
  } else if (fault.kind === 'malformed-head') head.push(/^502 upstream_(response_malformed|head_too_large)$/)
  else if (fault.kind === 'malformed-chunk') response.push(/^(502|broken) upstream_response_malformed$/)
  else {
    const { bytes, headBytes } = answerBytes(plan, answer.status)
    const inHead = breaksAt(plan, bytes.length, headBytes, fault.at) < headBytes
    if (fault.kind === 'stall')
      (inHead ? head : response).push(
        inHead ? /^504 upstream_head_timeout$/ : /^(504|broken) upstream_body_timeout$/,
      )
    else
      (inHead ? head : response).push(
        inHead ? /^502 upstream_reset$/ : /^(502|broken) upstream_response_incomplete$/,
      )
    // A request is sent again on a new connection if the one it was sent on had been used before.
    if (answer.heals && endpoint === 'tidy' && inHead) response.push(new RegExp(`^${answer.status}$`))
    if (answer.heals && endpoint === 'choppy' && inHead) response.push(new RegExp(`^${answer.status}$`))
  }
  if (answer.heals && (endpoint === 'rude' || endpoint === 'flaky'))
    response.push(new RegExp(`^${answer.status}$`))
  if (answer.heals && plan.tunnel !== undefined && answer.status < 300)
    response.push(/^101( (upstream_reset|client_aborted|tunnel_timeout))?$/)
  return { head, response }
}

function judgeTunnel(plan: RequestPlan, client: ChaosClient, say: (what: string) => void): void {
  const expected = masked(pattern(plan.id, 'request', plan.tunnel!.size))
  const came = Buffer.concat(client.reader.tunnel)
  const { end } = plan.tunnel!
  if (!came.equals(expected.subarray(0, came.length))) say('wrong bytes came out of a tunnel')
  else if (
    (end === 'client-end' || end === 'upstream-end' || end === 'idle') &&
    came.length < expected.length &&
    plan.endpoint !== 'flaky'
  )
    say(`a tunnel (${end}) lost ${expected.length - came.length} of ${expected.length} bytes`)
}

function mayThrow({ route }: RequestPlan): boolean {
  return route.startsWith('throw') || route === 'own-broken' || route === 'attempt'
}

function staysOpen({ headers, complete, status }: ReadResponse): boolean {
  return complete && status !== 101 && headers.get('connection') !== 'close'
}

function describe(
  outcome: { result: string; status: number | undefined; error: unknown } | undefined,
): string {
  return outcome === undefined ? 'none' : `${outcome.result} ${outcome.status} ${String(outcome.error)}`
}
