import { describe, expect, test } from 'vitest'
import type { Network } from '../../core/network.ts'
import { nodeNetwork } from '../../transport/network.ts'
import { type MemoryNetwork, memoryNetwork } from '../network/memory-network.ts'
import { type RawClient, rawClient } from '../network/raw-client.ts'
import { seededRandom } from '../seeded-random.ts'
import { type VirtualClock, virtualClock } from '../virtual-clock.ts'
import type { FakeReply } from './fake-reply.ts'
import { type FakeUpstream, fakeUpstream } from './fake-upstream.ts'
import { type Fault, fault } from './fault.ts'
import type { UpstreamEvent } from './upstream-event.ts'

interface World extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly network: Network
  readonly upstream: FakeUpstream
  readonly events: UpstreamEvent[]
  /** Connects; is closed, and looked after for leaks, at the end. */
  connect(): Promise<RawClient>
}

type Place = 'in memory' | 'on sockets' | 'on TLS sockets'

async function makeWorld(place: Place, reply?: FakeReply): Promise<World> {
  const clock = virtualClock()
  const inMemory: MemoryNetwork | undefined = place === 'in memory' ? memoryNetwork({ clock }) : undefined
  const events: UpstreamEvent[] = []
  const common = { clock, random: seededRandom(5), observe: (event: UpstreamEvent) => events.push(event) }
  const upstream = fakeUpstream(
    inMemory !== undefined
      ? { network: inMemory, ...common }
      : { socket: true, tls: place === 'on TLS sockets' ? true : undefined, ...common },
  )
  if (reply !== undefined) upstream.reply(reply)
  await upstream.start()
  const network =
    inMemory ?? (upstream.certificate === undefined ? nodeNetwork : trusting(upstream.certificate))
  const clients: RawClient[] = []
  return {
    clock,
    network,
    upstream,
    events,
    async connect() {
      const client = await rawClient(network, upstream.url)
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close()))
      await upstream.close()
      expect(clock.pending).toBe(0)
      expect(inMemory?.leaks() ?? []).toEqual([])
      expect(upstream.connections).toBe(0)
      expect(upstream.errors).toEqual([])
    },
  }
}

/** Real sockets with TLS on every connection. */
function trusting(ca: string): Network {
  return {
    ...nodeNetwork,
    connect: (options, handler) => nodeNetwork.connect({ ...options, tls: { ca } }, handler),
  }
}

/** Lets real sockets go on, however many turns of the event loop they need. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve))
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
const HEAD = WHOLE.slice(0, -5)
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'

/** As a body that is late: nothing must wait for it that does not need it. */
async function* never(): AsyncGenerator<string> {
  await new Promise(() => {})
  yield ''
}

async function* inTwo(): AsyncGenerator<string> {
  yield 'hel'
  yield 'lo'
}

/** What a client gets, byte for byte, and how the connection ends: `end` is an orderly one by the service. */
const TABLE: readonly (readonly [
  name: string,
  faults: readonly Fault[],
  bytes: string,
  then: Then,
  reply?: () => FakeReply,
])[] = [
  ['no-answer', [fault.noAnswer()], '', 'end with me'],
  ['reset-before-head', [fault.resetBeforeHead()], '', 'reset'],
  ['reset-after-head', [fault.resetAfterHead()], HEAD, 'reset'],
  ['reset-after-bytes, in the head', [fault.resetAfterBytes(10)], WHOLE.slice(0, 10), 'reset'],
  ['reset-after-bytes, in the body', [fault.resetAfterBytes(HEAD.length + 2)], `${HEAD}he`, 'reset'],
  ['reset-after-bytes, behind it all', [fault.resetAfterBytes(10_000)], WHOLE, 'reset'],
  [
    'reset-after-head, before a late body',
    [fault.resetAfterHead()],
    CHUNKED.slice(0, -10),
    'reset',
    () => ({ body: never() }),
  ],
  [
    'reset-after-bytes, in a stream',
    [fault.resetAfterBytes(CHUNKED.length - 5)],
    `${CHUNKED.slice(0, -10)}3\r\nhe`,
    'reset',
    () => ({ body: inTwo() }),
  ],
  ['half-close', [fault.halfClose()], '', 'end'],
  ['truncate', [fault.truncate(3)], `${HEAD}hel`, 'end'],
  ['truncate, by one byte at least', [fault.truncate(5)], `${HEAD}hell`, 'end'],
  [
    'truncate, chunked',
    [fault.truncate(3)],
    CHUNKED.slice(0, -4),
    'end',
    () => ({ body: 'hello', framing: 'chunked' }),
  ],
  [
    'truncate, a stream',
    [fault.truncate(4)],
    `${CHUNKED.slice(0, -10)}3\r\nhel\r\n1\r\nl\r\n`,
    'end',
    () => ({ body: inTwo() }),
  ],
  [
    'truncate, before a late body',
    [fault.truncate(0)],
    CHUNKED.slice(0, -10),
    'end',
    () => ({ body: never() }),
  ],
  ['malformed', [fault.malformed('HTTP/9 \xff\r\n')], 'HTTP/9 \xff\r\n', 'end'],
  ['malformed bytes', [fault.malformed(Uint8Array.of(0, 255))], '\0\xff', 'end'],
  ['wrong-content-length, too long', [fault.wrongContentLength(3)], WHOLE.replace('5', '8'), 'end'],
  ['wrong-content-length, too short', [fault.wrongContentLength(-2)], WHOLE.replace('5', '3'), 'end'],
  [
    'wrong-content-length, a stream',
    [fault.wrongContentLength(1)],
    WHOLE.replace('5', '6'),
    'end',
    () => ({ body: inTwo() }),
  ],
  ['bad-chunk', [fault.badChunk()], `${CHUNKED}size\r\n\r\n`, 'end'],
  [
    'bad-chunk in place of a length',
    [fault.badChunk()],
    `${CHUNKED}size\r\n\r\n`,
    'end',
    () => ({ headers: { 'content-length': '5' }, body: 'hello' }),
  ],
  [
    'extra-response',
    [fault.extraResponse()],
    `${WHOLE}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra`,
    'go on',
  ],
  [
    'informational',
    [fault.informational(103, { Link: '</a>' }, 2)],
    `${'HTTP/1.1 103 \r\nLink: </a>\r\n\r\n'.repeat(2)}${WHOLE}`,
    'go on',
  ],
  ['trailers', [fault.trailers({ 'X-Sum': '1' })], `${CHUNKED}0\r\nX-Sum: 1\r\n\r\n`, 'go on'],
  ['early-response', [fault.earlyResponse()], WHOLE, 'go on'],
  // Together.
  [
    'informational, then a reset',
    [fault.informational(100), fault.resetBeforeHead()],
    'HTTP/1.1 100 \r\n\r\n',
    'reset',
  ],
  ['two resets: the first', [fault.resetAfterHead(), fault.resetBeforeHead()], HEAD, 'reset'],
  [
    'trailers, then a reset among them',
    [fault.trailers({ A: 'b' }), fault.resetAfterBytes(CHUNKED.length + 4)],
    `${CHUNKED}0\r\nA`,
    'reset',
  ],
  ['a framing after malformed bytes', [fault.malformed('x'), fault.trailers({ A: 'b' })], 'x', 'end'],
  [
    'raw stays raw, and is cut',
    [fault.badChunk(), fault.resetAfterHead()],
    'a\r\n\r\n',
    'reset',
    () => ({ raw: 'a\r\n\r\nb' }),
  ],
]
const ROWS = TABLE.map(([name, faults, bytes, then, reply]) => ({ name, faults, bytes, then, reply }))
type Then = 'reset' | 'end' | 'end with me' | 'go on'

describe.each<Place>(['in memory', 'on sockets', 'on TLS sockets'])('%s', (place) => {
  test.each(ROWS)('inject: $name', async ({ faults, bytes, then, reply }) => {
    await using world = await makeWorld(place, reply?.() ?? { body: 'hello' })
    const { upstream } = world
    const injections = faults.map((it) => upstream.inject(it, { next: 1 }))
    const client = await world.connect()
    await client.send(GET)
    const isStuck = then === 'end with me'
    if (isStuck) {
      await upstream.when((it) => it.requests.length === 1)
      client.end()
    }
    if (then === 'reset') {
      expect(await client.closed).toMatchObject({ code: 'ECONNRESET' })
      expect(client.unread.toString('latin1')).toBe(bytes)
    } else if (then === 'go on') {
      expect((await client.read(bytes.length)).toString('latin1')).toBe(bytes)
      await client.send(GET)
      expect((await client.response()).complete).toBe(true)
    } else {
      expect((await client.readToEnd()).toString('latin1')).toBe(bytes)
    }
    const hits = injections.map((it) => it.hits)
    expect(hits[0]).toBe(1)
    const seen = world.events.flatMap((event) => (event.kind === 'fault' ? [event.fault] : []))
    expect(seen).toHaveLength(hits.reduce((sum, it) => sum + it, 0))
  })

  test('inject: refuse, until it is taken back', async () => {
    await using world = await makeWorld(place)
    const { upstream, network } = world
    const before = await world.connect()
    const injection = upstream.inject(fault.refuse())
    await expect(rawClient(network, upstream.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(injection.hits).toBe(1)
    // What was connected stays so.
    await before.send(GET)
    expect((await before.response()).status).toBe(200)
    injection.remove()
    const after = await world.connect()
    await after.send(GET)
    expect((await after.response()).status).toBe(200)
  })

  test('inject: refuse, in a window', async () => {
    await using world = await makeWorld(place)
    const { upstream, network, clock } = world
    upstream.inject(fault.refuse(), { after: '1s', lasts: '2s' })
    await clock.advance(999)
    await world.connect()
    await clock.advance(1)
    await expect(rawClient(network, upstream.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await clock.advance(1_999)
    await expect(rawClient(network, upstream.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await clock.advance(1)
    await world.connect()
  })

  test('inject: accept-and-stall, on the next connection only', async () => {
    await using world = await makeWorld(place)
    const { upstream } = world
    const injection = upstream.inject(fault.acceptAndStall(), { next: 1 })
    const stalled = await world.connect()
    await stalled.send(GET)
    await upstream.when((it) => it.connections === 1)
    const other = await world.connect()
    await other.send(GET)
    expect((await other.response()).status).toBe(200)
    upstream.pause()
    upstream.resume()
    await other.send(GET)
    expect((await other.response()).status).toBe(200)
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([2, 2])
    expect(stalled.unread).toHaveLength(0)
    expect(stalled.ended).toBe(false)
    expect(injection.hits).toBe(1)
  })

  test('inject: half-close goes on reading', async () => {
    await using world = await makeWorld(place)
    const { upstream } = world
    upstream.inject(fault.halfClose(), { next: 1 })
    const client = await world.connect()
    await client.send(GET)
    expect(await client.readToEnd()).toHaveLength(0)
    await client.send('PUT /more HTTP/1.1\r\nContent-Length: 1\r\n\r\nx')
    await upstream.when((it) => it.requests.length === 2)
    expect(upstream.requests[1]).toMatchObject({ target: '/more', complete: true })
  })

  test('inject: early-response comes before the body', async () => {
    await using world = await makeWorld(place, { body: 'hello' })
    const { upstream } = world
    upstream.inject(fault.earlyResponse(), { next: 1 })
    const client = await world.connect()
    await client.send('POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nab')
    expect((await client.read(WHOLE.length)).toString()).toBe(WHOLE)
    expect(upstream.requests).toHaveLength(0)
    await client.send(`cd${GET}`)
    expect((await client.response()).body.toString()).toBe('hello')
    expect(upstream.requests.map(({ method, body }) => `${method} ${body.toString()}`)).toEqual([
      'POST abcd',
      'GET ',
    ])
  })

  test('inject: drip waits before each piece', async () => {
    await using world = await makeWorld(place, { body: 'hello' })
    const { upstream, clock } = world
    upstream.inject(fault.drip(20, '100ms'))
    const client = await world.connect()
    await client.send(GET)
    for (const piece of [WHOLE.slice(0, 20), WHOLE.slice(20, 40), WHOLE.slice(40)]) {
      await until(() => clock.pending === 1)
      expect(clock.nextInMs).toBe(100)
      expect(client.unread).toHaveLength(0)
      await clock.advance(100)
      expect((await client.read(piece.length)).toString()).toBe(piece)
    }
  })

  test('inject: latency adds up, with that of the service and of the reply', async () => {
    await using world = await makeWorld(place, { body: 'hello', delayMs: 1 })
    const { upstream, clock } = world
    upstream.latency({ kind: 'constant', ms: 10 })
    upstream.inject(fault.latency({ kind: 'constant', ms: 100 }))
    upstream.inject(fault.latency({ kind: 'uniform', minMs: 1_000, maxMs: 1_000 }))
    const client = await world.connect()
    await client.send(GET)
    await until(() => clock.pending === 1)
    expect(clock.nextInMs).toBe(1_111)
    await clock.advance(1_111)
    expect((await client.response()).status).toBe(200)
  })

  test('outage resets what is open, refuses what comes, and happens again', async () => {
    await using world = await makeWorld(place)
    const { upstream, network, clock } = world
    const outage = upstream.outage({ after: 100, lasts: 50, every: '1s' })
    for (const begin of [100, 1_100]) {
      const open = await world.connect()
      await upstream.when((it) => it.connections === 1)
      await clock.advance(begin - clock.now())
      expect(await open.closed).toMatchObject({ code: 'ECONNRESET' })
      await clock.advance(49)
      await expect(rawClient(network, upstream.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      await upstream.when((it) => it.connections === 0)
      await clock.advance(1)
      const after = await world.connect()
      await after.send(GET)
      expect((await after.response()).status).toBe(200)
      await after.close()
      await upstream.when((it) => it.connections === 0)
    }
    expect(outage.hits).toBe(2)
    outage.remove()
    expect(clock.pending).toBe(0)
  })

  test('pause stands still, resume goes on', async () => {
    await using world = await makeWorld(place, { body: 'hello', delayMs: 10 })
    const { upstream, clock } = world
    const answering = await world.connect()
    await answering.send(GET)
    await until(() => clock.pending === 1)
    upstream.pause()
    await clock.advance(10)
    const unread = await world.connect()
    await unread.send(GET)
    await upstream.when((it) => it.connections === 2)
    await clock.advance('1h')
    expect(upstream.requests).toHaveLength(1)
    expect(answering.unread).toHaveLength(0)
    upstream.resume()
    expect((await answering.response()).body.toString()).toBe('hello')
    await until(() => clock.pending === 1)
    await clock.advance(10)
    expect((await unread.response()).body.toString()).toBe('hello')
  })

  test('close ends what is paused, stalled, delayed, out or to come', async () => {
    await using world = await makeWorld(place)
    const { upstream, clock } = world
    upstream.inject(fault.acceptAndStall(), { next: 1 })
    upstream.inject(fault.latency({ kind: 'constant', ms: 1_000 }))
    const [stalled, delayed] = [await world.connect(), await world.connect()]
    await stalled.send(GET)
    await delayed.send(GET)
    await until(() => clock.pending === 1)
    upstream.inject(fault.refuse(), { after: 500, lasts: 500 })
    upstream.outage({ after: 100, lasts: 50, every: 200 })
    upstream.pause()
    await upstream.close()
    expect(clock.pending).toBe(0)
    expect(upstream.connections).toBe(0)
  })

  test('clearFaults takes all back', async () => {
    await using world = await makeWorld(place)
    const { upstream, clock } = world
    upstream.inject(fault.resetBeforeHead())
    upstream.inject(fault.refuse(), { lasts: '1m' })
    upstream.outage({ lasts: '1h' })
    upstream.clearFaults()
    expect(clock.pending).toBe(0)
    const client = await world.connect()
    await client.send(GET)
    expect((await client.response()).status).toBe(200)
  })

  test('observe is told what happens, in order', async () => {
    await using world = await makeWorld(place, { body: 'hello' })
    world.upstream.inject(fault.resetAfterHead(), { match: 'GET /reset' })
    const client = await world.connect()
    await client.send('PUT /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nab')
    await client.response()
    await client.send('GET /reset HTTP/1.1\r\n\r\n')
    await client.closed
    await until(() => world.upstream.connections === 0)
    expect(world.events).toEqual([
      { kind: 'connection-opened', connection: 1 },
      { kind: 'request', connection: 1, method: 'PUT', target: '/x', bodyBytes: 2 },
      { kind: 'response', status: 200, connection: 1, bytes: WHOLE.length },
      { kind: 'fault', fault: 'reset-after-head', connection: 1 },
      { kind: 'request', connection: 1, method: 'GET', target: '/reset', bodyBytes: 0 },
      { kind: 'response', status: 200, connection: 1, bytes: HEAD.length },
      { kind: 'connection-closed', connection: 1 },
    ])
  })
})

describe('the rule of a fault', () => {
  const statuses = async (world: World, count: number, target = '/'): Promise<number[]> => {
    const client = await world.connect()
    const found: number[] = []
    for (let i = 0; i < count; i++) {
      await client.send(`GET ${target} HTTP/1.1\r\n\r\n`)
      const response = await client.response()
      found.push(response.informational.length)
    }
    return found
  }
  const MARK = fault.informational(103)

  test('next counts what the rest fits', async () => {
    await using world = await makeWorld('in memory')
    const injection = world.upstream.inject(MARK, { next: 2, match: 'GET /a/:b' })
    expect(await statuses(world, 1, '/')).toEqual([0])
    expect(await statuses(world, 4, '/a/1?x')).toEqual([1, 1, 0, 0])
    expect(injection.hits).toBe(2)
  })

  test('chance follows the seed', async () => {
    await using world = await makeWorld('in memory')
    world.upstream.inject(MARK, { chance: 0.5 })
    const random = seededRandom(5)
    const expected = Array.from({ length: 20 }, () => (random() < 0.5 ? 1 : 0))
    expect(new Set(expected).size).toBe(2)
    expect(await statuses(world, 20)).toEqual(expected)
  })

  test('after and lasts make a window, from the call on', async () => {
    await using world = await makeWorld('in memory')
    await world.clock.advance(1_000)
    world.upstream.inject(MARK, { after: 10, lasts: 20 })
    const found: number[] = []
    for (const at of [1_009, 1_010, 1_029, 1_030]) {
      await world.clock.advance(at - world.clock.now())
      found.push(...(await statuses(world, 1)))
    }
    expect(found).toEqual([0, 1, 1, 0])
  })

  test('refuse takes next and chance in memory, seen from any address', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const upstream = fakeUpstream({ network: network.from('10.0.0.9'), clock, random: seededRandom(5) })
    await upstream.start()
    const injection = upstream.inject(fault.refuse(), { next: 2, chance: 0.5 })
    const random = seededRandom(5)
    let left = 2
    for (let i = 0; i < 12; i++) {
      const refused = left > 0 && random() < 0.5
      if (refused) left--
      const connected = rawClient(network, upstream.url)
      if (refused) await expect(connected).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      else await (await connected).close()
    }
    expect(injection.hits).toBe(2)
    await upstream.close()
    expect(network.leaks()).toEqual([])
  })

  test('what makes no sense is refused at the call', async () => {
    const inMemory = fakeUpstream({ network: memoryNetwork() })
    const onSocket = fakeUpstream({ socket: true })
    expect(() => inMemory.inject(fault.refuse(), { match: 'GET /' })).toThrow('"match" must be left out')
    expect(() => inMemory.inject(fault.acceptAndStall(), { match: 'GET /' })).toThrow('"match"')
    for (const rule of [{ next: 1 }, { chance: 0.5 }, { match: 'GET /' }])
      expect(() => onSocket.inject(fault.refuse(), rule)).toThrow(
        'left out with refuse on a real socket: use a window (after, lasts), or fault.acceptAndStall()',
      )
    expect(() => inMemory.inject(fault.noAnswer(), { match: '/' })).toThrow('"match" must be "METHOD /path"')
    expect(() => inMemory.inject(fault.noAnswer(), { next: 0 })).toThrow('"next"')
    expect(() => inMemory.inject(fault.noAnswer(), { chance: 1.1 })).toThrow('"chance"')
    expect(() => inMemory.inject(fault.noAnswer(), { after: -1 })).toThrow('"after"')
    expect(() => inMemory.inject(fault.noAnswer(), { lasts: 'soon' as '1s' })).toThrow('"lasts"')
    expect(() => inMemory.inject(fault.noAnswer(), { chanse: 1 } as object)).toThrow('did you mean "chance"')
    expect(() => inMemory.inject({ kind: 'explode' } as never)).toThrow(
      'fakeUpstream.inject: "fault" must be',
    )
    expect(() => inMemory.outage({ lasts: 10, every: 10 })).toThrow('"every" must be longer than "lasts"')
    expect(() => inMemory.outage({ lasts: 10, evry: 10 } as never)).toThrow('"evry"')
  })
})
