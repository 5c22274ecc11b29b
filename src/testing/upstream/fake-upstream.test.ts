import { describe, expect, test } from 'vitest'
import type { Network } from '../../core/network.ts'
import { nodeNetwork } from '../../transport/network.ts'
import { memoryNetwork } from '../network/memory-network.ts'
import { rawClient } from '../network/raw-client.ts'
import { virtualClock } from '../virtual-clock.ts'
import { fakeUpstream } from './fake-upstream.ts'

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

describe.each([
  ['in memory', (): Network => memoryNetwork()],
  ['on sockets', (): Network => nodeNetwork],
])('%s', (_, makeNetwork) => {
  test('fakeUpstream answers by route, and records what came', async () => {
    const network = makeNetwork()
    await using upstream = await fakeUpstream({ network })
      .on('GET /users/:id', ({ params }) => ({ body: `user ${params.id}` }))
      .on('* /files/*', { status: 201, reason: 'Made', headers: { 'X-A': ['1', '2'] } })
      .start()
    const client = await rawClient(network, upstream.url)
    await client.send(get('/users/7?full') + get('/users/7/x'))
    expect(await client.response()).toMatchObject({
      status: 200,
      reason: 'OK',
      body: Buffer.from('user 7'),
      framing: 'length',
    })
    expect(await client.response()).toMatchObject({ status: 404 })
    await client.send(
      'POST /files/a/b HTTP/1.1\r\nX-b: c\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: t\r\n\r\n',
    )
    const made = await client.response()
    expect(made.head).toBe('HTTP/1.1 201 Made\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 0\r\n\r\n')
    expect(upstream.requests[0]).toMatchObject({
      method: 'GET',
      target: '/users/7?full',
      version: 'HTTP/1.1',
      connection: 1,
    })
    expect(upstream.requests[2]).toMatchObject({
      headers: [
        ['X-b', 'c'],
        ['Transfer-Encoding', 'chunked'],
      ],
      body: Buffer.from('x'),
      trailers: [['X-T', 't']],
      complete: true,
    })
    expect(upstream.requests[2]!.header('x-B')).toBe('c')
    expect(upstream).toMatchObject({ connections: 1, totalConnections: 1, errors: [] })
    await client.close()
    await upstream.when((it) => it.connections === 0)
  })

  test('fakeUpstream sends interim responses, chunks and trailers', async () => {
    const network = makeNetwork()
    const body = async function* (): AsyncGenerator<string> {
      yield 'one'
      yield ''
      yield 'three'
    }
    await using upstream = await fakeUpstream({ network })
      .reply(() => ({
        informational: [{ status: 103, headers: { Link: '</a>' } }],
        body: body(),
        trailers: [['X-Sum', '8']],
      }))
      .start()
    const client = await rawClient(network, upstream.url)
    await client.send(get('/'))
    const response = await client.response()
    expect(response).toMatchObject({
      framing: 'chunked',
      chunkSizes: [3, 5],
      trailers: [['X-Sum', '8']],
      body: Buffer.from('onethree'),
    })
    expect(response.informational.map(({ status, headers }) => [status, headers])).toEqual([
      [103, [['Link', '</a>']]],
    ])
    await client.close()
  })

  test('fakeUpstream takes turns with answers, and ends the connection as it is told', async () => {
    const network = makeNetwork()
    await using upstream = await fakeUpstream({ network })
      .reply(
        { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', after: 'reset' },
        { body: 'until the end', framing: 'close' },
        { raw: 'nonsense', after: 'close' },
        { body: 'last' },
      )
      .start()
    const send = async (): Promise<Awaited<ReturnType<typeof rawClient>>> => {
      const client = await rawClient(network, upstream.url)
      await client.send(get('/'))
      return client
    }
    const reset = await send()
    expect(await reset.closed).toMatchObject({ code: 'ECONNRESET' })
    const untilEnd = await send()
    expect(await untilEnd.response()).toMatchObject({ framing: 'close', body: Buffer.from('until the end') })
    const nonsense = await send()
    expect((await nonsense.readToEnd()).toString()).toBe('nonsense')
    for (let i = 0; i < 2; i++) {
      const client = await send()
      expect((await client.response()).body.toString()).toBe('last')
      await client.close()
    }
    await untilEnd.close()
    await nonsense.close()
    expect(upstream.totalConnections).toBe(5)
  })

  test('fakeUpstream tells a broken request from a whole one', async () => {
    const network = makeNetwork()
    await using upstream = await fakeUpstream({ network }).start()
    const client = await rawClient(network, upstream.url)
    await client.send('POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc')
    client.end()
    await upstream.when((it) => it.requests.length === 1)
    expect(upstream.requests[0]).toMatchObject({ body: Buffer.from('abc'), complete: false })
    expect(await client.readToEnd()).toHaveLength(0)
    await client.closed
  })

  test('fakeUpstream says go on to who waits for it, and closes when asked to', async () => {
    const network = makeNetwork()
    await using upstream = await fakeUpstream({ network }).start()
    const client = await rawClient(network, upstream.url)
    await client.send(
      'POST / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 1\r\n\r\n',
    )
    expect((await client.read(25)).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    await client.send('x')
    expect(await client.response()).toMatchObject({ status: 200 })
    expect(await client.readToEnd()).toHaveLength(0)
    await client.close()
  })

  test('fakeUpstream tunnels after a 101, and reads on where none was made', async () => {
    const network = makeNetwork()
    const upgrade = 'Connection: upgrade\r\nUpgrade: echo\r\n'
    await using upstream = await fakeUpstream({ network })
      .on('GET /refused', { status: 426 })
      .on('GET /echo', {
        status: 101,
        headers: { Upgrade: 'echo' },
        tunnel: (bytes, peer) => peer.write(`<${bytes.toString()}>`),
      })
      .start()
    const client = await rawClient(network, upstream.url)
    await client.send(get('/refused', upgrade))
    expect((await client.response()).status).toBe(426)
    await client.send(`${get('/echo', upgrade)}early`)
    expect((await client.response()).status).toBe(101)
    expect((await client.read(7)).toString()).toBe('<early>')
    await client.send('GET / HTTP/1.1\r\n\r\n')
    expect((await client.read(20)).toString()).toBe('<GET / HTTP/1.1\r\n\r\n>')
    client.end()
    await client.closed
    expect(upstream.requests).toHaveLength(2)
  })

  test('fakeUpstream waits for a slow reader, and stops when it leaves', async () => {
    const network = makeNetwork()
    let sent = 0
    const left = Promise.withResolvers<void>()
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          sent++
          yield Buffer.alloc(65_536)
        }
      } finally {
        left.resolve()
      }
    }
    await using upstream = await fakeUpstream({ network })
      .reply(() => ({ body: endless() }))
      .start()
    const client = await rawClient(network, upstream.url)
    await client.send(get('/'))
    await client.read(100_000)
    client.pause()
    await client.close()
    await left.promise
    expect(sent).toBeLessThan(1000)
  })

  test('fakeUpstream close closes all, resetConnections resets all', async () => {
    const network = makeNetwork()
    const upstream = await fakeUpstream({ network }).start()
    const [one, two] = [await rawClient(network, upstream.url), await rawClient(network, upstream.url)]
    await upstream.when((it) => it.connections === 2)
    upstream.resetConnections()
    expect(await Promise.all([one.closed, two.closed])).toMatchObject([
      { code: 'ECONNRESET' },
      { code: 'ECONNRESET' },
    ])
    const three = await rawClient(network, upstream.url)
    await upstream.when((it) => it.totalConnections === 3)
    const { url } = upstream
    await upstream.close()
    expect(await three.readToEnd()).toHaveLength(0)
    await expect(rawClient(network, url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(() => upstream.url).toThrow('call start() first')
    await three.close()
  })
})

test('fakeUpstream takes its time from the clock', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  await using upstream = await fakeUpstream({ network, clock, host: 'users', port: 8080 })
    .reply({ delayMs: 5000, body: 'slow' })
    .start()
  expect(upstream.url).toBe('http://users:8080')
  const client = await rawClient(network, upstream.url)
  await client.send(get('/'))
  expect((await clock.until(client.response())).body.toString()).toBe('slow')
  expect(clock.now()).toBe(5000)
  await client.send(get('/'))
  await clock.advance(1000)
  await client.reset()
  await clock.advance(0)
  expect(clock.pending).toBe(0)
})

test('fakeUpstream keeps the errors of a test’s own answer, and of requests that make no sense', async () => {
  const network = memoryNetwork()
  await using upstream = await fakeUpstream({ network })
    .reply(() => {
      throw new Error('mine')
    })
    .start()
  const client = await rawClient(network, upstream.url)
  await client.send(get('/'))
  expect(await client.response()).toMatchObject({ status: 500 })
  await client.send('POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n')
  await client.readToEnd()
  expect(upstream.errors.map((error) => (error as Error).message)).toEqual([
    'mine',
    'no content length: "many"',
  ])
  await client.close()
})

test('fakeUpstream leaves nothing open', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  {
    await using upstream = await fakeUpstream({ network, clock }).reply({ delayMs: 1000 }).start()
    const client = await rawClient(network, upstream.url)
    await client.send(get('/'))
    await upstream.when((it) => it.requests.length === 1)
    await client.close()
  }
  expect(network.leaks()).toEqual([])
  expect(clock.pending).toBe(0)
})

test('fakeUpstream refuses a route that is none', () => {
  expect(() => fakeUpstream({ socket: true }).on('/users', {})).toThrow(
    'fakeUpstream: "route" must be "METHOD /path"',
  )
})

test('fakeUpstream answers a pipeline in order, however long an answer takes', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  await using upstream = await fakeUpstream({ network, clock })
    .on('GET /slow', { delayMs: 1000, body: 'slow' })
    .on('GET /fast', { body: 'fast' })
    .start()
  const client = await rawClient(network, upstream.url)
  await client.send(get('/slow') + get('/fast'))
  expect((await clock.until(client.response())).body.toString()).toBe('slow')
  expect((await client.response()).body.toString()).toBe('fast')
  await client.close()
})

test('fakeUpstream answers JSON, with its type unless another is given', async () => {
  const network = memoryNetwork()
  await using upstream = await fakeUpstream({ network })
    .on('GET /a', { status: 201, json: { a: 1 } })
    .on('GET /b', () => ({ json: [], headers: [['content-type', 'application/problem+json']] }))
    .start()
  const client = await rawClient(network, upstream.url)
  await client.send(get('/a') + get('/b'))
  const [first, second] = [await client.response(), await client.response()]
  expect([first.status, first.body.toString(), first.headers]).toEqual([
    201,
    '{"a":1}',
    [
      ['Content-Type', 'application/json'],
      ['Content-Length', '7'],
    ],
  ])
  expect([second.body.toString(), second.headers[0]]).toEqual([
    '[]',
    ['content-type', 'application/problem+json'],
  ])
})

test.each<[string, unknown, RegExp]>([
  ['a text', 'hello', /fakeUpstream\.reply: "answer" must be an object such as \{ status: 503/],
  ['a number', 503, /"answer" must be an object/],
  ['a misspelt field', { statuss: 201 }, /"statuss" must be one of .*did you mean "status"/],
  ['a status that is none', { status: 20 }, /"status" must be a whole number from 100 to 999/],
  ['an object as body', { body: { a: 1 } }, /"body" must be text, bytes or chunks; give an object as "json"/],
  ['two bodies', { body: '', json: 1 }, /"json" must be given without "body"/],
])('fakeUpstream refuses as an answer: %s', async (_, answer, message) => {
  const network = memoryNetwork()
  const upstream = fakeUpstream({ network })
  expect(() => upstream.reply(answer as never)).toThrow(message)
  expect(() => upstream.on('GET /', answer as never)).toThrow(
    new RegExp(message.source.replace('reply', 'on')),
  )
  // And where a function gives it, as what went wrong.
  await upstream.reply(() => answer as never).start()
  const client = await rawClient(network, upstream.url)
  await client.send(get('/'))
  expect((await client.response()).status).toBe(500)
  expect(String(upstream.errors[0])).toMatch(new RegExp(message.source.replace('\\.reply', '')))
  await upstream.close()
})
