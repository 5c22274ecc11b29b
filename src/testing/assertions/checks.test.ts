import { describe, expect, test } from 'vitest'
import { Body } from '../../core/body.ts'
import type { AttemptRecord } from '../../core/decision-record.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Outcome } from '../../core/exchange.ts'
import { onRequest } from '../../core/handler.ts'
import { HeaderList } from '../../core/headers.ts'
import { ResponseMessage, respond } from '../../core/message.ts'
import { problemResponse } from '../../core/problem.ts'
import { exchange } from '../exchange.ts'
import { memoryNetwork } from '../network/memory-network.ts'
import { type RawResponse, rawClient } from '../network/raw-client.ts'
import { run } from '../run.ts'
import type { ExchangeRecord } from '../simulation/exchange-record.ts'
import type { SimulatedResponse } from '../simulation/simulated-response.ts'
import {
  assertAttempts,
  assertHeader,
  assertJournalled,
  assertOutcome,
  assertProblem,
  assertServedBy,
  assertStatus,
} from './assertions.ts'
import '../vitest.ts'

// Every expectation is written in both forms, which must say the same.

const ok = simulated({
  headers: [
    ['Content-Type', 'text/plain'],
    ['Vary', 'Accept'],
    ['Vary', 'Origin'],
  ],
  body: 'hello',
  attempts: [
    attempt({ endpoint: 'http://u1', error: 'upstream_refused', endedAtMs: 3 }),
    attempt({ endpoint: 'http://u2', startedAtMs: 3, respondedAtMs: 8.25, status: 200, endedAtMs: 9 }),
  ],
})

const refused = simulated({
  status: 502,
  reason: 'Bad Gateway',
  headers: [['Content-Type', 'application/problem+json']],
  body: JSON.stringify({
    type: 'urn:gatewright:error:upstream_refused',
    title: 'The service refused the connection',
    status: 502,
  }),
  attempts: [
    attempt({ endpoint: 'http://u1', respondedAtMs: 2, status: 503, endedAtMs: 2 }),
    attempt({ endpoint: 'http://u2', startedAtMs: 2, error: 'upstream_refused', endedAtMs: 5 }),
  ],
  outcome: {
    result: 'completed',
    status: 502,
    error: new ProxyError('upstream_refused', { cause: new Error('connect ECONNREFUSED u2') }),
  },
})

const unread: SimulatedResponse = {
  ...simulated({ status: 400, reason: 'Bad Request' }),
  exchange: undefined,
}

const REFUSED_FACTS = `

  response: 502 Bad Gateway after 12 ms
  problem: upstream_refused: The service refused the connection
  exchange 3: GET shop.example/api?x=1, route /api, completed with upstream_refused (cause: connect ECONNREFUSED u2) after 12 ms
  attempt 1: http://u1, 503 after 2 ms
  attempt 2: http://u2, upstream_refused after 3 ms
  simulation seed 7: simulate(app, { seed: 7 }) shows it again`

const OK_EXCHANGE = `

  exchange 3: GET shop.example/api?x=1, route /api, completed after 12 ms
  attempt 1: http://u1, upstream_refused after 3 ms
  attempt 2: http://u2, 200 after 5.25 ms
  simulation seed 7: simulate(app, { seed: 7 }) shows it again`

const OK_FACTS = `

  response: 200 OK after 12 ms
  body: "hello"${OK_EXCHANGE.slice(1)}`

describe('the check of the status', () => {
  test('passes for the status and for its class', () => {
    assertStatus(ok, 200)
    assertStatus(ok, '2xx')
    assertStatus.not(ok, 201)
    assertStatus.not(ok, '5xx')
    expect(ok).toHaveStatus(200)
    expect(ok).toHaveStatus('2xx')
    expect(ok).not.toHaveStatus(201)
    expect(ok).not.toHaveStatus('5xx')
  })

  test('tells what came instead, and why', () => {
    expect(
      failure(
        () => assertStatus(refused, 200),
        () => expect(refused).toHaveStatus(200),
      ),
    ).toBe(`expected status 200, got 502${REFUSED_FACTS}`)
    expect(
      failure(
        () => assertStatus(refused, '2xx'),
        () => expect(refused).toHaveStatus('2xx'),
      ),
    ).toBe(`expected status 2xx, got 502${REFUSED_FACTS}`)
  })

  test('tells what should not have come', () => {
    expect(
      failure(
        () => assertStatus.not(ok, 200),
        () => expect(ok).not.toHaveStatus(200),
      ),
    ).toBe(`expected any status but 200, got 200${OK_FACTS}`)
  })

  test('says of a request that could not be read that there was no exchange', () => {
    expect(
      failure(
        () => assertStatus(unread, 200),
        () => expect(unread).toHaveStatus(200),
      ),
    ).toBe(
      [
        'expected status 200, got 400',
        '',
        '  response: 400 Bad Request after 12 ms',
        '  exchange: none: the proxy could not read the request',
      ].join('\n'),
    )
  })

  test('shows what broke off, what runs still, and the start of a long body', () => {
    const running = simulated({ complete: false, body: 'é'.repeat(201), attempts: [attempt({})] })
    const shown = { ...running, exchange: { ...running.exchange!, outcome: undefined, route: undefined } }
    expect(
      failure(
        () => assertStatus(shown, 204),
        () => expect(shown).toHaveStatus(204),
      ),
    ).toBe(
      [
        'expected status 204, got 200',
        '',
        '  response: 200 OK after 12 ms, broke off',
        `  body: "${'é'.repeat(200)}"… (402 bytes)`,
        '  exchange 3: GET shop.example/api?x=1, no route, not over',
        '  attempt 1: http://u1, no answer yet',
        '  simulation seed 7: simulate(app, { seed: 7 }) shows it again',
      ].join('\n'),
    )
  })

  test('takes the response of a filter, of run and of a raw client', async () => {
    const limited = await run(
      onRequest(() => respond(429, 'slow down')),
      exchange({ url: '/a' }),
    )
    const raw = await rawResponse('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nslow')
    for (const received of [limited, limited.response, raw]) {
      assertStatus(received, 429)
      expect(received).toHaveStatus(429)
    }
    expect(
      failure(
        () => assertStatus(limited, 200),
        () => expect(limited).toHaveStatus(200),
      ),
    ).toBe(
      [
        'expected status 200, got 429',
        '',
        '  response: 429',
        '  body: "slow down"',
        '  exchange: GET example.com/a, no route, not over',
      ].join('\n'),
    )
    expect(
      failure(
        () => assertStatus(raw, 200),
        () => expect(raw).toHaveStatus(200),
      ),
    ).toBe('expected status 200, got 429\n\n  response: 429 Too Many Requests\n  body: "slow"')
  })

  test('refuses what is no status', () => {
    expect(failure(() => assertStatus(ok, 20))).toBe(
      'assertStatus: "expected" must be a whole number from 100 to 599, got 20',
    )
    // @ts-expect-error: there is no such class
    expect(failure(() => expect(ok).not.toHaveStatus('9xx'))).toBe(
      'toHaveStatus: "expected" must be a status or a class such as "2xx", got "9xx"',
    )
  })
})

describe('the check of a header', () => {
  test('passes for a field, its lines and their join, whatever the case of its name', async () => {
    const raw = await rawResponse(
      'HTTP/1.1 200 OK\r\nvary: Accept\r\nVARY: Origin\r\nContent-Length: 0\r\n\r\n',
    )
    const message = new ResponseMessage(200, ok.headers.clone())
    for (const received of [ok, raw, message]) {
      assertHeader(received, 'vary')
      assertHeader(received, 'vary', 'Accept')
      assertHeader(received, 'Vary', 'Origin')
      assertHeader(received, 'Vary', 'Accept, Origin')
      assertHeader(received, 'Vary', /^origin$/i)
      assertHeader.not(received, 'Vary', 'Accept,Origin')
      assertHeader.not(received, 'Vary', 'accept')
      assertHeader.not(received, 'Etag')
      expect(received).toHaveHeader('vary')
      expect(received).toHaveHeader('vary', 'Accept, Origin')
      expect(received).toHaveHeader('vary', /^Accept$/)
      expect(received).not.toHaveHeader('vary', /^Origin,/)
    }
  })

  test('finds a global expression again and again', () => {
    const pattern = /Accept, Origin/g
    expect(pattern.test('Accept, Origin')).toBe(true)
    assertHeader(ok, 'vary', pattern)
    assertHeader(ok, 'vary', pattern)
    expect(ok).toHaveHeader('vary', pattern)
  })

  test('tells which value it has instead', () => {
    expect(
      failure(
        () => assertHeader(ok, 'vary', /gzip/),
        () => expect(ok).toHaveHeader('vary', /gzip/),
      ),
    ).toBe(`expected header vary: /gzip/, got vary: Accept and vary: Origin${OK_FACTS}`)
  })

  test('tells which fields there are', () => {
    expect(
      failure(
        () => assertHeader(ok, 'etag', '"1"'),
        () => expect(ok).toHaveHeader('etag', '"1"'),
      ),
    ).toBe(`expected header etag: "1", got only Content-Type, Vary, Vary${OK_FACTS}`)
    const bare = new ResponseMessage(204)
    expect(
      failure(
        () => assertHeader(bare, 'etag'),
        () => expect(bare).toHaveHeader('etag'),
      ),
    ).toBe('expected header etag, got no fields at all\n\n  response: 204')
  })

  test('tells what should not be there', () => {
    expect(
      failure(
        () => assertHeader.not(ok, 'content-type'),
        () => expect(ok).not.toHaveHeader('content-type'),
      ),
    ).toBe(`expected no header content-type, got content-type: text/plain${OK_FACTS}`)
  })

  test('does not take a value that went missing for none', () => {
    const missing = ok.headers.get('etag')
    // @ts-expect-error: it may be undefined
    expect(failure(() => assertHeader(ok, 'vary', missing))).toBe(
      'assertHeader: "value" must be a string or a regular expression, got undefined',
    )
    // @ts-expect-error: it may be undefined
    expect(failure(() => expect(ok).toHaveHeader('vary', missing))).toBe(
      'toHaveHeader: "value" must be a string or a regular expression, got undefined',
    )
    expect(failure(() => assertHeader(ok, ''))).toBe(
      'assertHeader: "name" must be the name of a field, got ""',
    )
  })
})

describe('the check of the problem', () => {
  test('passes for the code of the document', async () => {
    const limited = await run(() => problemResponse(new ProxyError('route_not_found')), exchange())
    const body = '{"type":"urn:gatewright:error:route_not_found"}'
    const raw = await rawResponse(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    for (const received of [limited, limited.response, raw]) {
      assertProblem(received, 'route_not_found')
      assertProblem.not(received, 'upstream_refused')
      expect(received).toHaveProblem('route_not_found')
      expect(received).not.toHaveProblem('upstream_refused')
    }
  })

  test('tells which problem came, or that none did', () => {
    expect(
      failure(
        () => assertProblem(refused, 'route_not_found'),
        () => expect(refused).toHaveProblem('route_not_found'),
      ),
    ).toBe(`expected problem route_not_found, got upstream_refused${REFUSED_FACTS}`)
    expect(
      failure(
        () => assertProblem(ok, 'route_not_found'),
        () => expect(ok).toHaveProblem('route_not_found'),
      ),
    ).toBe(`expected problem route_not_found, got no problem document of the proxy${OK_FACTS}`)
    expect(
      failure(
        () => assertProblem.not(refused, 'upstream_refused'),
        () => expect(refused).not.toHaveProblem('upstream_refused'),
      ),
    ).toBe(`expected any problem but upstream_refused, got it${REFUSED_FACTS}`)
  })

  test.each(['null', '7', '{"type":7}', '{"type":', ''])('finds none in %s', (body) => {
    assertProblem.not(respond(500, body), 'internal_error')
  })

  test("shows a service's own problem document", () => {
    const own = respond(
      409,
      '{"type":"https://shop.example/sold-out","title":"Sold out","detail":"Come back"}',
    )
    assertProblem.not(own, 'internal_error')
    expect(
      failure(
        () => assertProblem(own, 'internal_error'),
        () => expect(own).toHaveProblem('internal_error'),
      ),
    ).toBe(
      [
        'expected problem internal_error, got no problem document of the proxy',
        '',
        '  response: 409',
        '  problem: https://shop.example/sold-out: Sold out: Come back',
      ].join('\n'),
    )
  })

  test('says how to get a body at hand that comes with time, and leaves it unread', async () => {
    const response = problemResponse(new ProxyError('internal_error'))
    response.body.transform(async function* (chunks) {
      yield* chunks
    })
    const advice =
      ': the body is not at hand, it comes with time or through a transform: ' +
      'write response.body = Body.from(await response.body.buffer()) before'
    expect(failure(() => assertProblem(response, 'internal_error'))).toBe(`assertProblem${advice}`)
    expect(failure(() => expect(response).not.toHaveProblem('internal_error'))).toBe(`toHaveProblem${advice}`)
    expect(
      failure(
        () => assertStatus(response, 200),
        () => expect(response).toHaveStatus(200),
      ),
    ).toBe('expected status 200, got 500\n\n  response: 500\n  body: not read')

    response.body = Body.from(await response.body.buffer())
    assertProblem(response, 'internal_error')
  })

  test('refuses a code that does not exist', () => {
    // @ts-expect-error: there is no such code
    expect(failure(() => assertProblem(refused, 'upstream_refuzed'))).toBe(
      'assertProblem: "code" must be the code of a ProxyError, got "upstream_refuzed"',
    )
    // @ts-expect-error: there is no such code
    expect(failure(() => expect(refused).not.toHaveProblem('toString'))).toBe(
      'toHaveProblem: "code" must be the code of a ProxyError, got "toString"',
    )
  })
})

describe('the check of the endpoint', () => {
  test('passes for the last one that a response came from', () => {
    assertServedBy(ok, 'http://u2')
    assertServedBy(ok, 'http://U2:80/')
    assertServedBy.not(ok, 'http://u1')
    assertServedBy.not(ok, 'http://u2:8080')
    assertServedBy(ok.exchange!, 'http://u2')
    expect(ok).toBeServedBy('http://u2')
    expect(ok).not.toBeServedBy('http://u1')
    const named = simulated({ attempts: [attempt({ endpoint: 'blue', url: 'http://u4', status: 200 })] })
    assertServedBy(named, 'blue')
    assertServedBy(named, 'http://u4')
    expect(named.exchange).toBeServedBy('blue')
  })

  test('passes for the answer that was taken, not for one that was tried again or came to nothing', () => {
    const answers = [
      attempt({ endpoint: 'http://u1', status: 503 }),
      attempt({ endpoint: 'http://u2', status: 200 }),
      attempt({ endpoint: 'http://u3', error: 'exchange_aborted' }),
    ]
    const response = simulated({ attempts: answers })
    assertServedBy(response, 'http://u2')
    expect(response).toBeServedBy('http://u2')
  })

  test('passes for a response that broke off', () => {
    const broken = simulated({
      attempts: [attempt({ status: 200, error: 'upstream_reset' })],
      outcome: { result: 'failed', error: new ProxyError('upstream_reset') },
    })
    assertServedBy(broken, 'http://u1')
    expect(broken).toBeServedBy('http://u1')
  })

  test('tells who it was instead', () => {
    expect(
      failure(
        () => assertServedBy(ok, 'http://u1'),
        () => expect(ok).toBeServedBy('http://u1'),
      ),
    ).toBe(`expected a response of http://u1, got http://u2${OK_EXCHANGE}`)
    expect(
      failure(
        () => assertServedBy.not(ok, 'http://u2'),
        () => expect(ok).not.toBeServedBy('http://u2'),
      ),
    ).toBe(`expected a response of any endpoint but http://u2, got it${OK_EXCHANGE}`)
  })

  test('knows an error answer of the proxy from an answer that was tried before', () => {
    expect(
      failure(
        () => assertServedBy(refused, 'http://u1'),
        () => expect(refused).toBeServedBy('http://u1'),
      ),
    ).toBe(
      `expected a response of http://u1, got an answer of the proxy itself${withoutResponse(REFUSED_FACTS)}`,
    )
    assertServedBy.not(unread, 'http://u1')
    expect(failure(() => assertServedBy(ok, ''))).toBe(
      'assertServedBy: "endpoint" must be the id or the url of an endpoint, got ""',
    )
  })
})

describe('the check of the attempts', () => {
  test('passes for their number', () => {
    assertAttempts(ok, 2)
    assertAttempts(ok.exchange!, 2)
    assertAttempts.not(ok, 1)
    assertAttempts(unread, 0)
    expect(ok).toHaveAttempts(2)
    expect(ok).not.toHaveAttempts(3)
  })

  test('tells which there were', () => {
    expect(
      failure(
        () => assertAttempts(ok, 1),
        () => expect(ok).toHaveAttempts(1),
      ),
    ).toBe(`expected 1 attempt, got 2${OK_EXCHANGE}`)
    expect(
      failure(
        () => assertAttempts.not(ok, 2),
        () => expect(ok).not.toHaveAttempts(2),
      ),
    ).toBe(`expected any number but 2 attempts, got it${OK_EXCHANGE}`)
    const none = simulated({ attempts: [] })
    expect(
      failure(
        () => assertAttempts(none, 1),
        () => expect(none).toHaveAttempts(1),
      ),
    ).toBe(
      [
        'expected 1 attempt, got 0',
        '',
        '  exchange 3: GET shop.example/api?x=1, route /api, completed after 12 ms',
        '  attempts: none',
        '  simulation seed 7: simulate(app, { seed: 7 }) shows it again',
      ].join('\n'),
    )
  })

  test('refuses what nobody counted', async () => {
    const result = await run(() => respond(200), exchange())
    // @ts-expect-error: a filter alone makes no attempts
    expect(failure(() => assertAttempts(result, 0))).toBe(
      'assertAttempts: "received" must be what tells of attempts (SimulatedResponse or ExchangeRecord), got an object',
    )
    expect(failure(() => assertAttempts(ok, -1))).toBe(
      'assertAttempts: "count" must be a whole number of at least 0, got -1',
    )
  })
})

describe('the check of the outcome', () => {
  test('passes for a part of it', async () => {
    for (const received of [refused, refused.exchange!]) {
      assertOutcome(received, { result: 'completed', error: 'upstream_refused' })
      assertOutcome(received, { status: 502, durationMs: 12, bytesReceived: 0 })
      assertOutcome.not(received, { result: 'completed', error: undefined })
      assertOutcome.not(received, { result: 'failed' })
      expect(received).toHaveOutcome({ error: 'upstream_refused' })
      expect(received).not.toHaveOutcome({ error: 'upstream_reset' })
    }
    const result = await run(() => respond(200, 'ok'), exchange())
    await result.finish()
    assertOutcome(result, { result: 'completed', bytesSent: 2, error: undefined })
    assertOutcome(result.exchange, { result: 'completed' })
    expect(result).toHaveOutcome({ result: 'completed' })
  })

  test('tells what of it is different', () => {
    expect(
      failure(
        () => assertOutcome(refused, { result: 'failed', status: 502, error: 'upstream_reset' }),
        () => expect(refused).toHaveOutcome({ result: 'failed', status: 502, error: 'upstream_reset' }),
      ),
    ).toBe(
      "expected outcome { result: 'failed', status: 502, error: 'upstream_reset' }, " +
        "got { result: 'completed', status: 502, error: 'upstream_refused' }" +
        withoutResponse(REFUSED_FACTS),
    )
    expect(
      failure(
        () => assertOutcome.not(ok, { result: 'completed' }),
        () => expect(ok).not.toHaveOutcome({ result: 'completed' }),
      ),
    ).toBe(`expected any outcome but { result: 'completed' }, got it${OK_EXCHANGE}`)
  })

  test('refuses an exchange that is not over, or never was', async () => {
    const result = await run(() => respond(200), exchange())
    expect(failure(() => assertOutcome.not(result, { result: 'failed' }))).toBe(
      'assertOutcome.not: the exchange is not over: let it end first (finish() after run())',
    )
    expect(failure(() => expect(unread).not.toHaveOutcome({ result: 'failed' }))).toBe(
      'toHaveOutcome: there was no exchange: the proxy could not read the request',
    )
  })

  test('refuses an expectation that can never fail', () => {
    expect(failure(() => assertOutcome(ok, {}))).toBe(
      'assertOutcome: "expected" must be at least one of result, status, error, durationMs, bytesSent, bytesReceived, got an object',
    )
    // @ts-expect-error: misspelt
    expect(failure(() => expect(ok).not.toHaveOutcome({ resolt: 'failed' }))).toContain(
      'toHaveOutcome: "resolt" must be one of the options that exist (did you mean "result"? ',
    )
    // @ts-expect-error: there is no such code
    expect(failure(() => assertOutcome(ok, { error: 'gone' }))).toBe(
      'assertOutcome: "error" must be the code of a ProxyError, got "gone"',
    )
  })
})

describe('the check of the journal', () => {
  const journal = {
    lines: ['0 ms start', '1 ms attempt http://u1', '2 ms refused', '3 ms attempt http://u2'],
  }
  const sim = { journal }

  test('passes for lines in their order', () => {
    for (const received of [journal, sim]) {
      assertJournalled(received, 'start', 'refused')
      assertJournalled(received, /^1 ms/, 'attempt http://u2')
      assertJournalled.not(received, 'refused', 'start')
      assertJournalled.not(received, 'start', 'start')
      expect(received).toHaveJournalled('attempt', 'attempt')
      expect(received).not.toHaveJournalled('attempt', 'attempt', 'attempt')
    }
  })

  test('finds a global expression in every line', () => {
    const pattern = /attempt/g
    assertJournalled({ lines: ['attempt 1', 'attempt 2'] }, pattern, pattern)
    expect({ lines: ['attempt 1', 'attempt 2'] }).toHaveJournalled(pattern, pattern)
  })

  test('tells which line is missing, and from where', () => {
    expect(
      failure(
        () => assertJournalled(sim, 'refused', /start$/, 'u2'),
        () => expect(sim).toHaveJournalled('refused', /start$/, 'u2'),
      ),
    ).toBe(
      [
        'expected the journal to have /start$/ after line 3, got no such line; it stands too early, in line 1',
        '',
        '  3: 2 ms refused',
        '  4: 3 ms attempt http://u2',
      ].join('\n'),
    )
    expect(
      failure(
        () => assertJournalled({ lines: [] }, 'start'),
        () => expect({ lines: [] }).toHaveJournalled('start'),
      ),
    ).toBe('expected the journal to have "start", got no such line\n\n  the journal is empty')
  })

  test('shows no more of a long journal than one can read', () => {
    const long = { lines: Array.from({ length: 25 }, (_, index) => `line ${index}`) }
    const message = failure(
      () => assertJournalled(long, 'line 2', 'gone'),
      () => expect(long).toHaveJournalled('line 2', 'gone'),
    )
    expect(message.split('\n')).toEqual([
      'expected the journal to have "gone" after line 3, got no such line',
      '',
      ...Array.from({ length: 21 }, (_, index) => `  ${`${index + 3}`.padStart(2)}: line ${index + 2}`),
      '  and 2 more',
    ])
  })

  test('tells where the lines are that should not be there', () => {
    expect(
      failure(
        () => assertJournalled.not(sim, 'start', /u2/),
        () => expect(sim).not.toHaveJournalled('start', /u2/),
      ),
    ).toBe('expected the journal not to have, in this order: "start" (line 1), /u2/ (line 4)')
  })

  test('refuses lines that are found everywhere', () => {
    expect(failure(() => assertJournalled(sim))).toBe(
      'assertJournalled: "lines" must be at least one line, got an empty list',
    )
    expect(failure(() => expect(sim).toHaveJournalled('start', ''))).toBe(
      'toHaveJournalled: "lines" must be strings that are not empty, or regular expressions, got ""',
    )
  })
})

describe('a check of a promise', () => {
  const response = Promise.resolve(ok)

  test('fails and says what to write', () => {
    // @ts-expect-error: it is a promise
    expect(failure(() => assertStatus(response, 200))).toBe(
      'assertStatus: it is a promise: write assertStatus(await sim.get(...), ...)',
    )
    // @ts-expect-error: it is a promise
    expect(failure(() => assertStatus.not(response, 200))).toBe(
      'assertStatus.not: it is a promise: write assertStatus.not(await sim.get(...), ...)',
    )
    expect(failure(() => expect(response).toHaveStatus(200))).toBe(
      'toHaveStatus: it is a promise: write expect(await sim.get(...))',
    )
    expect(failure(() => expect(response).not.toHaveStatus(500))).toBe(
      'toHaveStatus: it is a promise: write expect(await sim.get(...))',
    )
    expect(failure(() => expect(Promise.resolve({ lines: [] })).not.toHaveJournalled('a'))).toBe(
      'toHaveJournalled: it is a promise: write expect(sim.journal)',
    )
  })

  test('fails for each of them', () => {
    for (const call of [
      () => expect(response).not.toHaveHeader('a'),
      () => expect(response).not.toHaveProblem('internal_error'),
      () => expect(response).not.toBeServedBy('a'),
      () => expect(response).not.toHaveAttempts(9),
      () => expect(response).not.toHaveOutcome({ result: 'failed' }),
    ]) {
      expect(failure(call)).toContain(': it is a promise: write expect(await sim.get(...))')
    }
  })
})

describe('a check of something else', () => {
  test.each([
    undefined,
    null,
    200,
    'text',
    {},
    new Error('gone'),
    { status: 200 },
    { status: 200, headers: {} },
  ])('says what it takes: %s', (received) => {
    const response = 'must be a response (SimulatedResponse, RawResponse, ResponseMessage or RunResult), got '
    expect(failure(() => expect(received).not.toHaveStatus(200))).toContain(response)
    expect(failure(() => expect(received).not.toHaveHeader('a'))).toContain(response)
    expect(failure(() => expect(received).not.toHaveProblem('internal_error'))).toContain(response)
    expect(failure(() => expect(received).not.toBeServedBy('a'))).toContain(
      '"received" must be what tells of attempts',
    )
    expect(failure(() => expect(received).not.toHaveAttempts(1))).toContain(
      '"received" must be what tells of attempts',
    )
    expect(failure(() => expect(received).not.toHaveOutcome({ status: 200 }))).toContain(
      '"received" must be what tells of an exchange (SimulatedResponse, RunResult, ExchangeRecord or TestExchange)',
    )
    expect(failure(() => expect(received).not.toHaveJournalled('a'))).toContain(
      '"received" must be a simulation or its journal',
    )
  })
})

/** What the calls throw, which must be the same message. */
function failure(...calls: (() => void)[]): string {
  const messages = calls.map((call) => {
    try {
      call()
    } catch (thrown) {
      if (thrown instanceof Error) return thrown.message
    }
    return 'nothing was thrown'
  })
  expect(new Set(messages).size, messages.join('\n--- and ---\n')).toBe(1)
  return messages[0]!
}

function withoutResponse(facts: string): string {
  return `\n\n${facts.split('\n').slice(4).join('\n')}`
}

async function rawResponse(bytes: string): Promise<RawResponse> {
  const network = memoryNetwork()
  const { address } = await network.listen({ host: '127.0.0.1', port: 80 }, (wire) => {
    wire.handler = { onData: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }
    wire.write(bytes)
  })
  const client = await rawClient(network, address)
  const response = await client.response()
  await client.close()
  return response
}

function simulated({
  status = 200,
  reason = 'OK',
  headers = [],
  body = '',
  complete = true,
  attempts = [],
  outcome = {},
}: {
  status?: number
  reason?: string
  headers?: [string, string][]
  body?: string
  complete?: boolean
  attempts?: AttemptRecord[]
  outcome?: Partial<Outcome>
}): SimulatedResponse {
  const recorded: ExchangeRecord = {
    seed: 7,
    number: 3,
    method: 'GET',
    host: 'shop.example',
    target: '/api?x=1',
    client: '192.0.2.1:40000',
    route: '/api',
    startedAtMs: 0,
    attempts,
    decision: { ...exchange().record(), attempts, attemptCount: attempts.length },
    outcome: {
      result: 'completed',
      status,
      error: undefined,
      durationMs: 12,
      bytesSent: body.length,
      bytesReceived: 0,
      ...outcome,
    },
  }
  return {
    status,
    reason,
    headers: HeaderList.from(headers),
    body: Buffer.from(body),
    trailers: new HeaderList(),
    informational: [],
    complete,
    durationMs: 12,
    exchange: recorded,
    text: () => body,
    json: () => JSON.parse(body) as unknown,
  }
}

function attempt(record: Partial<AttemptRecord>): AttemptRecord {
  return {
    number: 1,
    kind: 'first',
    pick: 1,
    endpoint: record.endpoint ?? 'http://u1',
    url: record.endpoint ?? 'http://u1',
    startedAtMs: 0,
    queuedAtMs: undefined,
    connectingAtMs: undefined,
    connectedAtMs: undefined,
    connection: undefined,
    staleConnections: 0,
    requestSentAtMs: undefined,
    respondedAtMs: undefined,
    grpcStatus: undefined,
    status: undefined,
    endedAtMs: undefined,
    phase: 'head',
    sent: 'none',
    error: undefined,
    detail: undefined,
    cause: undefined,
    endedBy: undefined,
    ...record,
  }
}
