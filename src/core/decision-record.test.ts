import { describe, expect, it } from 'vitest'
import { endpoint, exchange, virtualClock } from '../testing/index.ts'
import { type DecisionWriter, MAX_RECORDED, type PickFacts } from './decision-writer.ts'
import { causeText, endedBy } from './ended-by.ts'
import { PROXY_ERRORS, ProxyError, type ProxyErrorCode } from './errors.ts'
import { AttemptExchange } from './exchange.ts'
import { formatDecision } from './format-decision.ts'

const FACTS: PickFacts = {
  kind: 'first',
  by: {},
  pool: 'users',
  balancer: 'custom',
  candidates: [],
  candidateCount: 0,
  leftOut: [],
  leftOutCount: 0,
  panic: false,
  scoreError: undefined,
}

describe('exchange.record', () => {
  it('begins one record, whichever view of the exchange is asked', () => {
    const root = exchange()
    const view = new AttemptExchange(root, endpoint())
    expect([root.recording, view.recording]).toEqual([undefined, undefined])
    const record = view.record()
    expect(root.record()).toBe(record)
    expect(view.record()).toBe(record)
    expect(view.recording).toBe(record)
  })

  it('has the request as it was, with neither query nor fields, and the route', () => {
    const at = exchange({
      method: 'PUT',
      url: 'http://Shop.example:8080/a/b?token=s3cr3t',
      headers: { Authorization: 'Bearer s3cr3t', Cookie: 'session=s3cr3t' },
      body: 's3cr3t',
      route: '/a/:id',
      params: { id: 'b' },
    })
    const record = at.record()
    at.request.path = '/rewritten'
    at.finish()
    expect(record).toMatchObject({
      method: 'PUT',
      host: 'shop.example:8080',
      path: '/a/b',
      route: { match: '/a/:id', params: { id: 'b' } },
    })
    for (const text of [JSON.stringify(record), String(record)]) expect(text).not.toContain('s3cr3t')
  })

  it('dates the begin of the exchange, also when it is begun later', async () => {
    const clock = virtualClock({ startAt: new Date('2030-01-01') })
    const at = exchange({ clock })
    await clock.advance(1_500)
    expect(at.record()).toMatchObject({ startedAt: Date.parse('2030-01-01'), startedAtMs: 0 })
  })

  it('is complete before the listeners are called, and when it is begun after the end', () => {
    const at = exchange()
    const record = at.record()
    let seen: unknown
    at.onComplete(() => {
      seen = record.ended
    })
    at.finish({ status: 204, bytesSent: 3 })
    expect(seen).toEqual({
      atMs: 0,
      result: 'completed',
      status: 204,
      durationMs: 0,
      bytesSent: 3,
      bytesReceived: 0,
      by: undefined,
      phase: undefined,
      error: undefined,
      detail: undefined,
      cause: undefined,
    })
    const late = exchange()
    late.finish({ error: new ProxyError('proxy_closed') })
    expect(late.record().ended).toMatchObject({ by: 'proxy', phase: 'body', error: 'proxy_closed' })
  })

  it('tells a wait before a retry from what comes behind it, and a limit from what comes behind that', () => {
    const phaseAfter = (happen: (recording: DecisionWriter) => void): string | undefined => {
      const at = exchange()
      const record = at.record()
      happen(at.recording!)
      at.finish({ result: 'aborted', error: new ProxyError('client_aborted'), status: undefined })
      return record.ended!.phase
    }
    const one = endpoint()
    expect(phaseAfter(() => {})).toBe('filters')
    expect(phaseAfter((it) => it.retried('upstream_reset', 50))).toBe('backoff')
    expect(
      phaseAfter((it) => {
        it.retried('upstream_reset', 50)
        it.picked(FACTS, undefined)
      }),
    ).toBe('filters')
    expect(phaseAfter((it) => it.waiting('limit').ended(false))).toBe('limit')
    expect(phaseAfter((it) => it.waiting('limit').ended(true))).toBe('filters')
    expect(
      phaseAfter((it) => {
        const attempt = it.attempted(one, 0)
        attempt.connecting()
        attempt.failed(new ProxyError('client_aborted'), 'none')
      }),
    ).toBe('connect')
  })

  it('goes by attempts that were made since a filter let it wait in vain', async () => {
    const clock = virtualClock()
    const at = exchange({ clock })
    const record = at.record()
    at.recording!.waiting('limit').ended(false)
    await clock.advance(5)
    at.recording!.attempted(endpoint(), clock.now()).completed()
    at.finish({ result: 'aborted', error: new ProxyError('client_aborted'), status: undefined })
    expect(record.ended!.phase).toBe('filters')
  })

  it('is plain data: what JSON makes of it is all of it', () => {
    const at = exchange({ route: '/', params: {} })
    const record = at.record()
    const one = endpoint({ id: 'one' })
    at.recording!.picked(FACTS, one)
    at.recording!.attempted(one, 0).failed(new ProxyError('upstream_refused'), 'none')
    at.recording!.retried('upstream_refused', 5)
    at.recording!.hedged(50, false)
    at.recording!.waiting('limit').ended(true)
    at.recording!.refused('limit', 'overloaded', 'the limit is reached')
    at.finish()
    const parsed: unknown = JSON.parse(JSON.stringify(record))
    expect(parsed).toEqual(JSON.parse(JSON.stringify(structuredClone(record))))
    expect(parsed).toMatchObject({
      picks: [{ chosen: 'one', pool: 'users' }],
      attempts: [{ endpoint: 'one', error: 'upstream_refused', endedBy: 'upstream' }],
      retries: [{ failure: 'upstream_refused', delayMs: 5 }],
      hedges: [{ delayMs: 50, refused: 'budget' }],
      waits: [{ filter: 'limit', admitted: true }],
      refusals: [{ filter: 'limit', code: 'overloaded' }],
      ended: { result: 'completed' },
    })
  })

  it('keeps the last of each list, and counts picks and attempts', () => {
    const at = exchange()
    const record = at.record()
    const one = endpoint({ id: 'one' })
    for (let i = 0; i < MAX_RECORDED + 36; i++) {
      at.recording!.picked(FACTS, one)
      at.recording!.attempted(one, 0)
      at.recording!.notRetried('upstream_reset', 'budget')
      at.recording!.hedged(i, true)
      at.recording!.waiting('limit')
      at.recording!.refused('limit', 'overloaded', '')
    }
    const { picks, pickCount, attempts, attemptCount, retries, hedges, waits, refusals } = record
    for (const list of [picks, attempts, retries, hedges, waits, refusals]) expect(list).toHaveLength(64)
    expect([pickCount, attemptCount]).toEqual([100, 100])
    expect([picks[0]!.number, picks.at(-1)!.number, attempts.at(-1)!.number]).toEqual([37, 100, 100])
  })
})

describe('endedBy', () => {
  it('says who acted', () => {
    const by = (who: string) =>
      (Object.keys(PROXY_ERRORS) as ProxyErrorCode[]).filter((code) => endedBy(new ProxyError(code)) === who)
    expect(by('client')).toEqual([
      'request_malformed',
      'request_version_unsupported',
      'request_coding_unsupported',
      'client_aborted',
    ])
    expect(by('upstream')).toEqual([
      'upstream_dns_failed',
      'upstream_refused',
      'upstream_unreachable',
      'upstream_tls_failed',
      'upstream_certificate_invalid',
      'upstream_reset',
      'upstream_response_malformed',
      'upstream_response_incomplete',
      'upstream_upgrade_failed',
    ])
    // Whatever has the name of a limit is the proxy's, whoever has missed it.
    const limits = (Object.keys(PROXY_ERRORS) as ProxyErrorCode[]).filter((it) =>
      /_timeout$|_too_large$|_too_long$|deadline|overloaded|queue|circuit/.test(it),
    )
    expect(limits.length).toBeGreaterThan(15)
    expect(by('proxy')).toEqual(expect.arrayContaining(limits))
  })
})

describe('causeText', () => {
  const textOf = (cause: unknown): string | undefined =>
    causeText(new ProxyError('internal_error', { cause }))

  it.each<[unknown, string | undefined]>([
    [undefined, undefined],
    [new Error('connect ECONNREFUSED 127.0.0.1:1'), 'connect ECONNREFUSED 127.0.0.1:1'],
    [new AggregateError([new Error('first'), new Error('second')]), 'first'],
    [new TypeError(''), 'TypeError'],
    ['a text', 'a text'],
    [{ toString: () => 'never called' }, 'object'],
    [null, 'object'],
    ['x'.repeat(300), `${'x'.repeat(200)}…`],
  ])('of %o is %j', (cause, expected) => {
    expect(textOf(cause)).toBe(expected)
  })

  it('does not quote a body that was no JSON', () => {
    let thrown: unknown
    try {
      JSON.parse('{"password": s3cr3t}')
    } catch (error) {
      thrown = error
    }
    expect(String(thrown)).toContain('s3cr3t')
    expect(textOf(thrown)).toBe('SyntaxError')
  })
})

describe('formatDecision', () => {
  it('shows what happened, and what each pick was made from', async () => {
    const clock = virtualClock()
    const at = exchange({ url: 'http://shop/users/7', clock, route: '/users/:id', params: { id: '7' } })
    const record = at.record()
    const [one, two] = [endpoint({ id: 'http://u1' }), endpoint({ id: 'http://u2', zone: 'b' })]
    const recording = at.recording!
    const candidate = { weight: 1, inFlight: 2, responseTimeMs: 3.20041, health: 'healthy' as const }
    recording.picked(
      {
        ...FACTS,
        balancer: 'leastResponseTime',
        candidates: [
          { ...candidate, id: 'http://u1', zone: undefined, score: 12.601 },
          { ...candidate, id: 'http://u2', zone: 'b', health: 'unhealthy', score: undefined },
        ],
        candidateCount: 3,
        leftOut: [{ id: 'http://u10', reason: 'ejected', detail: '5 errors in a row', untilMs: 2_000 }],
        leftOutCount: 2,
        panic: true,
      },
      one,
    )
    const first = recording.attempted(one, clock.now())
    first.connecting()
    await clock.advance(2)
    first.failed(new ProxyError('upstream_refused', { cause: new Error('connect ECONNREFUSED') }), 'none')
    at.endpoint = one // as the pool sets it
    recording.retried('upstream_refused', 0)
    recording.picked({ ...FACTS, kind: 'retry', candidateCount: 0 }, two)
    const second = recording.attempted(two, clock.now())
    second.connected(true)
    second.requestSent()
    await clock.advance(5)
    second.responded(200, clock.now())
    second.completed()
    at.finish({ status: 200 })
    expect(`${formatDecision(record)}\n`).toBe(`\
GET shop/users/7
  route      /users/:id
  param      id = "7"
  happened
     +0.000 ms  pick 1 of users by leastResponseTime: http://u1, in a panic
                  > http://u1   score 12.601, weight 1, 2 in flight, 3.2 ms
                    http://u2   weight 1, 2 in flight, 3.2 ms, zone b, unhealthy
                    and 1 more candidates
                  - http://u10  ejected: 5 errors in a row, for another 2000 ms
                    and 1 more left out
     +0.000 ms  attempt 1 to http://u1
     +0.000 ms  attempt 1 connects
     +2.000 ms  attempt 1 failed: upstream_refused
                  by the upstream, while connecting: connect ECONNREFUSED
     +2.000 ms  retried after 0 ms: upstream_refused
     +2.000 ms  pick 2 (retry) of users by custom: http://u2
     +2.000 ms  attempt 2 (retry) to http://u2
     +2.000 ms  attempt 2 has a kept connection
     +2.000 ms  attempt 2: the request is sent
     +7.000 ms  attempt 2: 200
     +7.000 ms  attempt 2 ended
     +7.000 ms  completed with 200
`)
    expect(String(record)).toBe(formatDecision(record))
  })

  it('shows what is not over', () => {
    expect(formatDecision(exchange({ url: 'http://shop/' }).record())).toBe(
      'GET shop/\n  happened\n                has not ended',
    )
  })

  it('shows no control byte of a client, a service or a filter', () => {
    const at = exchange({ route: '/:id', params: { id: 'a\r\nGET /forged\u001b[2J\u202e' } })
    const record = at.record()
    at.finish({
      error: new ProxyError('internal_error', { detail: 'b\nforged', cause: new Error('c\nforged') }),
    })
    const text = formatDecision(record)
    expect(text.split('\n').filter((line) => line.includes('forged'))).toHaveLength(2)
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
  })

  it('is of bounded length, and shows the chosen one of many', () => {
    const at = exchange()
    const record = at.record()
    const candidates = Array.from({ length: MAX_RECORDED }, (_, i) => ({
      id: `http://u${i}`,
      weight: 1,
      zone: undefined,
      inFlight: 0,
      responseTimeMs: 0,
      health: 'unknown' as const,
      score: undefined,
    }))
    at.recording!.picked({ ...FACTS, candidates, candidateCount: 1_000 }, endpoint({ id: 'http://u63' }))
    const lines = formatDecision(record).split('\n')
    expect(lines).toContain('                  > http://u63  weight 1, 0 in flight, 0 ms')
    expect(lines).toContain('                    and 989 more candidates')
    expect(lines.length).toBeLessThan(20)
  })
})
