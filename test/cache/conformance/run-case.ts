import assert from 'node:assert/strict'
import { type Filter, HeaderList, pool, proxy, selfSigned } from 'gatewright'
import {
  type FakeRequest,
  type Fault,
  fault,
  type PendingResponse,
  type SimulatedResponse,
  type Simulation,
  simulate,
} from 'gatewright/testing'
import {
  type Asked,
  type CacheCase,
  type CaseRequest,
  type Expected,
  type ExpectedFields,
  type Origin,
  type OriginReply,
  type RequestStep,
  START,
  type Step,
  type TogetherStep,
} from './case.ts'

const SERVICE = 'http://service'

/** Plays the steps of a case through a whole proxy with this filter, and throws where one does not go as it says. */
export async function runCase({ steps }: CacheCase, filter: Filter): Promise<void> {
  const app = listening(steps)
    .use(filter)
    .route('/', pool([SERVICE]))
  await using sim = simulate(app, { startAt: START })
  const run = new CaseRun(sim, filter)
  for (const [i, step] of steps.entries()) {
    try {
      await run.step(step)
    } catch (error) {
      if (error instanceof Error) error.message = `step ${i + 1} of ${steps.length}: ${error.message}`
      throw error
    }
  }
  await sim.assertNoLeaks()
}

/** Listens for TLS too, where a client comes by it. */
function listening(steps: CacheCase['steps']): ReturnType<typeof proxy> {
  const isSafe = steps.some((step) => 'request' in step && step.request.scheme === 'https')
  return isSafe ? proxy().listen(80).listen({ port: 443, tls: selfSigned() }) : proxy()
}

/** The status and the content that a response has where its step does not say. */
interface ByDefault {
  readonly status: number
  readonly body: string | undefined
}

class CaseRun {
  readonly #sim: Simulation
  readonly #filter: Filter
  #requests = 0
  /** What the service was last asked for and answered. */
  #before: ByDefault = { status: 504, body: undefined }

  constructor(sim: Simulation, filter: Filter) {
    this.#sim = sim
    this.#filter = filter
  }

  async step(step: Step): Promise<void> {
    if ('advance' in step) await this.#sim.advance(step.advance)
    else if ('request' in step) await this.#one(step)
    else if ('together' in step) await this.#together(step)
    else await this.#purge(step.purge, step.soft ?? false)
  }

  async #one({ request, origin, expect }: RequestStep): Promise<void> {
    const now = await this.#answerWith(origin)
    const response = await this.#send(request)
    await this.#sim.settle()
    const asked = now.requests()
    checkAsked(expect.asked, asked, now.isOrdinary)
    const source = expect.asked === false ? this.#before : now.answer
    if (asked.length > 0) this.#before = now.answer
    checkResponse(response, expect, request.method === 'HEAD' ? { ...source, body: '' } : source)
  }

  async #together({ together, origin, asked }: TogetherStep): Promise<void> {
    const now = await this.#answerWith(origin)
    const pending: PendingResponse[] = []
    const events = together.flatMap(({ afterMs = 0, leavesMs }, i) => [
      { i, atMs: afterMs, leaves: false },
      ...(leavesMs === undefined ? [] : [{ i, atMs: leavesMs, leaves: true }]),
    ])
    events.sort((one, other) => one.atMs - other.atMs)
    const beginMs = this.#sim.nowMs
    for (const { i, atMs, leaves } of events) {
      await this.#sim.advance(beginMs + atMs - this.#sim.nowMs)
      if (leaves) pending[i]!.leave()
      else pending[i] = this.#send(together[i]!.request)
    }
    for (const [i, { request, leavesMs, expect = {} }] of together.entries()) {
      if (leavesMs !== undefined) continue
      const response = await pending[i]!
      checkResponse(response, expect, request.method === 'HEAD' ? { ...now.answer, body: '' } : now.answer)
    }
    await this.#sim.settle()
    assert.equal(now.requests().length, asked, 'requests that the service got')
    if (asked > 0) this.#before = now.answer
  }

  async #purge(what: unknown, soft: boolean): Promise<void> {
    const { purge } = this.#filter as { purge?: (what: unknown, options: { soft: boolean }) => unknown }
    assert.ok(purge, 'the filter has no purge')
    await purge(what, { soft })
  }

  #send({ method, path = '/a', host, scheme, headers = {}, body }: CaseRequest): PendingResponse {
    const fields = HeaderList.from(headers)
    if (host !== undefined) fields.set('Host', host)
    const url = scheme === undefined ? path : `${scheme}://${host ?? 'localhost'}${path}`
    return this.#sim.request({ method, url, headers: fields, body })
  }

  /** Has the service answer so from now on, and tells what it has been asked since. */
  async #answerWith(origin: Origin = {}): Promise<{
    answer: ByDefault
    isOrdinary: boolean
    requests: () => readonly (FakeRequest | undefined)[]
  }> {
    this.#requests++
    const service = this.#sim.upstream(SERVICE)
    service.clearFaults()
    const before = service.totalRequests
    if (origin === 'unreachable') {
      service.resetConnections()
      await this.#sim.settle()
      const refused = service.inject(fault.refuse())
      service.resetConnections()
      const requests = () => Array<undefined>(refused.hits).fill(undefined)
      return { answer: { status: 502, body: undefined }, isOrdinary: false, requests }
    }
    const { replies, wrong } = repliesOf(origin, `answer ${this.#requests}`)
    const [first, ...more] = replies
    assert.ok(first, 'an answer at least')
    service.reply(first, ...more)
    if (wrong !== undefined) service.inject(wrong)
    const { status = 200, body } = replies.at(-1)!
    return {
      answer: { status, body: typeof body === 'string' ? body : undefined },
      isOrdinary: wrong === undefined,
      requests: () => service.requests.slice(before),
    }
  }
}

/** What the service answers, with a content of its own where there may be one and none is given; and what it does wrong. */
function repliesOf(
  origin: Exclude<Origin, 'unreachable'>,
  content: string,
): { replies: readonly OriginReply[]; wrong: Fault | undefined } {
  const complete = (reply: OriginReply): OriginReply => {
    const { status, raw, body = status === 204 || status === 304 ? '' : content } = reply
    return raw === undefined ? { ...reply, body } : reply
  }
  if ('at' in origin) return { replies: origin.map(complete), wrong: undefined }
  const { fault: wrong, ...reply } = origin
  return { replies: [complete(reply)], wrong }
}

function checkAsked(
  expected: Asked,
  requests: readonly (FakeRequest | undefined)[],
  isOrdinary: boolean,
): void {
  const times = typeof expected === 'number' ? expected : expected === false ? 0 : 1
  if (expected === false || isOrdinary) assert.equal(requests.length, times, 'requests that the service got')
  else assert.ok(requests.length > 0, 'the service was not asked')
  if (typeof expected !== 'object') return
  const request = requests[0]
  assert.ok(request, 'nothing is known of the request')
  if (expected.method !== undefined) assert.equal(request.method, expected.method)
  checkFields('request', HeaderList.from(request.headers), expected.headers)
}

function checkResponse(response: SimulatedResponse, expected: Expected, byDefault: ByDefault): void {
  const { status = byDefault.status, body = byDefault.body, complete = true } = expected
  const cacheStatus = response.headers.get('cache-status') ?? 'none'
  assert.equal(
    response.status,
    status,
    `status ${response.status}, not ${status}; Cache-Status: ${cacheStatus}`,
  )
  assert.equal(response.complete, complete, 'complete')
  if (body !== undefined) checkText('content', response.text(), body)
  checkFields('response', response.headers, expected.headers ?? {})
  checkFields('trailers', response.trailers, expected.trailers ?? {})
  const interim = response.informational.map(({ status }) => status)
  if (expected.informational !== undefined)
    assert.deepEqual(interim, expected.informational, 'interim responses')
  if (expected.cacheStatus !== undefined)
    checkFields('response', response.headers, { 'Cache-Status': expected.cacheStatus })
}

function checkFields(of: string, headers: HeaderList, expected: ExpectedFields): void {
  for (const [name, value] of Object.entries(expected)) {
    const found = headers.has(name) ? headers.getAll(name).join(', ') : null
    if (value === null || found === null) assert.equal(found, value, `${name} of the ${of}`)
    else checkText(`${name} of the ${of}`, found, value)
  }
}

function checkText(what: string, found: string, expected: string | RegExp): void {
  if (typeof expected === 'string') assert.equal(found, expected, `${what}: "${found}", not "${expected}"`)
  else assert.match(found, expected, `${what}: "${found}" does not match ${expected}`)
}
