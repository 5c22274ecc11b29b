import { randomBytes } from 'node:crypto'
import type { ServiceError } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { streamIdleTimeout } from '../../src/filters/index.ts'
import { type DecisionRecord, onRequest, onResponse, type Pool, selfSigned } from '../../src/index.ts'
import {
  allOf,
  echoClient,
  echoServer,
  type GatewayOptions,
  gateway,
  Metadata,
  serialize,
  status,
} from './echo-service.ts'

function metadata(fields: Readonly<Record<string, string | Buffer>>): Metadata {
  const made = new Metadata()
  for (const [name, value] of Object.entries(fields)) made.add(name, value)
  return made
}

const BINARY = Buffer.from([0, 1, 2, 253, 254, 255])

describe('gRPC through a listener and a pool that speak HTTP/2', () => {
  it('is a unary call with metadata both ways', async () => {
    const server = await echoServer()
    const client = echoClient((await gateway([server])).url)
    const answer = await client.unary(
      Buffer.from('hello'),
      metadata({ 'x-text': 'some text', 'x-bytes-bin': BINARY }),
    )
    expect([answer.code, answer.messages.map(String)]).toEqual([status.OK, ['hello']])
    expect(server.calls[0]!.get('x-bytes-bin')).toEqual([BINARY])
    expect(answer.trailers.get('trailer-x-text')).toEqual(['some text'])
    expect(answer.trailers.get('trailer-x-bytes-bin')).toEqual([BINARY])
  })

  it('is a stream of requests', async () => {
    const server = await echoServer()
    const { client } = echoClient((await gateway([server])).url)
    const collected = await new Promise<string>((resolve, reject) => {
      const call = client.makeClientStreamRequest(
        '/echo.Echo/Collect',
        serialize,
        serialize,
        (error, value) => (error === null ? resolve(String(value)) : reject(error)),
      )
      for (const part of ['a', 'b', 'c']) call.write(Buffer.from(part))
      call.end()
    })
    expect(collected).toBe('abc')
  })

  it('is a stream of responses, with metadata before and behind it', async () => {
    const server = await echoServer()
    const { client } = echoClient((await gateway([server])).url)
    const ended = await allOf(
      client.makeServerStreamRequest(
        '/echo.Echo/Repeat',
        serialize,
        serialize,
        Buffer.from('again'),
        metadata({ times: '100', 'x-a': '1' }),
      ),
    )
    expect([ended.code, ended.messages.length]).toEqual([status.OK, 100])
    expect(ended.initial?.get('initial-x-a')).toEqual(['1'])
    expect(ended.trailers.get('trailer-x-a')).toEqual(['1'])
  })

  it.each<[string, GatewayOptions]>([
    ['by itself', {}],
    ['in a pool that retries', { pool: (it) => it.retry({ on: 'UNAVAILABLE' }) }],
    ['with a deadline', { pool: (it) => it.deadline({ ms: '1h', grpc: true }) }],
    ['where silence is allowed', { filters: [streamIdleTimeout('1h')] }],
  ])('is a stream in both directions, of which each message leaves at once, %s', async (_, options) => {
    const server = await echoServer()
    const { client } = echoClient((await gateway([server], options)).url)
    const call = client.makeBidiStreamRequest('/echo.Echo/Chat', serialize, serialize)
    const ended = allOf(call)
    for (const said of ['one', 'two', 'three']) {
      const heard = new Promise<Buffer>((resolve) => call.once('data', resolve))
      call.write(Buffer.from(said))
      // The next is written when this one has come back.
      expect(String(await heard)).toBe(said)
    }
    call.end()
    expect((await ended).code).toBe(status.OK)
  })

  it('passes on what a server says in the middle of a stream of requests', async () => {
    const server = await echoServer()
    server.refusesStreams = true
    const { client } = echoClient((await gateway([server])).url)
    const { code, details } = await new Promise<ServiceError>((resolve, reject) => {
      const call = client.makeClientStreamRequest('/echo.Echo/Collect', serialize, serialize, (error) =>
        error === null ? reject(new Error('it was accepted')) : resolve(error),
      )
      // It goes on for as long as it is let.
      const more = () => void call.write(Buffer.alloc(10_000), more)
      more()
    })
    expect([code, details]).toEqual([status.OUT_OF_RANGE, 'enough'])
  })

  it('passes on an answer that is trailers alone', async () => {
    const server = await echoServer()
    server.unary = (_, answer) =>
      answer({ code: status.ALREADY_EXISTS, details: 'já existe', metadata: metadata({ 'x-why': 'twice' }) })
    const client = echoClient((await gateway([server])).url)
    const answer = await client.unary(Buffer.from('x'))
    expect([answer.code, answer.details]).toEqual([status.ALREADY_EXISTS, 'já existe'])
    expect(answer.trailers.get('x-why')).toEqual(['twice'])
    expect(answer.trailers.getMap()).not.toHaveProperty('content-length')
  })

  it('passes it on where someone listens for the end of the body', async () => {
    const server = await echoServer()
    server.unary = (_, answer) => answer({ code: status.ALREADY_EXISTS, details: 'twice' })
    let closed = 0
    const watch = onResponse(({ body }) => void body.onClose(() => closed++))
    const client = echoClient((await gateway([server], { filters: [watch] })).url)
    const answer = await client.unary(Buffer.from('x'))
    expect([answer.code, answer.details, closed]).toEqual([status.ALREADY_EXISTS, 'twice', 1])
  })

  it('carries messages of 4 MiB', async () => {
    const server = await echoServer()
    const client = echoClient((await gateway([server])).url)
    const message = randomBytes(4 * 1024 * 1024)
    const { code, messages } = await client.unary(message)
    expect([code, messages[0]?.equals(message)]).toEqual([status.OK, true])
  })

  it('is the same with TLS on both sides', async () => {
    const tls = selfSigned()
    const app = await gateway([await echoServer(tls)], { tls })
    const { code, messages } = await echoClient(app.url, tls.cert).unary(Buffer.from('hello'))
    expect([code, String(messages[0])]).toEqual([status.OK, 'hello'])
  })

  it('carries many small messages both ways', async () => {
    const server = await echoServer()
    const { client } = echoClient((await gateway([server])).url)
    const call = client.makeBidiStreamRequest('/echo.Echo/Chat', serialize, serialize)
    const ended = allOf(call)
    for (let i = 0; i < 20_000; i++)
      if (!call.write(Buffer.from(`${i}`))) await new Promise((resolve) => call.once('drain', resolve))
    call.end()
    const { code, messages } = await ended
    expect([code, messages.map(String)]).toEqual([
      status.OK,
      Array.from({ length: 20_000 }, (_, i) => `${i}`),
    ])
  })

  it('carries a thousand calls at a time', async () => {
    const server = await echoServer()
    const client = echoClient((await gateway([server])).url)
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => client.unary(Buffer.from(`call ${i}`))),
    )
    expect(answers.map(({ messages }) => String(messages[0]))).toEqual(
      Array.from({ length: 1_000 }, (_, i) => `call ${i}`),
    )
  })

  it('tells the server of the deadline, and of a client that has given up by it', async () => {
    const server = await echoServer()
    server.unary = () => {}
    const client = echoClient((await gateway([server])).url)
    const { code } = await client.unary(Buffer.from('x'), new Metadata(), { deadline: Date.now() + 200 })
    expect(code).toBe(status.DEADLINE_EXCEEDED)
    await server.until(() => server.cancelled === 1)
  })

  it('cancels the call of a client that leaves', async () => {
    const server = await echoServer()
    const { client } = echoClient((await gateway([server])).url)
    const call = client.makeServerStreamRequest(
      '/echo.Echo/Repeat',
      serialize,
      serialize,
      Buffer.from('x'),
      metadata({ times: 'Infinity' }),
    )
    const ended = allOf(call)
    await new Promise((resolve) => call.once('data', resolve))
    call.cancel()
    await server.until(() => server.cancelled === 1)
    expect((await ended).code).toBe(status.CANCELLED)
  })

  it('ends the call of a client whose server is gone', async () => {
    const server = await echoServer()
    const { client } = echoClient((await gateway([server])).url)
    const call = client.makeServerStreamRequest(
      '/echo.Echo/Repeat',
      serialize,
      serialize,
      Buffer.from('x'),
      metadata({ times: 'Infinity' }),
    )
    const ended = allOf(call)
    await new Promise((resolve) => call.once('data', resolve))
    server.stop()
    const { code, messages } = await ended
    expect([code, messages.length]).toEqual([status.INTERNAL, 1])
  })
})

describe('what the proxy itself answers to a client of gRPC', () => {
  it('is UNAVAILABLE where no server listens', async () => {
    const server = await echoServer()
    server.stop()
    const { code, details } = await echoClient((await gateway([server])).url).unary(Buffer.from('x'))
    expect([code, details]).toEqual([status.UNAVAILABLE, 'The service refused the connection'])
  })

  it('is UNIMPLEMENTED where there is no route', async () => {
    const app = await gateway([await echoServer()], { route: '/other' })
    const { code, details } = await echoClient(app.url).unary(Buffer.from('x'))
    expect([code, details]).toEqual([status.UNIMPLEMENTED, 'Nothing is served at this address'])
  })

  it('is RESOURCE_EXHAUSTED for a message that is too large', async () => {
    const server = await echoServer()
    const app = await gateway([server], { limits: { bodyBytes: 100_000 } })
    const { code } = await echoClient(app.url).unary(Buffer.alloc(1_000_000))
    expect(code).toBe(status.RESOURCE_EXHAUSTED)
  })

  it('is DEADLINE_EXCEEDED where the client itself does not look at the time', async () => {
    const server = await echoServer()
    server.unary = () => {}
    const late = onRequest(({ request }) => void request.headers.set('grpc-timeout', '100m'))
    const app = await gateway([server], { filters: [late], pool: untoldDeadline })
    const { code, details } = await echoClient(app.url).unary(Buffer.from('x'))
    expect([code, details]).toEqual([
      status.DEADLINE_EXCEEDED,
      'The service did not answer within the time that all attempts have together',
    ])
    await server.until(() => server.cancelled === 1)
  })

  it('tells the server what is left of the deadline', async () => {
    const server = await echoServer()
    const deadlines: number[] = []
    server.unary = (call, answer) => {
      deadlines.push(Number(call.getDeadline()))
      answer(null, call.request)
    }
    const app = await gateway([server], { pool: (it) => it.deadline({ ms: '1h', grpc: true }) })
    await echoClient(app.url).unary(Buffer.from('x'))
    expect(deadlines[0]).toBeLessThanOrEqual(Date.now() + 3_600_000)
  })
})

/** The deadline of a call, of which the server does not hear: it would keep it too, and may be sooner. */
function untoldDeadline(it: Pool): Pool {
  return it
    .deadline({ grpc: true })
    .use(onRequest(({ request }) => void request.headers.delete('grpc-timeout')))
}

describe('the record of a call', () => {
  it.each([
    ['behind messages', status.OK, 'OK', 'OK'],
    ['before any', status.NOT_FOUND, 'NOT_FOUND', 'NOT_FOUND'],
    ['where the proxy has ended it', undefined, 'DEADLINE_EXCEEDED', undefined],
  ])('has its status, %s', async (_, code, expected, ofAttempt) => {
    const server = await echoServer()
    server.unary = (call, answer) => {
      if (code === status.OK) answer(null, call.request)
      else if (code !== undefined) answer({ code, details: '' })
    }
    const records: DecisionRecord[] = []
    const recording = onRequest((exchange) => {
      if (code === undefined) exchange.request.headers.set('grpc-timeout', '50m')
      const record = exchange.record()
      exchange.onComplete(() => records.push(record))
    })
    const app = await gateway([server], { filters: [recording], pool: untoldDeadline })
    await echoClient(app.url).unary(Buffer.from('x'))
    const [{ ended, attempts }] = records as [DecisionRecord]
    expect([ended?.grpcStatus, attempts[0]!.grpcStatus]).toEqual([expected, ofAttempt])
    expect(String(records[0])).toContain(`completed with 200 (grpc ${expected})`)
  })
})

describe('a pool that retries by a status of gRPC', () => {
  it('asks another server, with the message and the count of attempts', async () => {
    const servers = [await echoServer(), await echoServer()]
    let calls = 0
    for (const server of servers)
      server.unary = (call, answer) => {
        if (calls++ === 0) answer({ code: status.UNAVAILABLE, details: 'not now' })
        else answer(null, call.request)
      }
    const app = await gateway(servers, { pool: (it) => it.retry({ on: 'UNAVAILABLE' }) })
    const { code, messages } = await echoClient(app.url).unary(Buffer.from('hello'))
    expect([code, String(messages[0])]).toEqual([status.OK, 'hello'])
    expect(servers.map((it) => it.calls.length)).toEqual([1, 1])
    const counts = servers.flatMap((it) =>
      it.calls.map((one) => one.get('grpc-previous-rpc-attempts').length),
    )
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 1])
  })

  it('heeds a server that wants none', async () => {
    const server = await echoServer()
    server.unary = (_, answer) =>
      answer({ code: status.UNAVAILABLE, metadata: metadata({ 'grpc-retry-pushback-ms': '-1' }) })
    const app = await gateway([server], { pool: (it) => it.retry({ on: 'UNAVAILABLE' }) })
    const { code } = await echoClient(app.url).unary(Buffer.from('hello'))
    expect([code, server.calls.length]).toEqual([status.UNAVAILABLE, 1])
  })
})
