import { expect, test } from 'vitest'
import { type RawHttp2Peer, type RawRequest, rawHttp2Client } from '../../../test/http2/raw-http2-peer.ts'
import { type MemoryNetwork, memoryNetwork } from '../network/memory-network.ts'
import { rawClient } from '../network/raw-client.ts'
import { seededRandom } from '../seeded-random.ts'
import { type VirtualClock, virtualClock } from '../virtual-clock.ts'
import type { FakeReply } from './fake-reply.ts'
import { type FakeUpstream, fakeUpstream } from './fake-upstream.ts'
import { type Fault, fault } from './fault.ts'
import type { UpstreamEvent } from './upstream-event.ts'

interface World extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly network: MemoryNetwork
  readonly upstream: FakeUpstream
  readonly events: UpstreamEvent[]
  /** Connects with a client that reads by the engine's own codec; looked after for leaks at the end. */
  connect(): Promise<RawHttp2Peer>
}

async function makeWorld(
  reply?: FakeReply,
  http2: Parameters<FakeUpstream['http2']>[0] = true,
  problems: readonly RegExp[] = [],
): Promise<World> {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const events: UpstreamEvent[] = []
  const upstream = fakeUpstream({
    network,
    clock,
    random: seededRandom(5),
    observe: (event) => events.push(event),
  }).http2(http2)
  if (reply !== undefined) upstream.reply(reply)
  await upstream.start()
  const clients: RawHttp2Peer[] = []
  return {
    clock,
    network,
    upstream,
    events,
    async connect() {
      const client = await rawHttp2Client(network, upstream.url)
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      await upstream.close()
      await clock.advance(0)
      expect(clock.pending).toBe(0)
      expect(network.leaks()).toEqual([])
      expect(upstream.connections).toBe(0)
      expect(upstream.errors).toHaveLength(problems.length)
      for (const [i, it] of problems.entries()) expect(String(upstream.errors[i])).toMatch(it)
      for (const client of clients) expect(client.fault).toBeUndefined()
    },
  }
}

async function* inTwo(): AsyncGenerator<string> {
  yield 'hel'
  yield 'lo'
}

test('fakeUpstream answers many streams of a connection at the same time, and each by its route', async () => {
  await using world = await makeWorld()
  world.upstream
    .on('POST /users/:id', ({ params }) => ({
      body: `user ${params.id}`,
      headers: { 'X-A': '1' },
      delayMs: 5,
    }))
    .on('GET /late', { delayMs: 10, json: [1] })
  const client = await world.connect()
  client.request({ path: '/late' })
  client.request({ method: 'POST', path: '/users/7', body: 'abc', trailers: [['x-sum', '3']] })
  client.request({ path: '/nowhere' })
  await world.clock.advance(10)
  expect(client.order.filter((it) => it.startsWith('end'))).toEqual(['end 5', 'end 3', 'end 1'])
  const [late, user, none] = [1, 3, 5].map((id) => client.stream(id))
  expect(late!.fields).toEqual([
    [':status', '200'],
    ['content-type', 'application/json'],
    ['content-length', '3'],
  ])
  expect([user!.text, user!.header('x-a'), none!.status]).toEqual(['user 7', '1', 404])
  const [, request] = world.upstream.requests
  expect(world.upstream.requests.map(({ stream }) => stream)).toEqual([1, 3, 5])
  expect(request).toMatchObject({
    method: 'POST',
    target: '/users/7',
    version: 'HTTP/2',
    params: { id: '7' },
    connection: 1,
    stream: 3,
    framing: 'frames',
    chunkSizes: [3],
    complete: true,
    reset: undefined,
    trailers: [['x-sum', '3']],
  })
  expect(request!.body.toString()).toBe('abc')
  expect(request!.header(':authority')).toBe('a')
  expect(request!.head).toBe(
    'POST /users/7 HTTP/2\r\n:method: POST\r\n:scheme: http\r\n:path: /users/7\r\n:authority: a\r\n\r\n',
  )
  expect(world.events.filter(({ kind }) => kind === 'response')).toContainEqual({
    kind: 'response',
    status: 200,
    connection: 1,
    stream: 1,
    bytes: expect.any(Number) as number,
  })
})

test('fakeUpstream speaks whichever version comes, however its preface is cut', async () => {
  await using world = await makeWorld()
  world.network.setFaults('*', { maxChunkBytes: 1 })
  const one = await rawClient(world.network, world.upstream.url)
  await one.send('PRI / HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await one.response()).status).toBe(200)
  await one.close()
  const two = await world.connect()
  expect((await two.ask()).status).toBe(200)
  expect(world.upstream.requests.map(({ version }) => version)).toEqual(['HTTP/1.1', 'HTTP/2'])
})

test('fakeUpstream that speaks HTTP/2 only speaks first, and takes nothing else', async () => {
  await using world = await makeWorld(undefined, 'only', [/no preface/])
  const raw = await rawClient(world.network, world.upstream.url)
  await world.clock.advance(0)
  // SETTINGS come before a byte was sent.
  expect(raw.unread[3]).toBe(4)
  await raw.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const bytes = await raw.readToEnd()
  // GOAWAY, last stream 0, PROTOCOL_ERROR.
  expect(bytes.subarray(-17).toString('hex')).toBe('0000080700000000000000000000000001')
  await raw.close()
})

test('fakeUpstream without HTTP/2 takes its preface for a request of HTTP/1.1', async () => {
  await using world = await makeWorld(undefined, false)
  const raw = await rawClient(world.network, world.upstream.url)
  await raw.send('PRI * HTTP/2.0\r\n\r\n')
  expect((await raw.response()).startLine).toBe('HTTP/1.1 200 OK')
  await raw.close()
})

test('fakeUpstream says its limits', async () => {
  await using world = await makeWorld({}, { streams: 7, windowBytes: 10, extendedConnect: false })
  const client = await world.connect()
  await client.until('settings', () => client.seen.includes('settings'))
  expect(client.peer).toMatchObject({
    maxConcurrentStreams: 7,
    initialWindowSize: 10,
    enableConnectProtocol: 0,
  })
})

test('fakeUpstream refuses streams above its limit', async () => {
  await using world = await makeWorld({ delayMs: 5 }, { streams: 1 })
  const client = await world.connect()
  client.request()
  client.request()
  await world.clock.advance(5)
  client.request()
  await world.clock.advance(5)
  expect(client.order).toEqual(['reset 3 REFUSED_STREAM', 'headers 1', 'end 1', 'headers 5', 'end 5'])
  expect(world.upstream.requests).toHaveLength(2)
})

test('fakeUpstream sends no more than the windows have room for', async () => {
  await using world = await makeWorld({ body: 'x'.repeat(100_000) })
  const client = await world.connect()
  client.grants = false
  const one = client.request()
  const two = client.request()
  await world.clock.advance(0)
  // One window for the connection, which the first has used up.
  expect([client.stream(one).bytes, client.stream(two).bytes]).toEqual([65_535, 0])
  client.grant(0, 100)
  await world.clock.advance(0)
  // Its own window is used up too, so the other one gets it.
  expect([client.stream(one).bytes, client.stream(two).bytes]).toEqual([65_535, 100])
  client.grant(one, 1_000)
  client.grant(0, 200_000)
  await world.clock.advance(0)
  expect([client.stream(one).bytes, client.stream(two).bytes]).toEqual([66_535, 65_535])
  client.grant(one, 100_000)
  client.grant(two, 100_000)
  expect((await client.response(one)).bytes).toBe(100_000)
  expect((await client.response(two)).bytes).toBe(100_000)
})

test('fakeUpstream keeps to the frame size that the client allows, and to its windows when they shrink', async () => {
  await using world = await makeWorld({ body: 'x'.repeat(50_000) })
  const client = await rawHttp2Client(world.network, world.upstream.url, {
    settings: [
      [4, 20_000],
      [5, 16_384],
    ],
    grants: false,
  })
  const id = client.request()
  await world.clock.advance(0)
  expect(client.stream(id).bytes).toBe(20_000)
  expect(client.order).toContain(`data ${id} 16384`)
  client.writer.settings([[4, 10_000]])
  client.writer.flush()
  client.grant(id, 10_000)
  await world.clock.advance(0)
  // The window is 10 000 under zero, and back at it.
  expect(client.stream(id).bytes).toBe(20_000)
  client.grant(id, 1)
  await world.clock.advance(0)
  expect(client.stream(id).bytes).toBe(20_001)
  client.close()
})

test('fakeUpstream notes who gives a stream up, and stops its work', async () => {
  await using world = await makeWorld()
  world.upstream.capacity({ workers: 1, serviceTime: { kind: 'constant', ms: 10 } })
  const client = await world.connect()
  const first = client.request({ path: '/first' })
  const waits = client.request({ path: '/waits' })
  const half = client.request({ method: 'POST', path: '/half', open: true })
  client.data(half, 'ha')
  await world.clock.advance(0)
  expect([world.upstream.busy, world.upstream.queued]).toEqual([1, 1])
  client.reset(waits, 8)
  client.reset(half, 2)
  await world.clock.advance(0)
  expect([world.upstream.busy, world.upstream.queued]).toEqual([1, 0])
  expect(world.upstream.requests.map(({ target, complete, reset }) => [target, complete, reset])).toEqual([
    ['/first', true, undefined],
    ['/waits', true, 'CANCEL'],
    ['/half', false, 'INTERNAL_ERROR'],
  ])
  expect(world.events).toContainEqual({ kind: 'stream-reset', connection: 1, stream: waits, code: 'CANCEL' })
  await world.clock.advance(10)
  expect(client.stream(first).status).toBe(200)
})

test('fakeUpstream that is paused reads and sends nothing on a connection by HTTP/2', async () => {
  await using world = await makeWorld({ delayMs: 5, body: 'late' })
  const client = await world.connect()
  const id = client.request()
  await world.clock.advance(0)
  world.upstream.pause()
  client.ping('there?')
  await world.clock.advance(60_000)
  expect(client.order).toEqual([])
  expect(client.seen).not.toContain('pong there?')
  world.upstream.resume()
  expect((await client.response(id)).text).toBe('late')
  expect(client.seen).toContain('pong there?')
})

test('fakeUpstream stops reading a connection by HTTP/2 that breaks its windows, and says so', async () => {
  await using world = await makeWorld({}, true, [/more than the window of the connection/])
  world.upstream.inject(fault.windowStall())
  const client = await world.connect()
  const id = client.request({ method: 'POST', open: true })
  for (let sent = 0; sent < 70_000; sent += 10_000) client.data(id, Buffer.alloc(10_000))
  expect(await client.ended()).toBe('1 PROTOCOL_ERROR')
})

type Ends = 'ended' | 'reset' | 'open'

/** What a client sees, frame by frame, and how the connection ends. */
const TABLE: readonly (readonly [
  name: string,
  faults: readonly Fault[],
  frames: readonly string[],
  ends: Ends,
  reply?: (() => FakeReply) | undefined,
  request?: RawRequest,
])[] = [
  ['nothing', [], ['headers 1', 'data 1 5', 'end 1'], 'open'],
  ['no-answer', [fault.noAnswer()], [], 'open'],
  ['reset-before-head', [fault.resetBeforeHead()], [], 'reset'],
  ['reset-after-head', [fault.resetAfterHead()], ['headers 1'], 'reset'],
  ['reset-after-bytes, in the head', [fault.resetAfterBytes(12)], [], 'reset'],
  [
    'reset-after-bytes, behind it all',
    [fault.resetAfterBytes(10_000)],
    ['headers 1', 'data 1 5', 'end 1'],
    'reset',
  ],
  ['half-close', [fault.halfClose()], [], 'ended'],
  ['truncate', [fault.truncate(3)], ['headers 1', 'data 1 3'], 'ended'],
  ['truncate, by one byte at least', [fault.truncate(5)], ['headers 1', 'data 1 4'], 'ended'],
  [
    'truncate, of a stream',
    [fault.truncate(4)],
    ['headers 1', 'data 1 3', 'data 1 1'],
    'ended',
    () => ({ body: inTwo() }),
  ],
  ['truncate, of nothing', [fault.truncate(4)], ['headers 1'], 'ended', () => ({ status: 200 })],
  ['drip', [fault.drip(2, '10ms')], ['headers 1', 'data 1 2', 'data 1 2', 'data 1 1', 'end 1'], 'open'],
  ['malformed', [fault.malformed('\0\0\0\x01\x05\0\0\0\x01')], ['headers 1', 'end 1'], 'ended'],
  ['wrong-content-length', [fault.wrongContentLength(2)], ['headers 1', 'data 1 5', 'end 1'], 'open'],
  ['bad-chunk', [fault.badChunk()], ['headers 1', 'data 1 5', 'end 1'], 'open'],
  ['trailers', [fault.trailers({ 'X-Sum': '1' })], ['headers 1', 'data 1 5', 'headers 1', 'end 1'], 'open'],
  [
    'informational',
    [fault.informational(103, { Link: 'a' }, 2)],
    ['headers 1', 'headers 1', 'headers 1', 'data 1 5', 'end 1'],
    'open',
  ],
  [
    'early-response',
    [fault.earlyResponse()],
    ['headers 1', 'data 1 5', 'end 1'],
    'open',
    undefined,
    { open: true },
  ],
  ['no early-response', [], [], 'open', undefined, { open: true }],
  ['reset-stream', [fault.resetStream('REFUSED_STREAM')], ['reset 1 REFUSED_STREAM'], 'open'],
  [
    'reset-stream, before the body of the request',
    [fault.resetStream('NO_ERROR')],
    ['reset 1 NO_ERROR'],
    'open',
    undefined,
    { open: true },
  ],
  [
    'reset-stream behind the head',
    [fault.resetStream('CANCEL', 'head')],
    ['headers 1', 'reset 1 CANCEL'],
    'open',
  ],
  [
    'reset-stream in the body',
    [fault.resetStream('INTERNAL_ERROR', 2)],
    ['headers 1', 'data 1 2', 'reset 1 INTERNAL_ERROR'],
    'open',
  ],
  [
    'reset-stream behind a whole body',
    [fault.resetStream('INTERNAL_ERROR', 200)],
    ['headers 1', 'data 1 5', 'reset 1 INTERNAL_ERROR'],
    'open',
  ],
  [
    'reset-stream in a stream, and dripping',
    [fault.resetStream('CANCEL', 4), fault.drip(2, 5)],
    ['headers 1', 'data 1 2', 'data 1 1', 'data 1 1', 'reset 1 CANCEL'],
    'open',
    () => ({ body: inTwo() }),
  ],
  ['goaway', [fault.goaway()], ['headers 1', 'data 1 5', 'end 1'], 'ended'],
  ['goaway for the one before', [fault.goaway({ last: 'previous' })], [], 'ended'],
  ['goaway at once', [fault.goaway({ closes: 'at-once' })], [], 'ended'],
  ['a notice', [fault.goaway({ last: 'all' })], ['headers 1', 'data 1 5', 'end 1'], 'ended'],
  ['window-stall', [fault.windowStall()], ['headers 1', 'data 1 5', 'end 1'], 'open'],
]

test.each(
  TABLE.map(([name, faults, frames, ends, reply, request]) => ({
    name,
    faults,
    frames,
    ends,
    reply,
    request,
  })),
)('fakeUpstream fails on a stream by name: $name', async ({ name, faults, frames, ends, reply, request }) => {
  await using world = await makeWorld(reply?.() ?? { body: 'hello' })
  const injections = faults.map((it) => world.upstream.inject(it))
  const client = await world.connect()
  client.request(request)
  await world.clock.advance(1_000)
  expect(client.order).toEqual(frames)
  expect(client.over ?? 'open').toBe(ends)
  expect(injections.map(({ hits }) => hits)).toEqual(faults.map(() => (name === 'bad-chunk' ? 0 : 1)))
})

test.each<readonly [name: string, given: Fault, goaways: readonly string[]]>([
  ['this one', fault.goaway({ code: 'ENHANCE_YOUR_CALM' }), ['3 ENHANCE_YOUR_CALM']],
  ['the one before', fault.goaway({ last: 'previous' }), ['1 NO_ERROR']],
  ['a notice', fault.goaway({ last: 'all' }), ['2147483647 NO_ERROR', '5 NO_ERROR']],
])('fakeUpstream goes away: %s', async (_, given, goaways) => {
  await using world = await makeWorld({ delayMs: 10, body: 'late' })
  world.upstream.inject(given, { match: 'GET /last' })
  const client = await world.connect()
  client.request({ path: '/before' })
  client.request({ path: '/last' })
  await world.clock.advance(1)
  client.request({ path: '/behind' })
  await world.clock.advance(5)
  expect(client.goaways).toEqual(goaways.slice(0, 1))
  expect(client.over).toBeUndefined()
  await world.clock.advance(5_000)
  // What was taken is answered before the connection ends.
  const taken = Math.min(Number.parseInt(goaways[0]!, 10), 5)
  expect([1, 3, 5].filter((id) => client.stream(id).ended)).toEqual([1, 3, 5].filter((id) => id <= taken))
  expect(client.goaways).toEqual(goaways)
  expect(client.over).toBe('ended')
  expect(client.order.some((it) => it.startsWith('reset'))).toBe(false)
})

test('a window that stalls takes its part of the connection along, and no more', async () => {
  await using world = await makeWorld()
  world.upstream.inject(fault.windowStall(), { match: 'POST /stuck' })
  const client = await world.connect()
  const stuck = client.request({ method: 'POST', path: '/stuck', open: true })
  client.data(stuck, Buffer.alloc(10_000))
  const other = client.request({ method: 'POST', path: '/other', open: true })
  client.data(other, Buffer.alloc(10_000))
  await world.clock.advance(0)
  expect(client.granted).toEqual(
    new Map([
      [0, 10_000],
      [other, 10_000],
    ]),
  )
  client.data(stuck, '', true)
  client.data(other, '', true)
  expect((await client.response(stuck)).status).toBe(200)
})

test('faults of HTTP/2 leave HTTP/1.1 as it is', async () => {
  await using world = await makeWorld()
  const injections = [fault.resetStream(), fault.goaway(), fault.windowStall()].map((it) =>
    world.upstream.inject(it),
  )
  const raw = await rawClient(world.network, world.upstream.url)
  await raw.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await raw.response()).status).toBe(200)
  expect(injections.map(({ hits }) => hits)).toEqual([0, 0, 0])
  await raw.close()
})

test('a response too many comes on the stream of the first', async () => {
  await using world = await makeWorld({ body: 'hello' })
  world.upstream.inject(fault.extraResponse())
  const raw = await rawClient(world.network, world.upstream.url)
  await raw.send(Buffer.from('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a000000040000000000', 'hex'))
  // GET http://a/, of indexes alone but for the authority.
  await raw.send(Buffer.from('000006010500000001828684410161', 'hex'))
  await world.clock.advance(0)
  const types: string[] = []
  for (let at = 0; at < raw.unread.length; at += 9 + raw.unread.readUIntBE(at, 3))
    types.push(`${raw.unread[at + 3]} ${raw.unread[at + 4]}`)
  // SETTINGS and their acknowledgement; HEADERS, DATA with END_STREAM, HEADERS with END_STREAM.
  expect(types).toEqual(['4 0', '4 1', '1 4', '0 1', '1 5'])
  await raw.close()
})

test('a tunnel by HTTP/2 carries bytes both ways, and ends each way for itself', async () => {
  await using world = await makeWorld()
  const came: string[] = []
  world.upstream.on('CONNECT /chat', {
    tunnel: (bytes, peer) => {
      came.push(bytes.toString())
      peer.write(`echo ${bytes.toString()}`)
      if (bytes.toString() === 'bye') peer.end()
    },
  })
  const client = await world.connect()
  const id = client.request({ method: 'CONNECT', path: '/chat', fields: [], open: true })
  client.data(id, 'one')
  await client.until('an echo', () => client.stream(id).text === 'echo one')
  expect(client.stream(id).status).toBe(200)
  client.data(id, 'bye')
  expect((await client.response(id)).text).toBe('echo oneecho bye')
  client.data(id, 'more', true)
  await world.clock.advance(0)
  expect(came).toEqual(['one', 'bye', 'more'])
  expect(world.upstream.requests.map(({ method, complete }) => [method, complete])).toEqual([
    ['CONNECT', true],
  ])
})

test('an answer by HTTP/2 says what becomes of the connection', async () => {
  for (const [after, over] of [
    ['end', 'ended'],
    ['close', 'ended'],
    ['reset', 'reset'],
  ] as const) {
    await using world = await makeWorld({ body: 'last', after })
    const client = await world.connect()
    client.request()
    await world.clock.advance(0)
    expect([after, client.stream(1).text, client.over]).toEqual([after, 'last', over])
    expect(client.goaways).toEqual(after === 'end' ? ['1 NO_ERROR'] : [])
  }
})

test.each([
  [1, '"given" must be true, false, "only", or options, got 1'],
  [{ only: 1 }, '"only" must be true or false'],
  [{ streams: -1 }, '"streams" must be a whole number'],
  [{ windowBytes: '9tb' }, '"windowBytes" must be'],
  [{ windowBytes: 2 ** 31 }, '"windowBytes" must be'],
  [{ extendedConnect: 'yes' }, '"extendedConnect" must be true or false'],
  [{ pushes: true }, 'fakeUpstream.http2: "pushes"'],
])('fakeUpstream.http2 refuses what makes no sense: %j', (given, message) => {
  const upstream = fakeUpstream({ network: memoryNetwork() })
  expect(() => upstream.http2(given as never)).toThrow(message)
})
