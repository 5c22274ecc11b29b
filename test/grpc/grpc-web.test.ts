import { create, createFileRegistry } from '@bufbuild/protobuf'
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
  type StringValue,
  StringValueSchema,
} from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { createGrpcWebTransport } from '@connectrpc/connect-web'
import { describe, expect, it } from 'vitest'
import { cors, grpcWeb, grpcWebCors } from '../../src/filters/index.ts'
import type { Pool } from '../../src/index.ts'
import { type EchoServer, echoServer, gateway, Metadata, status } from './echo-service.ts'

const STRING = '.google.protobuf.StringValue'
const echo = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: 'echo.proto',
    package: 'echo',
    syntax: 'proto3',
    dependency: ['google/protobuf/wrappers.proto'],
    service: [
      {
        name: 'Echo',
        method: [
          { name: 'Unary', inputType: STRING, outputType: STRING },
          { name: 'Repeat', inputType: STRING, outputType: STRING, serverStreaming: true },
        ],
      },
    ],
  }),
  () => file_google_protobuf_wrappers,
).getService('echo.Echo')!

interface EchoClient {
  unary(request: StringValue, options?: object): Promise<StringValue>
  repeat(request: StringValue, options?: object): AsyncIterable<StringValue>
}

const text = (value: string) => create(StringValueSchema, { value })

interface WebOptions {
  readonly pool?: (services: Pool) => Pool
}

async function world(server: EchoServer, options: WebOptions = {}) {
  const app = await gateway([server], {
    filters: [cors({ origins: 'https://shop.example', ...grpcWebCors }), grpcWeb()],
    ...options,
  })
  return {
    url: app.url,
    client: createClient(echo, createGrpcWebTransport({ baseUrl: app.url })) as unknown as EchoClient,
  }
}

/** What a call has failed with. */
async function failure(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call
  } catch (error) {
    return ConnectError.from(error)
  }
  throw new Error('it did not fail')
}

/** A message in gRPC's framing. */
function framed(message: string, flag = 0): Buffer {
  const frame = Buffer.alloc(5 + message.length)
  frame[0] = flag
  frame.writeUInt32BE(message.length, 1)
  frame.write(message, 5, 'latin1')
  return frame
}

describe('a client of gRPC-Web', () => {
  it('makes a unary call, with metadata both ways', async () => {
    const server = await echoServer()
    const { client } = await world(server)
    let header: Headers | undefined
    let trailer: Headers | undefined
    const answer = await client.unary(text('hello'), {
      headers: { 'x-a': '1' },
      onHeader: (it: Headers) => {
        header = it
      },
      onTrailer: (it: Headers) => {
        trailer = it
      },
    })
    expect(answer.value).toBe('hello')
    expect(header?.get('content-type')).toBe('application/grpc-web+proto')
    expect(trailer?.get('trailer-x-a')).toBe('1')
    expect(server.calls[0]!.get('x-a')).toEqual(['1'])
  })

  it('reads a stream of responses, each as it comes', async () => {
    const server = await echoServer()
    const { client } = await world(server)
    const calls = client.repeat(text('again'), { headers: { times: 'Infinity' } })[Symbol.asyncIterator]()
    // The server sends no more than this, and does not end.
    expect((await calls.next()).value).toMatchObject({ value: 'again' })
    await calls.return?.()
    await server.until(() => server.cancelled === 1)
    const values: string[] = []
    for await (const { value } of client.repeat(text('b'), { headers: { times: '50' } })) values.push(value)
    expect(values).toEqual(Array.from({ length: 50 }, () => 'b'))
  })

  it('is told of an error, which the server answers with trailers alone', async () => {
    const server = await echoServer()
    server.unary = (_, answer) => answer({ code: status.NOT_FOUND, details: 'não há' })
    const { code, rawMessage } = await failure((await world(server)).client.unary(text('x')))
    expect([code, rawMessage]).toEqual([Code.NotFound, 'não há'])
  })

  it('is told of an error behind messages', async () => {
    const server = await echoServer()
    server.unary = (call, answer) => {
      call.sendMetadata(new Metadata())
      answer({ code: status.DATA_LOSS, details: 'half of it' })
    }
    const { code, rawMessage } = await failure((await world(server)).client.unary(text('x')))
    expect([code, rawMessage]).toEqual([Code.DataLoss, 'half of it'])
  })

  it('is not left waiting by a server that goes away behind a message', async () => {
    const server = await echoServer()
    const { client } = await world(server)
    const calls = client.repeat(text('again'), { headers: { times: 'Infinity' } })[Symbol.asyncIterator]()
    expect((await calls.next()).value).toMatchObject({ value: 'again' })
    server.stop()
    await failure(calls.next())
  })

  it('is told of what the proxy itself answers', async () => {
    const server = await echoServer()
    server.stop()
    const { code, rawMessage } = await failure((await world(server)).client.unary(text('x')))
    expect([code, rawMessage]).toEqual([Code.Unavailable, 'The service refused the connection'])
  })

  it('has its deadline kept', async () => {
    const server = await echoServer()
    server.unary = () => {}
    const { url } = await world(server, { pool: (it) => it.deadline({ grpc: true }) })
    const response = await fetch(`${url}/echo.Echo/Unary`, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web', 'grpc-timeout': '50m' },
      body: framed('x'),
    })
    expect([response.headers.get('grpc-status'), response.headers.get('content-type')]).toEqual([
      '4',
      'application/grpc-web',
    ])
    await server.until(() => server.cancelled === 1)
  })

  it('of another origin may read the answer, also where it is an error', async () => {
    const server = await echoServer()
    const { url } = await world(server)
    const ask = async () => {
      const { headers } = await fetch(`${url}/echo.Echo/Unary`, {
        method: 'POST',
        headers: { 'content-type': 'application/grpc-web', origin: 'https://shop.example' },
        body: framed('x'),
      })
      return [
        headers.get('access-control-allow-origin'),
        headers.get('access-control-expose-headers'),
        headers.get('grpc-status'),
      ]
    }
    const exposed = 'Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin'
    expect(await ask()).toEqual(['https://shop.example', exposed, null])
    server.stop()
    expect(await ask()).toEqual(['https://shop.example', exposed, '14'])
  })
})

describe('gRPC-Web as text', () => {
  const type = 'application/grpc-web-text'

  async function post(url: string, path: string, body: string, headers: Record<string, string> = {}) {
    const response = await fetch(`${url}/echo.Echo/${path}`, {
      method: 'POST',
      headers: { 'content-type': type, accept: type, ...headers },
      body,
    })
    return { response, type: response.headers.get('content-type'), text: await response.text() }
  }

  /** Base64 with its padding wherever a message ends. */
  const decoded = (body: string) =>
    Buffer.concat((body.match(/[^=]+={0,2}/g) ?? []).map((part) => Buffer.from(part, 'base64')))

  it('is base64 both ways, of each message by itself', async () => {
    const { url } = await world(await echoServer())
    const answer = await post(url, 'Repeat', framed('four').toString('base64'), { times: '2' })
    expect([answer.type, answer.response.status]).toEqual([type, 200])
    const message = framed('four').toString('base64')
    expect(answer.text.slice(0, 2 * message.length)).toBe(message + message)
    const trailers = decoded(answer.text.slice(2 * message.length))
    expect([trailers[0], trailers.subarray(5).toString()]).toEqual([
      0x80,
      expect.stringMatching(/^grpc-status: 0\r\n(?:grpc-message: OK\r\n)?$/),
    ])
  })

  it.each(['AAA', '####', 'AA=A', 'AAAA\n', 'AA='])('refuses a body that is no base64: %j', async (body) => {
    const server = await echoServer()
    const { url } = await world(server)
    const { response, type: got, text: rest } = await post(url, 'Unary', body)
    expect([response.status, got, response.headers.get('grpc-status'), rest]).toEqual([200, type, '13', ''])
    expect(response.headers.get('grpc-message')).toBe('The request is malformed: a body that is no base64')
  })
})
