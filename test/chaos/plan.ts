import type { Dice } from './dice.ts'
import { pattern } from './pattern.ts'

/** What the route of an exchange does with it. `gateway.ts` has the filters. */
export type RouteName =
  | 'plain'
  | 'narrow'
  | 'steps'
  | 'transform'
  | 'replace'
  | 'forget'
  | 'retry'
  | 'attempt'
  | 'throw-before'
  | 'throw-after'
  | 'throw-step'
  | 'buffer'
  | 'late'
  | 'echo'
  | 'own'
  | 'own-stream'
  | 'own-broken'
  | 'abort'

/** Which endpoint serves it. What goes wrong on the way to each is set in `run.ts`. */
export type EndpointName = 'tidy' | 'choppy' | 'rude' | 'flaky' | 'refused' | 'unanswered' | 'unknown'

export interface RequestPlan {
  readonly id: number
  readonly route: RouteName
  readonly endpoint: EndpointName
  readonly method: string
  readonly version: '1.0' | '1.1'
  readonly absolute: boolean
  /** What `Connection` says. */
  readonly connection: 'close' | 'keep-alive' | undefined
  readonly acceptsTrailers: boolean
  readonly body: RequestBodyPlan | undefined
  /** Sent in place of a request: nobody may take it for one. */
  readonly malformed: string | undefined
  readonly tunnel: TunnelPlan | undefined
  readonly answer: AnswerPlan
}

export interface RequestBodyPlan {
  readonly size: number
  readonly framing: 'length' | 'chunked'
  readonly trailers: boolean
  readonly expect: boolean
}

export interface TunnelPlan {
  readonly size: number
  readonly end: 'client-end' | 'client-reset' | 'upstream-end' | 'upstream-reset' | 'idle'
}

export interface AnswerPlan {
  readonly status: number
  readonly size: number
  readonly framing: 'length' | 'chunked' | 'close' | 'none'
  readonly trailers: boolean
  readonly interim: number
  readonly delayMs: number
  /** When the answer begins: at the request's head, in the middle of its body, or at its end. */
  readonly begins: 'head' | 'middle' | 'end'
  readonly pieces: 'one' | 'few' | 'drip'
  readonly fault: AnswerFault | undefined
  /** Asked a second time, it answers without the fault. */
  readonly heals: boolean
  /** What the upstream does after a whole answer. */
  readonly after: 'keep' | 'close-said' | 'end' | 'reset' | 'extra'
  /** Stops reading the request for so long. */
  readonly pauseMs: number
}

export type AnswerFault =
  | { readonly kind: 'end' | 'reset' | 'stall'; readonly at: number }
  | { readonly kind: 'malformed-head'; readonly head: string }
  | { readonly kind: 'malformed-chunk' }

export interface ClientPlan {
  readonly requests: readonly RequestPlan[]
  readonly startsAtMs: number
  /** 0: clean; 1: in tiny reads; 2: late and choppy. */
  readonly listener: 0 | 1 | 2
  readonly pipelined: boolean
  /** How it writes: this many bytes at once, and then a pause. */
  readonly pieceBytes: number
  readonly pieceMs: number
  readonly slowReader: { readonly bytes: number; readonly ms: number } | undefined
  readonly fault: ClientFault | undefined
  readonly leave: 'end' | 'destroy' | 'wait'
}

/** The client leaves, at this part of all that it would send or of what it reads. */
export interface ClientFault {
  readonly on: 'request' | 'response'
  readonly at: number
  readonly how: 'end' | 'destroy' | 'reset' | 'stall'
}

/** The status of an answer with a malformed chunk, which no other answer has. */
export const BROKEN_CHUNK_STATUS = 206

const SIZES = [0, 1, 2, 7, 100, 1000, 1000, 4000, 8191, 16_383, 16_384, 16_385, 20_000, 66_000, 200_000]
const SMALL = [0, 1, 2, 7, 40, 100, 300, 900]

const MALFORMED = [
  'GET /plain/x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
  'GET /plain/x HTTP/1.1\r\n\r\n',
  'GET /plain/x HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n',
  'GET /plain/x HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n',
  'GET /plain/x HTTP/1.1\nHost: a\n\n',
  'GET  /plain/x HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /plain/x HTTP/2.0\r\nHost: a\r\n\r\n',
  'POST /plain/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc',
  'POST /plain/x HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc',
  'POST /plain/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 4\r\n\r\nabc',
  'POST /plain/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabc',
  'GET plain/x HTTP/1.1\r\nHost: a\r\n\r\n',
  `GET /plain/${'x'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GET /plain/x HTTP/1.1\r\nHost: a\r\nA: ${'x'.repeat(17_000)}\r\n\r\n`,
  'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 what is this\r\n\r\n',
]

const MALFORMED_ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 20 OK\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA b\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n',
  'HTTP/1.1 200 OK\nContent-Length: 1\n\na',
  'SSH-2.0-OpenSSH_9.6\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked, identity\r\n\r\n',
  `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(70_000)}\r\n\r\n`,
]

/** The plans of about so many exchanges. */
export function makePlans(dice: Dice, exchanges: number): { clients: ClientPlan[]; requests: RequestPlan[] } {
  const clients: ClientPlan[] = []
  const requests: RequestPlan[] = []
  let startsAtMs = 0
  // From a crowd that comes at once to clients of which each finds idle connections of the one before.
  const gapMs = dice.pick([0, 5, 40, 40, 40, 400])
  while (requests.length < exchanges) {
    startsAtMs += dice.int(0, gapMs)
    const client = clientPlan(dice, requests.length, startsAtMs)
    clients.push(client)
    requests.push(...client.requests)
  }
  return { clients, requests }
}

function clientPlan(dice: Dice, firstId: number, startsAtMs: number): ClientPlan {
  const listener = dice.chance(0.1) ? 1 : dice.chance(0.2) ? 2 : 0
  const count = dice.chance(0.3) ? 1 : dice.int(1, 6)
  const requests: RequestPlan[] = []
  for (let i = 0; i < count; i++) {
    const last = i === count - 1
    const plan = requestPlan(dice, firstId + i, last, listener === 1)
    requests.push(plan)
    // Nothing can follow these on a connection.
    if (plan.tunnel !== undefined || plan.malformed !== undefined) break
  }
  return {
    requests,
    startsAtMs,
    listener,
    // Who breaks off towards HTTP/1.0 has to reset, and takes with it what was sent before.
    pipelined: dice.chance(0.35) && requests.every(({ version }) => version === '1.1'),
    ...dice.pick([
      { pieceBytes: 1_000_000, pieceMs: 0 },
      { pieceBytes: 1_000_000, pieceMs: 0 },
      { pieceBytes: 5_000, pieceMs: 3 },
      { pieceBytes: 10_000, pieceMs: 0 },
      { pieceBytes: listener === 1 ? 20 : 400, pieceMs: 1 },
    ]),
    slowReader: dice.chance(0.15) ? { bytes: dice.int(1, 20_000), ms: dice.int(1, 60) } : undefined,
    fault: dice.chance(0.25)
      ? {
          on: dice.chance(0.5) ? 'request' : 'response',
          at: dice.chance(0.1) ? 1 : dice.random(),
          how: dice.weighted({ end: 2, destroy: 2, reset: 3, stall: 1 }),
        }
      : undefined,
    leave: dice.weighted({ end: 3, destroy: 1, wait: 1 }),
  }
}

function requestPlan(dice: Dice, id: number, last: boolean, tiny: boolean): RequestPlan {
  const version = dice.chance(0.08) ? '1.0' : '1.1'
  const tunnel: TunnelPlan | undefined =
    last && version === '1.1' && dice.chance(0.06)
      ? {
          size: dice.pick(tiny ? SMALL : SIZES),
          end: dice.weighted({
            'client-end': 3,
            'client-reset': 2,
            'upstream-end': 2,
            'upstream-reset': 2,
            idle: 1,
          }),
        }
      : undefined
  const method =
    tunnel !== undefined ? 'GET' : dice.weighted({ GET: 8, HEAD: 1, POST: 4, PUT: 2, DELETE: 1, OPTIONS: 1 })
  const hasBody = method === 'POST' || method === 'PUT' || (method === 'DELETE' && dice.chance(0.3))
  const endpoint = dice.weighted({
    tidy: 12,
    choppy: 5,
    rude: 3,
    flaky: 2,
    refused: 0.5,
    unanswered: 0.3,
    unknown: 0.2,
  })
  const route =
    tunnel !== undefined
      ? dice.weighted({ plain: 6, steps: 1, attempt: 1, late: 1, 'throw-after': 0.5, forget: 0.5 })
      : dice.weighted<RouteName>({
          plain: 14,
          narrow: 2,
          steps: 3,
          transform: 4,
          replace: 2,
          forget: 2,
          retry: 3,
          attempt: 2,
          'throw-before': 1,
          'throw-after': 1,
          'throw-step': 1,
          buffer: 3,
          late: 2,
          echo: 2,
          own: 2,
          'own-stream': 2,
          'own-broken': 1,
          abort: 1,
        })
  return {
    id,
    route,
    endpoint: route === 'narrow' ? 'tidy' : endpoint,
    method,
    version,
    absolute: dice.chance(0.05),
    connection:
      version === '1.0' && dice.chance(0.6) ? 'keep-alive' : dice.chance(0.08) ? 'close' : undefined,
    acceptsTrailers: tunnel === undefined && dice.chance(0.3),
    body: hasBody
      ? {
          size: dice.pick(tiny ? SMALL : SIZES),
          framing: version === '1.1' && dice.chance(0.5) ? 'chunked' : 'length',
          trailers: dice.chance(0.3),
          expect: version === '1.1' && dice.chance(0.15),
        }
      : undefined,
    malformed: tunnel === undefined && dice.chance(0.02) ? dice.pick(MALFORMED) : undefined,
    tunnel,
    answer: answerPlan(dice, tiny, method, endpoint === 'rude' && route !== 'narrow'),
  }
}

function answerPlan(dice: Dice, tiny: boolean, method: string, rude: boolean): AnswerPlan {
  const hasBody = method === 'POST' || method === 'PUT'
  const status = dice.weighted({ 200: 12, 201: 1, 204: 1, 304: 1, 404: 1, 500: 1, 503: 1 })
  const framing = dice.weighted({ length: 8, chunked: 5, close: 1 })
  const fault = dice.chance(0.25) ? answerFault(dice, method === 'HEAD') : undefined
  return {
    status: Number(status),
    size: dice.pick(tiny ? SMALL : SIZES),
    framing: status === '204' || status === '304' ? 'none' : framing,
    trailers: dice.chance(0.3),
    interim: dice.chance(0.1) ? dice.int(1, 3) : 0,
    delayMs: dice.chance(0.3) ? dice.int(1, 300) : 0,
    begins: hasBody && dice.chance(0.15) ? dice.pick(['head', 'middle']) : 'end',
    pieces: dice.weighted({ one: 5, few: 4, drip: 1 }),
    fault,
    heals: dice.chance(0.5),
    after:
      framing === 'close'
        ? 'close-said'
        : rude
          ? dice.pick(['keep', 'end', 'reset', 'extra', 'close-said'])
          : dice.chance(0.1)
            ? 'close-said'
            : 'keep',
    pauseMs: hasBody && dice.chance(0.15) ? dice.int(1, 500) : 0,
  }
}

function answerFault(dice: Dice, toHead: boolean): AnswerFault {
  const kind = dice.weighted({
    end: 3,
    reset: 3,
    stall: 1.5,
    'malformed-head': 1,
    'malformed-chunk': toHead ? 0 : 1,
  })
  if (kind === 'malformed-chunk') return { kind }
  if (kind === 'malformed-head') return { kind, head: dice.pick(MALFORMED_ANSWERS) }
  return { kind, at: dice.chance(0.1) ? 0 : dice.random() }
}

/** The request as it stands on the wire, in two parts: what is sent at once, and what waits for a 100. */
export function requestBytes(plan: RequestPlan): { head: Buffer; body: Buffer } {
  const { id, route, body, tunnel } = plan
  const none = Buffer.alloc(0)
  if (plan.malformed !== undefined) return { head: Buffer.from(plan.malformed, 'latin1'), body: none }
  const target = `${plan.absolute ? 'http://chaos' : ''}/${route}/${id}?q=${id}`
  let head = `${plan.method} ${target} HTTP/${plan.version}\r\nHost: chaos\r\nX-Chaos-Id: ${id}\r\n`
  const connection: string[] = []
  if (plan.connection !== undefined) connection.push(plan.connection)
  if (plan.acceptsTrailers) {
    head += 'TE: trailers\r\n'
    connection.push('TE')
  }
  if (tunnel !== undefined) {
    head += 'Upgrade: websocket\r\n'
    connection.push('Upgrade')
  }
  if (connection.length > 0) head += `Connection: ${connection.join(', ')}\r\n`
  if (body === undefined) return { head: Buffer.from(`${head}\r\n`), body: none }
  if (body.expect) head += 'Expect: 100-continue\r\n'
  const bytes = pattern(id, 'request', body.size)
  if (body.framing === 'length')
    return { head: Buffer.from(`${head}Content-Length: ${body.size}\r\n\r\n`), body: bytes }
  return {
    head: Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`),
    body: chunked(bytes, body.trailers ? `X-Trailer: ${id}\r\n` : ''),
  }
}

/** The answer as it stands on the wire, without its fault, and the place where its body begins. */
export function answerBytes(plan: RequestPlan, status: number): { bytes: Buffer; headBytes: number } {
  const { id, answer } = plan
  const { size, after } = answer
  const toHead = plan.method === 'HEAD'
  let head = ''
  for (let i = 0; i < answer.interim; i++) head += `HTTP/1.1 103 Early Hints\r\nX-Hint: ${id}\r\n\r\n`
  const noBody = status === 204 || status === 304
  const framing = noBody ? 'none' : answer.framing
  head += `HTTP/1.1 ${status} Chaos\r\nX-Chaos-Id: ${id}\r\n`
  if (framing === 'length') head += `Content-Length: ${size}\r\n`
  else if (framing === 'chunked') head += 'Transfer-Encoding: chunked\r\n'
  if (after === 'close-said' || framing === 'close') head += 'Connection: close\r\n'
  head += '\r\n'
  const body = pattern(id, 'response', size)
  const content =
    noBody || toHead
      ? Buffer.alloc(0)
      : framing === 'chunked'
        ? chunked(body, answer.trailers ? `X-Trailer: ${id}\r\n` : '')
        : body
  return { bytes: Buffer.concat([Buffer.from(head), content]), headBytes: head.length }
}

/** In chunks of differing sizes, some with an extension. */
function chunked(bytes: Buffer, trailers: string): Buffer {
  const parts: Buffer[] = []
  let size = 1
  for (let at = 0; at < bytes.length; at += size) {
    size = Math.min(size * 3 + 5, 40_000)
    const chunk = bytes.subarray(at, at + size)
    parts.push(Buffer.from(`${chunk.length.toString(16)}${size === 53 ? ';x=y' : ''}\r\n`), chunk, CRLF)
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailers}\r\n`)])
}

const CRLF = Buffer.from('\r\n')
