import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { attribute } from '../core/attribute.ts'
import { stateOf } from '../core/filter-state.ts'
import { type LogEntry, log as ownLog } from '../core/log.ts'
import { respond } from '../core/message.ts'
import { traceContext } from '../core/trace-context.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { type ExchangeOptions, exchange, fault, run, simulate } from '../testing/index.ts'
import { type AccessLogOptions, accessLog } from './access-log.ts'
import { currentRequestId, requestId } from './request-id.ts'

type Line = Record<string, unknown>

/** Takes lines, as objects. */
class Lines {
  readonly texts: string[] = []

  readonly to = (text: string): void => {
    this.texts.push(...text.split('\n').slice(0, -1))
  }

  get all(): Line[] {
    return this.texts.map((it) => JSON.parse(it) as Line)
  }
}

/** The line of one exchange, which a handler has answered. */
async function lineOf(options: AccessLogOptions, asked: ExchangeOptions = {}): Promise<Line | undefined> {
  const lines = new Lines()
  const log = accessLog({ to: lines.to, ...options })
  const ran = await run(log, exchange(asked), () =>
    respond(200, 'hello', { etag: '"a"', 'set-cookie': 'a=1' }),
  )
  await ran.finish()
  await log.flush()
  expect(lines.texts.length).toBeLessThan(2)
  return lines.all[0]
}

function told(): LogEntry[] {
  const entries: LogEntry[] = []
  ownLog.to = (entry) => void entries.push(entry)
  onTestFinished(() => {
    ownLog.to = ({ message }) => console.error(message)
  })
  return entries
}

describe('a line', () => {
  it('says what was asked, what was answered, and where the time went', async () => {
    const lines = new Lines()
    const app = proxy()
      .use(accessLog({ to: lines.to }))
      .route('/users/:id', pool(['http://u1'], { name: 'users' }))
    await using sim = simulate(app, { latencyMs: 5 })
    sim.upstream('http://u1').reply({ status: 201, body: 'made', delayMs: 30 })
    await sim.post('/users/7?token=x', { body: 'hello' })
    await sim.assertNoLeaks()
    expect(lines.all).toEqual([
      {
        ts: expect.stringMatching(/^2026-01-01T00:00:00\.\d{3}Z$/),
        requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
        method: 'POST',
        host: '127.0.0.1:8080',
        path: '/users/7',
        route: '/users/:id',
        status: 201,
        result: 'completed',
        pool: 'users',
        endpoint: 'http://u1',
        attempts: 1,
        retries: 0,
        durationMs: 50,
        connectMs: 10,
        requestMs: 0,
        headMs: 40,
        bodyMs: 0,
        bytesIn: 5,
        bytesOut: 4,
        client: '192.0.2.1',
        version: '1.1',
      },
    ])
  })

  it('is written when the last byte has gone, not before', async () => {
    const lines = new Lines()
    const log = accessLog({ to: lines.to })
    const ran = await run(log, exchange(), () => respond(200, 'hello'))
    await log.flush()
    expect(lines.texts).toEqual([])
    await ran.finish()
    await log.flush()
    expect(lines.texts).toHaveLength(1)
  })

  it('tells of each attempt where there was more than one', async () => {
    const lines = new Lines()
    const users = pool(['http://u1', 'http://u2']).roundRobin().retry({ attempts: 2 })
    await using sim = simulate(
      proxy()
        .use(accessLog({ to: lines.to }))
        .route('/', users),
    )
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
    sim.upstream('http://u2').inject(fault.resetBeforeHead(), { next: 1 })
    await sim.get('/')
    await sim.get('/')
    await sim.assertNoLeaks()
    const retried = lines.all.find(({ attempts }) => attempts === 2)!
    expect(retried).toMatchObject({
      attempts: 2,
      tries: [
        { kind: 'first', endpoint: expect.any(String), error: 'upstream_reset', ms: expect.any(Number) },
        { kind: 'retry', endpoint: expect.any(String), ms: expect.any(Number) },
      ],
      retries: 1,
    })
    const last = (retried.tries as Line[])[1]!
    expect(retried.endpoint).toBe(last.endpoint)
  })

  it('names the endpoint that has answered, also where another one was asked after it', async () => {
    const lines = new Lines()
    const users = pool(['http://u1', 'http://u2']).roundRobin().hedge({ afterMs: 10 })
    await using sim = simulate(
      proxy()
        .use(accessLog({ to: lines.to }))
        .route('/', users),
      { latencyMs: 1 },
    )
    const answers = [{ delayMs: 50 }, { delayMs: 500 }]
    for (const it of sim.upstreams) it.reply(() => answers.shift()!)
    await sim.get('/')
    await sim.assertNoLeaks()
    const { endpoint, status, headMs, tries } = lines.all[0] as { tries: Line[] } & Line
    expect(tries).toMatchObject([
      { kind: 'first', endpoint, status: 200 },
      { kind: 'hedge', error: 'hedge_lost' },
    ])
    expect([status, headMs]).toEqual([200, 52])
  })

  it('says why an exchange has failed, where, and who has ended it', async () => {
    const lines = new Lines()
    await using sim = simulate(
      proxy()
        .use(accessLog({ to: lines.to }))
        .route('/users', pool(['http://u1'])),
    )
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
    await sim.get('/users')
    await sim.get('/nowhere')
    await sim.assertNoLeaks()
    expect(lines.all).toMatchObject([
      {
        status: 502,
        result: 'completed',
        reason: 'upstream_reset',
        by: 'upstream',
        phase: 'head',
        endpoint: 'http://u1',
      },
      { status: 404, reason: 'route_not_found', by: 'proxy', phase: 'filters', attempts: 0 },
    ])
  })

  it('has 499 where the client has left before it was answered', async () => {
    const lines = new Lines()
    const log = accessLog({ to: lines.to })
    const ran = await run(log, exchange())
    await ran.finish({ result: 'aborted', status: undefined })
    await log.flush()
    expect(lines.all).toMatchObject([
      { status: 499, result: 'aborted', reason: 'client_aborted', by: 'client' },
    ])
  })

  it('tells of a request that could not be read', async () => {
    const lines = new Lines()
    await using sim = simulate(
      proxy()
        .use(accessLog({ to: lines.to }))
        .route('/', pool(['http://u1'])),
    )
    const client = await sim.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n')
    await client.response()
    await sim.assertNoLeaks()
    expect(lines.all).toEqual([
      {
        ts: expect.any(String),
        status: 400,
        result: 'refused',
        reason: 'request_malformed',
        by: 'client',
        attempts: 0,
        retries: 0,
        client: '192.0.2.1',
      },
    ])
  })

  it('has the ids of request and trace', async () => {
    const lines = new Lines()
    const log = accessLog({ to: lines.to })
    const at = exchange()
    at.set(currentRequestId, 'abc')
    at.set(traceContext, { traceId: 't1', spanId: 's1', sampled: true })
    await (await run(log, at)).finish()
    await (await run(log, exchange({ id: 'own' }))).finish()
    await log.flush()
    expect(lines.all).toMatchObject([{ requestId: 'abc', traceId: 't1', spanId: 's1' }, { requestId: 'own' }])
  })

  it('has the id that requestId has given, wherever that stands', async () => {
    const lines = new Lines()
    const app = proxy()
      .use(accessLog({ to: lines.to }), requestId())
      .route('/', pool(['http://u1']))
    await using sim = simulate(app)
    const { headers } = await sim.get('/')
    await sim.assertNoLeaks()
    expect(lines.all).toMatchObject([{ requestId: headers.get('x-request-id') }])
  })

  it('has client, peer, protocol and TLS', async () => {
    const client = { address: '203.0.113.9', peer: { address: '10.0.0.1', port: 5 }, peerTrusted: true }
    expect(await lineOf({}, { client, url: 'https://a.example/', version: '2' })).toMatchObject({
      client: '203.0.113.9',
      peer: '10.0.0.1',
      version: '2',
      tls: 'TLSv1.3',
    })
  })

  it('is as the request came, whatever filters behind it make of that', async () => {
    const lines = new Lines()
    const log = accessLog({ to: lines.to, query: 'keep' })
    const ran = await run(log, exchange({ url: '/a?b=1' }), ({ request }) => {
      request.path = '/c'
      request.query = 'd=2'
      return respond(200)
    })
    await ran.finish()
    await log.flush()
    expect(lines.all).toMatchObject([{ path: '/a', query: 'b=1' }])
  })

  it('stands once, also where the filter is in a pool whose attempts pass by', async () => {
    const lines = new Lines()
    const users = pool(['http://u1', 'http://u2'])
      .retry({ attempts: 2 })
      .use(accessLog({ to: lines.to }))
    await using sim = simulate(proxy().route('/', users))
    for (const it of sim.upstreams) it.inject(fault.resetBeforeHead(), { next: 1 })
    await sim.get('/')
    await sim.assertNoLeaks()
    expect(lines.all).toMatchObject([{ attempts: 2 }])
  })
})

describe('accessLog logs', () => {
  it.each([
    ['omit', undefined],
    ['mask', 'a=***&token=***'],
    ['keep', 'a=1&token=***'],
  ] as const)('of a query, where it is told to %s it: %s', async (query, left) => {
    const line = await lineOf({ query }, { url: '/?a=1&token=x' })
    expect([line?.path, line?.query]).toEqual(['/', left])
  })

  const headers = {
    'User-Agent': 'curl',
    Referer: 'https://a.example/?token=x',
    Authorization: 'Bearer x',
    'X-Api-Key': 'y',
    'X-Mail': 'z',
    Accept: '*/*',
  }

  it('neither user agent nor referer, unless it is told to', async () => {
    expect(Object.keys((await lineOf({}, { headers }))!)).not.toContain('userAgent')
    expect(await lineOf({ userAgent: true, referer: true }, { headers })).toMatchObject({
      userAgent: 'curl',
      referer: 'https://a.example/',
    })
  })

  it('fields of both heads, and no secret', async () => {
    const line = await lineOf(
      {
        requestHeaders: ['Accept', 'authorization', 'x-api-key', 'x-mail', 'x-none', 'referer'],
        responseHeaders: ['etag', 'set-cookie'],
        redact: ['X-MAIL'],
      },
      { headers },
    )
    expect(line).toMatchObject({
      requestHeaders: {
        accept: '*/*',
        authorization: '***',
        'x-api-key': '***',
        'x-mail': '***',
        referer: 'https://a.example/',
      },
      responseHeaders: { etag: '"a"', 'set-cookie': '***' },
    })
  })

  it('fields of the response of a filter that waits', async () => {
    const lines = new Lines()
    const log = accessLog({ to: lines.to, responseHeaders: ['etag'] })
    await (await run(log, exchange(), async () => respond(200, '', { etag: '"b"' }))).finish()
    await log.flush()
    expect(lines.all).toMatchObject([{ responseHeaders: { etag: '"b"' } }])
  })

  it('fields of a user, from attributes and functions', async () => {
    const warnings = told()
    const user = attribute<string>('user')
    const lines = new Lines()
    const log = accessLog({
      to: lines.to,
      fields: {
        user,
        tenant: ({ request }) => request.headers.get('x-tenant'),
        bytes: () => 7,
        nothing: () => undefined,
        claims: () => ({ secret: true }),
        infinite: () => Number.POSITIVE_INFINITY,
        broken: () => {
          throw new Error('broken')
        },
      },
    })
    const at = exchange({ headers: { 'x-tenant': 'x'.repeat(2_000) } })
    at.set(user, 'ann')
    await (await run(log, at)).finish()
    await log.flush()
    expect(lines.all[0]?.fields).toEqual({ user: 'ann', tenant: `${'x'.repeat(1_024)}\u2026`, bytes: 7 })
    expect(warnings.map(({ message }) => message)).toEqual(['a function that accessLog was given has failed'])
  })
})

describe('accessLog leaves out', () => {
  it('what is to be skipped', async () => {
    const skip: AccessLogOptions['skip'] = ({ request }) => request.path === '/healthz'
    expect(await lineOf({ skip }, { url: '/healthz' })).toBeUndefined()
    expect(await lineOf({ skip }, { url: '/' })).toBeDefined()
  })

  it('nothing where "skip" fails', async () => {
    told()
    const skip = () => {
      throw new Error('broken')
    }
    expect(await lineOf({ skip })).toBeDefined()
  })

  async function sampled(
    options: AccessLogOptions,
    end: Parameters<ReturnType<typeof exchange>['finish']>[0],
  ) {
    const lines = new Lines()
    const log = accessLog({ to: lines.to, ...options })
    const random = [0.05, 0.5, 0.099, 0.1]
    for (const chance of random) {
      const at = exchange({ random: () => chance })
      await run(log, at, () => respond(200))
      at.finish(end)
    }
    await log.flush()
    return lines.texts.length
  }

  it('what is not in the sample', async () => {
    expect(await sampled({ sample: 0.1 }, { status: 499 })).toBe(2)
    expect(await sampled({ sample: 0 }, {})).toBe(0)
  })

  it('nothing that failed, is an error of a server, or was slow', async () => {
    expect(await sampled({ sample: 0 }, { status: 500 })).toBe(4)
    expect(await sampled({ sample: 0 }, { result: 'failed', status: 200 })).toBe(4)
    expect(await sampled({ sample: 0 }, { durationMs: 1_001 })).toBe(4)
    expect(await sampled({ sample: 0 }, { durationMs: 1_000 })).toBe(0)
    const always = { status: 404, slowerThanMs: 10 }
    expect(await sampled({ sample: 0, always }, { status: 404 })).toBe(4)
    expect(await sampled({ sample: 0, always }, { durationMs: 11 })).toBe(4)
    const never = { status: Number.POSITIVE_INFINITY, slowerThanMs: Number.POSITIVE_INFINITY }
    expect(await sampled({ sample: 0, always: never }, { status: 503, durationMs: 1e9 })).toBe(0)
  })

  it('what a function of the entry does not want', async () => {
    expect(await sampled({ sample: ({ status }) => status === 201 }, { status: 201 })).toBe(4)
    expect(await sampled({ sample: ({ status }) => status === 201 }, { status: 200 })).toBe(0)
  })

  it('nothing where that function fails', async () => {
    told()
    const sample = () => {
      throw new Error('broken')
    }
    expect(await sampled({ sample }, { status: 200 })).toBe(4)
  })
})

describe('the format', () => {
  it('may be a function that makes a text, which stays one line', async () => {
    const texts: string[] = []
    const log = accessLog({ to: (it) => texts.push(it), format: ({ path }) => `GET ${path}\nforged` })
    await (await run(log, exchange({ url: '/a' }))).finish()
    await log.flush()
    expect(texts).toEqual(['GET /a\\u000aforged\n'])
  })

  it('may be a function that makes an object', async () => {
    expect(await lineOf({ format: ({ status }) => ({ code: status, text: '\u2028' }) })).toEqual({
      code: 200,
      text: '\u2028',
    })
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['makes nothing', () => undefined as never],
    ['makes what has no JSON', () => ({ n: 1n })],
  ])('costs the line, and no more, where it %s', async (_, format) => {
    told()
    const lines = new Lines()
    const log = accessLog({ to: lines.to, format })
    await (await run(log, exchange())).finish()
    await log.flush()
    expect([lines.texts, log.dropped, log.written]).toEqual([[], 1, 0])
  })
})

describe('the sink', () => {
  it('may be a stream', async () => {
    const to = new PassThrough()
    const log = accessLog({ to })
    await (await run(log, exchange())).finish()
    await log.flush()
    expect(JSON.parse(String(to.read()))).toMatchObject({ status: 200 })
    expect([log.written, log.dropped, log.queuedBytes]).toEqual([1, 0, 0])
  })

  it('may be a logger of pino', async () => {
    const lines: string[] = []
    const log = accessLog({ to: pino({ base: null }, { write: (line: string) => void lines.push(line) }) })
    await (await run(log, exchange({ url: '/a"' }))).finish()
    expect(lines.map((it) => JSON.parse(it) as Line)).toMatchObject([
      { level: 30, method: 'GET', path: '/a"', status: 200 },
    ])
    expect(stateOf(log)).toEqual({ kind: 'access-log', written: 1, dropped: 0, queuedBytes: 0 })
  })

  it('may be a logger that gets the lines of another format', async () => {
    const texts: unknown[] = []
    const log = accessLog({ to: { info: (it) => texts.push(it) }, format: 'common' })
    await (await run(log, exchange())).finish()
    expect(texts).toEqual([expect.stringContaining('"GET / HTTP/1.1" 200 2')])
  })

  it('may be a logger that fails: it is told how much it has lost', async () => {
    const warnings = told()
    const got: unknown[] = []
    let broken = true
    const info = (it: unknown) => {
      if (broken) throw new Error('broken')
      got.push(it)
    }
    const log = accessLog({ to: { info } })
    for (let i = 0; i < 3; i++) await (await run(log, exchange())).finish()
    broken = false
    await (await run(log, exchange())).finish()
    expect(got).toEqual([expect.objectContaining({ status: 200 }), { dropped: 3 }])
    expect([log.written, log.dropped, warnings.length]).toEqual([1, 3, 1])
  })

  it('may be a file, which the end of the proxy closes, and the next line opens again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'access-log-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'access.log')
    const log = accessLog({ to: { file } })
    for (const _ of [1, 2]) {
      const running = await proxy()
        .listen({ host: '127.0.0.1', port: 0 })
        .use(log)
        .route('/', () => respond(200))
        .start({ signals: false })
      await (await fetch(running.url)).text()
      await running.close()
    }
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3)
    expect([log.written, log.queuedBytes]).toEqual([2, 0])
  })
})

describe('the end of a proxy', () => {
  it('waits for what was logged', async () => {
    const lines = new Lines()
    const sim = simulate(
      proxy()
        .use(accessLog({ to: lines.to }))
        .route('/', () => respond(200)),
    )
    await sim.get('/')
    await sim.drain()
    expect(lines.texts).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  it('does not wait for a stuck sink for longer than flushMs', async () => {
    const never = new Promise(() => {})
    const log = accessLog({ to: () => never, flushMs: '2s' })
    const sim = simulate(
      proxy()
        .use(log)
        .route('/', () => respond(200)),
    )
    await sim.get('/')
    const before = sim.nowMs
    await sim.drain()
    // The client's kept connection has its second first.
    expect(sim.nowMs - before).toBe(3_000)
    await sim.assertNoLeaks()
  })
})

describe('a reload', () => {
  it('goes on with the counts, and exchanges that began before it are logged', async () => {
    const lines = new Lines()
    const first = accessLog({ to: lines.to })
    const second = accessLog({ to: lines.to })
    const app = (log: typeof first) =>
      proxy()
        .use(log)
        .route('/', pool(['http://u1']))
    await using sim = simulate(app(first))
    await sim.get('/')
    sim.upstream('http://u1').reply({ delayMs: 100, body: 'late' })
    const late = sim.get('/')
    await sim.advance(10)
    await sim.reload(app(second))
    await late
    await sim.get('/')
    await sim.advance(10)
    expect(lines.texts).toHaveLength(3)
    expect([first.written, second.written]).toEqual([3, 3])
    await sim.assertNoLeaks()
  })
})

describe('options of accessLog', () => {
  it.each<[string, object]>([
    ['format', { format: 'xml' }],
    ['to', { to: 'file' }],
    ['to', { to: null }],
    ['to', { to: {} }],
    ['to.file', { to: { file: '' } }],
    ['mode', { to: { file: 'a', mode: 1 } }],
    ['maxQueueBytes', { maxQueueBytes: 1_000 }],
    ['flushMs', { flushMs: -1 }],
    ['skip', { skip: true }],
    ['sample', { sample: 1.1 }],
    ['sample', { sample: Number.NaN }],
    ['always.status', { always: { status: 'x' } }],
    ['always.slowerThanMs', { always: { slowerThanMs: -1 } }],
    ['stat', { always: { stat: 1 } }],
    ['query', { query: 'hash' }],
    ['redact', { redact: 'a' }],
    ['userAgent', { userAgent: 1 }],
    ['referer', { referer: 'yes' }],
    ['requestHeaders', { requestHeaders: ['a b'] }],
    ['responseHeaders', { responseHeaders: 'etag' }],
    ['fields', { fields: [] }],
    ['fields.a', { fields: { a: 1 } }],
    ['colour', { colour: true }],
  ])('throw for a wrong "%s"', (option, options) => {
    expect(() => accessLog(options as AccessLogOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
