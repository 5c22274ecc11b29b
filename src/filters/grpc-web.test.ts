import { describe, expect, test } from 'vitest'
import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, fault, run, simulate } from '../testing/index.ts'
import { grpcWeb } from './grpc-web.ts'

const asked = (headers: Record<string, string>, method = 'POST') =>
  exchange({ method, url: '/a.B/C', headers, body: 'AAAAAAA=' })

const answering =
  (headers: Record<string, string>, body = ''): Handler =>
  () =>
    respond(200, body === '' ? undefined : Buffer.from(body), headers)

describe('grpcWeb', () => {
  test.each([
    ['application/grpc-web', 'application/grpc', 'AAAAAAA='],
    ['application/grpc-web+proto', 'application/grpc+proto', 'AAAAAAA='],
    ['application/grpc-web+json; charset=utf-8', 'application/grpc+json', 'AAAAAAA='],
    ['application/grpc-web-text', 'application/grpc', '\0\0\0\0\0'],
    ['Application/gRPC-Web-Text+proto', 'application/grpc+proto', '\0\0\0\0\0'],
  ])('sends a request of %s on as one of %s', async (type, expected, body) => {
    const { calls, exchange: served } = await run(grpcWeb(), asked({ 'content-type': type, accept: type }))
    const [call] = calls
    expect(served.request.acceptsTrailers).toBe(true)
    expect([call!.headers.get('content-type'), call!.headers.has('accept'), String(call!.body)]).toEqual([
      expected,
      false,
      body,
    ])
  })

  test.each([
    ['application/grpc', 'POST'],
    ['application/json', 'POST'],
    ['application/grpc-websocket', 'POST'],
    ['application/grpc-web', 'OPTIONS'],
  ])('leaves a request of %s alone (%s)', async (type, method) => {
    const { calls, response } = await run(grpcWeb(), asked({ 'content-type': type, accept: '*/*' }, method))
    expect([calls[0]!.headers.get('content-type'), calls[0]!.headers.get('accept')]).toEqual([type, '*/*'])
    expect(await response.body.text()).toBe('ok')
  })

  test('answers in the type that is asked for, where that is another one', async () => {
    const request = asked({ 'content-type': 'application/grpc-web', accept: 'application/grpc-web-text' })
    const { response } = await run(
      grpcWeb(),
      request,
      answering({ 'content-type': 'application/grpc' }, '\0\0\0\0\0'),
    )
    expect(response.headers.get('content-type')).toBe('application/grpc-web-text')
    expect(await response.body.text()).toMatch(/^AAAAAAA=[A-Za-z0-9+/]+={0,2}$/)
  })

  test('leaves what is no answer of gRPC as it is', async () => {
    const { response } = await run(
      grpcWeb(),
      asked({ 'content-type': 'application/grpc-web' }),
      answering({ 'content-type': 'text/html' }, '<p>'),
    )
    expect([response.headers.get('content-type'), await response.body.text()]).toEqual(['text/html', '<p>'])
  })

  test('says no second status behind one in the head, where the length of an empty body was not known', async () => {
    const handler: Handler = () =>
      respond(200, (async function* () {})(), { 'content-type': 'application/grpc', 'grpc-status': '5' })
    const { response } = await run(grpcWeb(), asked({ 'content-type': 'application/grpc-web' }), handler)
    expect([response.headers.get('grpc-status'), await response.body.text()]).toEqual(['5', ''])
  })

  test('leaves trailers alone in the head', async () => {
    const { response } = await run(
      grpcWeb(),
      asked({ 'content-type': 'application/grpc-web' }),
      answering({ 'content-type': 'application/grpc', 'grpc-status': '5' }),
    )
    expect([
      response.headers.get('grpc-status'),
      response.headers.get('content-type'),
      response.body.length,
    ]).toEqual(['5', 'application/grpc-web', 0])
  })

  test('says INTERNAL where the service ends without a status', async () => {
    const { response } = await run(
      grpcWeb(),
      asked({ 'content-type': 'application/grpc-web' }),
      answering({ 'content-type': 'application/grpc' }, '\0\0\0\0\0'),
    )
    const body = await response.body.buffer()
    expect([body[5], body.readUInt32BE(6), body.subarray(10).toString()]).toEqual([
      0x80,
      body.length - 10,
      'grpc-status: 13\r\ngrpc-message: The service ended the call without a status\r\n',
    ])
  })
})

describe('grpcWeb before a service', () => {
  const type = 'application/grpc-web-text'
  const MESSAGE = Buffer.from('\0\0\0\0\x07message', 'latin1')
  const world = () => simulate(proxy().route('/', grpcWeb(), pool(['http://u'])))

  async function* bytewise(bytes: Uint8Array) {
    for (const byte of bytes) yield Uint8Array.of(byte)
  }

  test('translates what comes byte by byte', async () => {
    await using sim = world()
    sim.upstream('http://u').reply(() => ({
      headers: { 'content-type': 'application/grpc' },
      body: bytewise(MESSAGE),
      trailers: { 'Grpc-Status': '0' },
    }))
    const { headers, trailers, body } = await sim.post('/a.B/C', {
      headers: { 'content-type': type },
      body: bytewise(Buffer.from(MESSAGE.toString('base64'))),
    })
    expect(sim.upstream('http://u').requests[0]!.body).toEqual(MESSAGE)
    const last = Buffer.from('\x80\0\0\0\x10grpc-status: 0\r\n', 'latin1')
    expect([headers.get('content-type'), trailers.size, String(body)]).toEqual([
      type,
      0,
      MESSAGE.toString('base64') + last.toString('base64'),
    ])
    await sim.assertNoLeaks()
  })

  test('asks the service nothing more when a body turns out to be no base64', async () => {
    await using sim = world()
    async function* parts() {
      yield 'AAAA'
      await new Promise<void>((resolve) => sim.clock.setTimeout(resolve, 100))
      yield '!'
    }
    const {
      status,
      headers,
      exchange: done,
    } = await sim.post('/a.B/C', {
      headers: { 'content-type': type },
      body: parts(),
    })
    expect([status, headers.get('grpc-status'), headers.get('content-type')]).toEqual([200, '13', type])
    expect(done!.outcome!.error!.code).toBe('request_malformed')
    await sim.assertNoLeaks()
  })

  test('breaks the response off where the service does', async () => {
    await using sim = world()
    sim.upstream('http://u').reply({ headers: { 'content-type': 'application/grpc' }, body: MESSAGE })
    sim.upstream('http://u').inject(fault.truncate(7))
    const { complete, exchange: done } = await sim.post('/a.B/C', {
      headers: { 'content-type': type },
      body: MESSAGE.toString('base64'),
    })
    expect([complete, done!.outcome!.error!.code]).toEqual([false, 'upstream_response_incomplete'])
    await sim.assertNoLeaks()
  })
})
