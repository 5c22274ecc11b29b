import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Network } from '../../core/network.ts'
import { type Filter, pool, proxy, type RoutedProxy, respond } from '../../index.ts'
import { nodeNetwork } from '../../transport/network.ts'
import { memoryNetwork } from '../network/memory-network.ts'
import { type RawClient, rawClient } from '../network/raw-client.ts'
import { seededRandom } from '../seeded-random.ts'
import { type FakeUpstream, fakeUpstream } from '../upstream/fake-upstream.ts'
import { virtualClock } from '../virtual-clock.ts'
import { type RecordOptions, record } from './record.ts'
import { RecordingWriter, readRecording } from './recording-file.ts'
import { replayUpstream } from './replay-upstream.ts'

let folder: string
let to: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'))
  to = join(folder, 'made', 'here.json')
})

afterEach(() => rmSync(folder, { recursive: true }))

const get = (target: string, more = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
const post = (target: string, body: string, type = 'application/json'): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

function content(): string {
  return readFileSync(to, 'utf8')
}

/** A recording proxy in memory, in front of one service. */
async function inMemory(
  service: (upstream: FakeUpstream) => FakeUpstream,
  options: Partial<RecordOptions> = {},
  describeProxy: (url: string) => RoutedProxy = (url) =>
    proxy()
      .listen({ host: 'gateway', port: 80 })
      .route('/', pool([url], { name: 'users' })),
) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const upstream = await service(fakeUpstream({ network, clock, host: 'users', port: 80 })).start()
  const recording = record(describeProxy('http://users'), { to, ...options })
  const surroundings = { clock, network, random: seededRandom(1) }
  const running = await recording.app.start({ signals: false, surroundings })
  const client = await clock.until(rawClient(network, running.url))
  return {
    clock,
    network,
    upstream,
    recording,
    client,
    ask: async (request: string) => {
      await client.send(request)
      return clock.until(client.response())
    },
    end: async () => {
      await client.close()
      await clock.until(running.close())
      await upstream.close()
      await clock.advance(0)
      expect(network.leaks()).toEqual([])
      expect(clock.pending).toBe(0)
      await recording.close()
    },
  }
}

/** The service from a recording, and what it answers. */
async function replayed(requests: readonly string[]) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const upstream = await replayUpstream(to, { network, clock, host: 'users', port: 80 }).start()
  const answers = []
  let client: RawClient | undefined
  for (const request of requests) {
    client ??= await clock.until(rawClient(network, upstream.url))
    await client.send(request)
    const answer = await clock.until(client.response())
    answers.push(answer)
    if (!answer.complete) client = undefined
  }
  await client?.close()
  await upstream.close()
  return { answers, errors: upstream.errors.map((error) => (error as Error).message) }
}

describe.each([
  ['in memory', (): Network => memoryNetwork()],
  ['on sockets', (): Network => nodeNetwork],
])('%s', (_, makeNetwork) => {
  test('record notes what went to an endpoint and came back, and replayUpstream gives the same bytes', async () => {
    const network = makeNetwork()
    const binary = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256))
    const html = '<p>\n  ünïcode\n</p>\n'
    await using upstream = await fakeUpstream({ network })
      .on('GET /json', { headers: { 'Content-Type': 'application/json' }, body: '{"b":[1,2.5],"a":null}' })
      .on('GET /spaced', { headers: { 'Content-Type': 'application/json' }, body: '{ "n": 1.0 }\n' })
      .on('GET /html', { headers: { 'Content-Type': 'text/html' }, body: html, framing: 'chunked' })
      .on('GET /binary', {
        status: 206,
        reason: 'Some',
        headers: { 'Content-Type': 'image/png' },
        body: binary,
      })
      .on('GET /trailers', { body: 'x', trailers: { 'X-Sum': '1' } })
      .on('GET /none', { status: 204 })
      .on('POST /echo', ({ body }) => ({ status: 201, headers: { 'X-A': ['1', '2'] }, body }))
      .start()
    const recording = record(
      proxy()
        .listen(0)
        .route('/', pool([upstream.url])),
      { to },
    )
    const start = { signals: false, surroundings: { network } }
    const running = await recording.app.start(start)
    const client = await rawClient(network, running.url)
    const asked = [
      ...['/json', '/spaced', '/html', '/binary', '/none'].map((target) => get(target)),
      get('/trailers', 'TE: trailers\r\nConnection: TE\r\n'),
      post('/echo', '{"a":1}'),
    ]
    const first = []
    for (const request of asked) {
      await client.send(request)
      first.push(await client.response())
    }
    await client.close()
    await running.close()
    await recording.close()
    expect(recording).toMatchObject({ exchanges: asked.length, gaps: [] })

    await using service = await replayUpstream(to, { network }).start()
    const again = await proxy()
      .listen(0)
      .route('/', pool([service.url]))
      .start(start)
    const second = await rawClient(network, again.url)
    for (const [i, request] of asked.entries()) {
      await second.send(request)
      const { status, reason, body, trailers } = await second.response()
      expect({ status, reason, body, trailers }).toEqual({
        status: first[i]!.status,
        reason: first[i]!.reason,
        body: first[i]!.body,
        trailers: first[i]!.trailers,
      })
    }
    expect(first[3]!.body).toEqual(binary)
    expect(service.errors).toEqual([])
    await second.close()
    await again.close()
  })
})

test('record changes nothing that the client or the service can see', async () => {
  const big = 'y'.repeat(100_000)
  const chunks = `${(40_000).toString(16)}\r\n${big.slice(0, 40_000)}\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n`
  const requests = [
    get('/big'),
    get('/chunked', 'TE: trailers\r\nConnection: TE\r\n'),
    get('/chunked').replace('GET', 'HEAD'),
    post('/echo', big, 'text/plain'),
    `POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
    `POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok`,
    get('/close'),
  ]
  const seen = async (recorded: boolean) => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const upstream = await fakeUpstream({ network, clock, host: 'users', port: 80 })
      .on('GET /big', { body: big })
      .on('* /chunked', { body: big, trailers: { 'X-T': '1' } })
      .on('POST /echo', ({ body }) => ({ body, informational: [{ status: 103, headers: { Link: '</a>' } }] }))
      .on('GET /close', { body: big, framing: 'close' })
      .start()
    const app = proxy()
      .listen({ host: 'gateway', port: 80 })
      .route('/', pool(['http://users']))
    const recording = recorded ? record(app, { to }) : undefined
    const surroundings = { clock, network, random: seededRandom(1) }
    const running = await (recording?.app ?? app).start({ signals: false, surroundings })
    const client = await clock.until(rawClient(network, running.url))
    const responses = []
    for (const request of requests) {
      await client.send(request)
      const { startLine, head, body, trailers, informational, complete } = await clock.until(
        client.response({ to: request.slice(0, 4) === 'HEAD' ? 'HEAD' : 'GET' }),
      )
      const interim = informational.map((it) => it.head)
      responses.push({ startLine, head, body: body.toString(), trailers, interim, complete })
    }
    await client.close()
    await clock.until(running.close())
    await upstream.close()
    await recording?.close()
    expect(recording?.exchanges ?? requests.length).toBe(requests.length)
    const sent = upstream.requests.map(({ head, body, trailers }) => ({
      head,
      body: body.toString(),
      trailers,
    }))
    return { responses, sent }
  }
  expect(await seen(true)).toEqual(await seen(false))
})

test('record writes a file that people can read, and that is valid after each exchange', async () => {
  const { clock, recording, ask, end } = await inMemory((upstream) =>
    upstream
      .on('GET /users/*', { headers: { 'Content-Type': 'application/json' }, body: '{"id":7}', delayMs: 12 })
      .on('POST /text', { body: 'one\ntwo\n' }),
  )
  expect(JSON.parse(content()).exchanges).toEqual([])
  await ask(get('/users/7?full=1', 'Accept: */*\r\nKeep-Alive: 3\r\n'))
  expect(JSON.parse(content()).exchanges).toHaveLength(1)
  await ask(post('/text', 'a\nb', 'text/plain'))
  expect(JSON.parse(content()).exchanges).toHaveLength(2)
  expect(recording.exchanges).toBe(2)
  await clock.advance(0)
  expect(content()).toBe(`{
  "format": "gatewright-recording",
  "version": 1,
  "exchanges": [
    {
      "pool": "users",
      "endpoint": "http://users",
      "request": {
        "method": "GET",
        "target": "/users/7?full=1",
        "headers": [
          "Accept: */*"
        ]
      },
      "response": {
        "status": 200,
        "reason": "OK",
        "afterMs": 12,
        "headers": [
          "Content-Type: application/json"
        ],
        "body": {
          "json": {
            "id": 7
          }
        }
      }
    },
    {
      "pool": "users",
      "endpoint": "http://users",
      "request": {
        "method": "POST",
        "target": "/text",
        "headers": [
          "Content-Type: text/plain"
        ],
        "body": {
          "text": [
            "a\\n",
            "b"
          ]
        }
      },
      "response": {
        "status": 200,
        "reason": "OK",
        "afterMs": 0,
        "headers": [],
        "body": {
          "text": [
            "one\\n",
            "two\\n"
          ]
        }
      }
    }
  ]
}
`)
  await end()
})

test('record leaves a pool that two routes share one pool', async () => {
  const { upstream, recording, ask, end } = await inMemory(
    (it) => it,
    {},
    (url) => {
      const both = pool([url, `${url}:81`])
      return proxy().listen({ host: 'gateway', port: 80 }).route('/a', both).route('/b', both)
    },
  )
  // One rotation over both endpoints: the second of them, where nobody listens, gets the request of the second route.
  expect([(await ask(get('/a'))).status, (await ask(get('/b'))).status]).toEqual([200, 502])
  expect(upstream.requests).toHaveLength(1)
  expect(recording.gaps).toEqual(['GET /b: upstream_refused: The service refused the connection'])
  await end()
})

test('record notes what a fallback pool answers, which stays the one that a route names', async () => {
  const { recording, ask, end } = await inMemory(
    (upstream) => upstream.reply({ body: 'one' }, { body: 'two' }),
    {},
    (url) => {
      const old = pool([url], { name: 'old' })
      const users = pool([`${url}:81`], { name: 'users' }).fallback(old)
      return proxy().listen({ host: 'gateway', port: 80 }).route('/old', old).route('/', users)
    },
  )
  await ask(get('/'))
  await ask(get('/old'))
  const { routes } = recording.app
  expect(routes[1]!.target.fallback).toEqual(routes[0]!.target)
  const exchanges = readRecording(to)
  expect(exchanges.map((it) => [it.pool, it.request.target])).toEqual([
    ['users', '/'],
    ['old', '/'],
    ['old', '/old'],
  ])
  await end()
})

test('record sees each attempt inside all filters, with what they changed', async () => {
  const twice: Filter = async (exchange, next) => {
    const first = await next(exchange)
    first.body.discard()
    exchange.request.headers.set('X-Try', '2')
    return next(exchange)
  }
  const tagged: Filter = (exchange, next) => {
    exchange.request.headers.set('X-Attempt', 'yes')
    return next(exchange)
  }
  const { ask, end } = await inMemory(
    (upstream) => upstream.reply({ status: 503, body: 'no' }, { body: 'yes' }),
    {},
    (url) =>
      proxy()
        .listen({ host: 'gateway', port: 80 })
        .route('/plain', () => respond(200, 'no pool'))
        .route('/', twice, pool([url]).use(tagged)),
  )
  await ask(get('/plain'))
  expect((await ask(post('/x', '{"a":1}'))).body.toString()).toBe('yes')
  const exchanges = readRecording(to)
  expect(exchanges.map(({ request, response }) => [request.headers, response!.status])).toEqual([
    [['Content-Type: application/json', 'X-Attempt: yes'], 503],
    [['Content-Type: application/json', 'X-Try: 2', 'X-Attempt: yes'], 200],
  ])
  expect(exchanges[1]!.request.body).toEqual({ json: { a: 1 } })
  await end()
})

test('record notes heads as they went by, whatever filters make of them later', async () => {
  const meddling: Filter = async (exchange, next) => {
    const coming = next(exchange)
    exchange.request.headers.set('X-Late', 'request')
    const response = await coming
    response.headers.set('X-Late', 'response')
    return response
  }
  const { ask, end } = await inMemory(
    (it) => it.reply({ body: 'x'.repeat(100_000) }),
    {},
    (url) =>
      proxy()
        .listen({ host: 'gateway', port: 80 })
        .route('/', pool([url]).use(meddling)),
  )
  expect((await ask(get('/x'))).headers).toContainEqual(['X-Late', 'response'])
  expect(readRecording(to)[0]).toMatchObject({ request: { headers: [] }, response: { headers: [] } })
  await end()
})

test('record keeps a request body for the next attempt when none was sent', async () => {
  const again: Filter = async (exchange, next) => {
    try {
      return await next(exchange)
    } catch {
      return next(exchange)
    }
  }
  const { upstream, ask, end } = await inMemory(
    (it) => it.reply(({ body }) => ({ body })),
    {},
    (url) =>
      proxy()
        .listen({ host: 'gateway', port: 80 })
        .route('/', again, pool([`${url}:81`, url])),
  )
  const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
  expect((await ask(chunked)).body.toString()).toBe('abc')
  expect(upstream.requests).toHaveLength(1)
  expect(readRecording(to).map(({ noResponse, request }) => [noResponse, request.body])).toEqual([
    ['upstream_refused: The service refused the connection', { omitted: 'it was not sent whole' }],
    [undefined, { text: 'abc' }],
  ])
  await end()
})

test('record notes a response that breaks off, and replayUpstream breaks it off again', async () => {
  const raw = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhalf'
  const { ask, recording, end, client } = await inMemory((it) => it.reply({ raw, after: 'end' }))
  expect(await ask(get('/x'))).toMatchObject({ complete: false, body: Buffer.from('half') })
  expect(readRecording(to)[0]!.response).toMatchObject({
    brokeOff: 'upstream_response_incomplete',
    body: { text: 'half' },
  })
  expect(recording.gaps).toEqual([])
  await client.close()
  await end()
  const { answers, errors } = await replayed([get('/x'), get('/x')])
  for (const answer of answers) expect(answer).toMatchObject({ complete: false, body: Buffer.from('half') })
  expect(errors).toEqual([])
})

test('record tells of what cannot be replayed: the client left, a long body, a tunnel', async () => {
  const slow = async function* (): AsyncGenerator<string> {
    yield 'first'
    await new Promise(() => {})
  }
  const { clock, network, ask, recording, end, client, upstream } = await inMemory(
    (it) =>
      it
        .on('GET /long', { body: 'x'.repeat(101) })
        .on('GET /fits', { body: 'x'.repeat(100) })
        .on('GET /chat', {
          status: 101,
          headers: { Connection: 'upgrade', Upgrade: 'chat' },
          tunnel: (bytes, peer) => {
            peer.write(bytes)
            peer.end()
          },
        })
        .on('GET /slow', { body: slow() }),
    { maxBodyBytes: 100 },
  )
  expect((await ask(get('/long'))).body).toHaveLength(101)
  await ask(get('/fits'))
  await client.send(get('/slow'))
  await upstream.when((it) => it.requests.length === 3)
  await clock.advance(0)
  await client.reset()
  await clock.advance(0)
  const tunnel = await clock.until(rawClient(network, { host: 'gateway', port: 80 }))
  await tunnel.send(get('/chat', 'Connection: upgrade\r\nUpgrade: chat\r\n'))
  expect((await clock.until(tunnel.response())).status).toBe(101)
  await tunnel.send('hello')
  expect(String(await clock.until(tunnel.read(5)))).toBe('hello')
  await tunnel.close()
  expect(recording.gaps).toEqual([
    'GET /long: the body was left out: it is longer than 100 bytes',
    'GET /slow: the response was not received whole: client_aborted',
    'GET /chat: switched to chat: what goes through a tunnel is not recorded',
  ])
  expect(readRecording(to)[2]!.response).toMatchObject({
    body: { text: 'first' },
    brokeOff: 'client_aborted',
  })
  await end()

  const { answers, errors } = await replayed([get('/long'), get('/slow'), get('/chat')])
  expect(answers.map(({ status }) => status)).toEqual([501, 501, 501])
  expect(errors).toEqual([
    `${to} cannot answer GET /long: the body was left out: it is longer than 100 bytes`,
    `${to} cannot answer GET /slow: the response was not received whole: client_aborted`,
    `${to} cannot answer GET /chat: switched to chat: what goes through a tunnel is not recorded`,
  ])
})

test('record keeps the length of content that is not there: HEAD and 304', async () => {
  const { client, clock, end } = await inMemory((it) =>
    it
      .on('HEAD /known', { headers: { 'Content-Length': '1234' } })
      .on('HEAD /unknown', { headers: { 'Transfer-Encoding': 'chunked' } })
      .on('GET /same', { status: 304, headers: { ETag: '"1"', 'Content-Length': '99' } }),
  )
  const requests = ['HEAD /known', 'HEAD /unknown', 'GET /same']
  const text = (request: string): string => `${request} HTTP/1.1\r\nHost: a\r\n\r\n`
  for (const request of requests) {
    await client.send(text(request))
    await clock.until(client.response({ to: request.startsWith('HEAD') ? 'HEAD' : 'GET' }))
  }
  await end()
  const network = memoryNetwork()
  await using service = await replayUpstream(to, { network, host: 'users', port: 80 }).start()
  const again = await rawClient(network, service.url)
  const heads = []
  for (const request of requests) {
    await again.send(text(request))
    heads.push((await again.response({ to: request.startsWith('HEAD') ? 'HEAD' : 'GET' })).head)
  }
  expect(heads).toEqual([
    'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 99\r\n\r\n',
  ])
  await again.close()
})

test('record notes what is under way when it is closed, and nothing after that', async () => {
  const { clock, client, upstream, recording, ask, end } = await inMemory((it) =>
    it.on('GET /slow', { body: 'late', delayMs: 100 }),
  )
  await client.send(get('/slow'))
  await upstream.when((it) => it.requests.length === 1)
  await recording.close()
  const closed = content()
  expect(recording.gaps).toEqual(['GET /slow: still under way when the recording was closed'])
  expect((await clock.until(client.response())).body.toString()).toBe('late')
  await ask(get('/later'))
  expect(content()).toBe(closed)
  expect(recording.exchanges).toBe(1)
  await end()
})

test('record notes a response that a filter has dropped without a word', async () => {
  const big = 'x'.repeat(100_000)
  const { recording, ask, end } = await inMemory(
    (it) => it.reply({ body: big }),
    {},
    (url) =>
      proxy()
        .listen({ host: 'gateway', port: 80 })
        .route(
          '/',
          async (exchange, next) => {
            await next(exchange)
            return respond(200, 'instead')
          },
          pool([url]),
        ),
  )
  expect((await ask(get('/x'))).body.toString()).toBe('instead')
  expect(recording.gaps).toEqual(['GET /x: the response was not received whole: not read to its end'])
  await end()
})

test('record goes on serving when the file cannot be written, and close says so', async () => {
  const { recording, ask, end } = await inMemory((it) => it)
  const failing = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  const append = vi.spyOn(RecordingWriter.prototype, 'append').mockImplementationOnce(() => {
    throw failing
  })
  expect((await ask(get('/x'))).status).toBe(200)
  append.mockRestore()
  expect((await ask(get('/y'))).status).toBe(200)
  const complaint = `record: ${to} is not complete: ENOSPC: no space left on device`
  await expect(end()).rejects.toThrow(complaint)
  await expect(recording.close()).rejects.toThrow(complaint)
  expect(JSON.parse(content()).exchanges).toEqual([])
})

test('record replaces an earlier recording, and no other file', async () => {
  const app = proxy().route('/', pool(['http://127.0.0.1:1']))
  await record(app, { to }).close()
  writeFileSync(to, content().replace('[]', `[${' '.repeat(1_000)}]`))
  await record(app, { to }).close()
  expect(content()).toBe('{\n  "format": "gatewright-recording",\n  "version": 1,\n  "exchanges": []\n}\n')
  for (const foreign of ['{"scripts":{}}', 'notes']) {
    writeFileSync(to, foreign)
    expect(() => record(app, { to })).toThrow(
      'record: "to" must be a file that is new, or an earlier recording, which is replaced, got',
    )
    expect(content()).toBe(foreign)
  }
})

test.each<[string, (app: RoutedProxy) => unknown, string]>([
  ['no file', (app) => record(app, { to: '' }), 'record: "to" must be the path of a file'],
  [
    'no pool',
    () =>
      record(
        proxy().route('/', () => respond(200)),
        { to },
      ),
    'has no pool',
  ],
  ['no proxy', () => record({} as RoutedProxy, { to }), 'record: "app" must be a proxy'],
  ['redact: false', (app) => record(app, { to, redact: false as never }), 'set dangerouslyKeepSecrets'],
  ['an empty rule', (app) => record(app, { to, redact: [{} as never] }), 'with one place each'],
  [
    'a misspelt rule',
    (app) => record(app, { to, redact: [{ headers: 'a' } as never] }),
    'did you mean "header"',
  ],
  ['a rule without a name', (app) => record(app, { to, redact: [{ query: '' }] }), '"query" must be a name'],
  ['a text of text', (app) => record(app, { to, redact: [{ text: 'a' as never }] }), 'a regular expression'],
  [
    'an odd size',
    (app) => record(app, { to, maxBodyBytes: 'much' as '1mb' }),
    '"maxBodyBytes" must be a size',
  ],
  ['one kept type', (app) => record(app, { to, keepBodies: 'a/b' as never }), '"keepBodies" must be a list'],
  [
    'an odd kept type',
    (app) => record(app, { to, keepBodies: ['*/*'] }),
    '"keepBodies" must be a list of media',
  ],
  ['an odd flag', (app) => record(app, { to, dangerouslyKeepSecrets: 1 as never }), 'true or false'],
])('record refuses %s', (_, call, message) => {
  const app = proxy().route('/', pool(['http://127.0.0.1:1']))
  let thrown: unknown
  try {
    call(app)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) })
  expect(existsSync(to)).toBe(false)
})

test('record writes no secret of a body that is compressed, and keeps one without secrets as it is', async () => {
  const packed = gzipSync('{"name":"ann"}')
  const fields = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }
  const { ask, end } = await inMemory((it) =>
    it
      .on('GET /clean', { headers: fields, body: packed })
      .on('GET /secret', { headers: fields, body: gzipSync('{"token":"s3cr3t","id":1}') })
      .on('GET /odd', { headers: { ...fields, 'Content-Encoding': 'rot13' }, body: 'x' })
      .on('GET /not', { headers: fields, body: 'not gzip' }),
  )
  for (const target of ['/clean', '/secret', '/odd', '/not']) await ask(get(target))
  expect(readRecording(to).map(({ response }) => [response!.headers, response!.body])).toEqual([
    [['Content-Type: application/json', 'Content-Encoding: gzip'], { base64: packed.toString('base64') }],
    [['Content-Type: application/json'], { json: { token: 'REDACTED', id: 1 } }],
    [
      ['Content-Type: application/json', 'Content-Encoding: rot13'],
      { omitted: 'its content coding rot13 cannot be looked into for secrets' },
    ],
    [
      ['Content-Type: application/json', 'Content-Encoding: gzip'],
      { omitted: 'it cannot be looked into for secrets' },
    ],
  ])
  await end()
})

test('record keeps secrets when it is told to, but for those of its rules', async () => {
  const { ask, end } = await inMemory(
    (it) => it.reply({ headers: { 'Set-Cookie': 'a=b' }, body: 'token=t0k3n&iban=4711' }),
    { dangerouslyKeepSecrets: true, redact: [{ query: 'iban' }] },
  )
  await ask(get('/?token=x&iban=y', 'Authorization: Basic abc\r\nCookie: s=1\r\n'))
  const [exchange] = readRecording(to)
  expect(exchange!.request).toMatchObject({
    target: '/?token=x&iban=REDACTED',
    headers: ['Authorization: Basic abc', 'Cookie: s=1'],
  })
  expect(exchange!.response).toMatchObject({
    headers: ['Set-Cookie: a=b'],
    body: { text: 'token=t0k3n&iban=REDACTED' },
  })
  await end()
})
