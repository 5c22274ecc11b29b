import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Connecting, MemoryUse, Wire, WireHandler } from '../../core/network.ts'
import { seededRandom } from '../seeded-random.ts'
import { type VirtualClock, virtualClock } from '../virtual-clock.ts'
import { type MemoryNetwork, type MemoryNetworkOptions, memoryNetwork } from './memory-network.ts'

/** Writes down what a wire tells. */
class Recorder implements WireHandler {
  readonly events: string[] = []
  readonly chunks: Buffer[] = []
  readonly wire: Wire
  keeps = false

  constructor(wire: Wire) {
    this.wire = wire
    wire.handler = this
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }

  onData(chunk: Buffer): MemoryUse {
    this.events.push(`data ${chunk.length}`)
    this.chunks.push(this.keeps ? chunk : Buffer.from(chunk))
    return this.keeps ? undefined : true
  }

  onEnd(): void {
    this.events.push('end')
  }

  onDrain(): void {
    this.events.push('drain')
  }

  onClose(error: Error | undefined): void {
    this.events.push(error === undefined ? 'close' : `close: ${error.message}`)
  }
}

interface Pair {
  readonly clock: VirtualClock
  readonly network: MemoryNetwork
  readonly client: Recorder
  readonly server: Recorder
  /** Lets everything happen that needs no time. */
  readonly settle: () => Promise<void>
}

async function pair(options: MemoryNetworkOptions = {}): Promise<Pair> {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, ...options })
  const accepted = Promise.withResolvers<Recorder>()
  const listener = await network.listen({ host: '127.0.0.1', port: 8080 }, (wire) =>
    accepted.resolve(new Recorder(wire)),
  )
  const connected = connect(network, '127.0.0.1', 8080)
  const [client, server] = await clock.until(Promise.all([connected, accepted.promise]))
  await listener.close()
  return { clock, network, client, server, settle: () => clock.advance(0) }
}

function connect(network: Pick<MemoryNetwork, 'connect'>, host: string, port: number): Promise<Recorder> {
  return new Promise((resolve, reject) => {
    network.connect(
      { host, port },
      { onConnect: (wire) => resolve(new Recorder(wire)), onConnectError: reject },
    )
  })
}

function ignore(wire: Wire): void {
  new Recorder(wire)
}

test('memoryNetwork carries bytes in order, and never within a call', async () => {
  const { client, server, settle } = await pair()
  expect(client.wire.write('one ')).toBe(true)
  expect(client.wire.write(Buffer.from('two'))).toBe(true)
  expect(server.events).toEqual([])
  await settle()
  expect(server.text).toBe('one two')
  // Both writes were there when the reader's turn came.
  expect(server.events).toEqual(['data 7'])
  server.wire.write('\xe9')
  await settle()
  expect(client.chunks).toEqual([Buffer.from([0xe9])])
})

test('memoryNetwork gives both ends their addresses, and pretends TLS', async () => {
  const network = memoryNetwork()
  const accepted = Promise.withResolvers<Wire>()
  await network.listen({ host: 'users', port: 443 }, (wire) => {
    new Recorder(wire)
    accepted.resolve(wire)
  })
  const wire = await new Promise<Wire>((resolve, reject) => {
    const handler = {
      onConnect: (it: Wire): void => {
        new Recorder(it)
        resolve(it)
      },
      onConnectError: reject,
    }
    network.from('203.0.113.9').connect({ host: 'users', port: 443, tls: { servername: 'users' } }, handler)
  })
  const server = await accepted.promise
  expect(wire.remote).toEqual({ address: '10.0.0.1', port: 443 })
  expect(wire.local).toEqual({ address: '203.0.113.9', port: 32_768 })
  expect(server.remote).toEqual(wire.local)
  expect(server.local).toEqual(wire.remote)
  expect(wire.tls?.servername).toBe('users')
  expect(server.tls?.servername).toBe('users')
})

test('memoryNetwork lets all promises go on between two events', async () => {
  const { client, server, settle } = await pair()
  const seen: string[] = []
  const onData = (name: string) => (): true => {
    seen.push(name)
    void (async () => {
      for (let i = 0; i < 20; i++) await Promise.resolve()
      seen.push(`${name} later`)
    })()
    return true
  }
  client.wire.handler = { ...inert, onData: onData('client') }
  server.wire.handler = { ...inert, onData: onData('server') }
  client.wire.write('a')
  server.wire.write('b')
  await settle()
  expect(seen).toEqual(['server', 'server later', 'client', 'client later'])
})

const inert: WireHandler = { onData: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }

test('memoryNetwork writes over memory that the reader gave back, and only that', async () => {
  const { client, server, settle } = await pair()
  let given: Buffer | undefined
  let result: MemoryUse = true
  server.wire.handler = {
    ...inert,
    onData: (chunk) => {
      given = chunk
      return result
    },
  }
  client.wire.write('given back')
  await settle()
  expect(given).toEqual(Buffer.alloc(10, 0xdb))
  result = undefined
  client.wire.write('kept')
  await settle()
  expect(given?.toString()).toBe('kept')
})

test('memoryNetwork writes over memory that was lent to a wire, once its bytes have left', async () => {
  const { network, client, server, settle } = await pair({ windowBytes: 4 })
  const listener = await network.listen({ host: '127.0.0.1', port: 80 }, (wire) =>
    wires.push(new Recorder(wire)),
  )
  const wires: Recorder[] = []
  const onward = await connect(network, '127.0.0.1', listener.address.port)
  let lent: Buffer | undefined
  server.wire.handler = {
    ...inert,
    onData: (chunk) => {
      lent = chunk
      onward.wire.write('12345678')
      onward.wire.write(chunk)
      return false
    },
  }
  wires[0]!.wire.pause()
  client.wire.write('abcd')
  await settle()
  expect(onward.wire.pendingBytes).toBe(8)
  expect(lent?.toString()).toBe('abcd')
  wires[0]!.wire.resume()
  await settle()
  expect(wires[0]!.text).toBe('12345678abcd')
  expect(lent).toEqual(Buffer.alloc(4, 0xdb))

  // A wire that is closed lets go, too.
  wires[0]!.wire.pause()
  client.wire.write('abcd')
  await settle()
  expect(lent?.toString()).toBe('abcd')
  onward.wire.destroy()
  expect(lent).toEqual(Buffer.alloc(4, 0xdb))
})

test('memoryNetwork copies what the window takes, and not what is pending', async () => {
  const { client, server, settle } = await pair({ windowBytes: 4 })
  server.wire.pause()
  const memory = Buffer.from('taken+pending')
  expect(client.wire.write(memory)).toBe(false)
  expect(client.wire.pendingBytes).toBe(9)
  memory.fill('x')
  server.wire.resume()
  await settle()
  expect(server.text).toBe('takexxxxxxxxx')
})

test('memoryNetwork holds the writer back while the reader is paused', async () => {
  const { client, server, settle } = await pair({ windowBytes: 100 })
  server.wire.pause()
  expect(client.wire.write('x'.repeat(60))).toBe(true)
  expect(client.wire.write('x'.repeat(40))).toBe(true)
  expect(client.wire.write('y'.repeat(30))).toBe(false)
  expect(client.wire.pendingBytes).toBe(30)
  await settle()
  expect(client.events).toEqual([])
  expect(server.events).toEqual([])
  server.wire.resume()
  expect(server.events).toEqual([])
  await settle()
  expect(server.events).toEqual(['data 100', 'data 30'])
  expect(client.events).toEqual(['drain'])
  expect(client.wire.pendingBytes).toBe(0)
})

test('memoryNetwork stops telling as soon as the reader pauses', async () => {
  const { client, server, settle } = await pair({ faults: { maxChunkBytes: 1 } })
  server.wire.handler = {
    ...inert,
    onData: (chunk) => {
      server.onData(chunk)
      server.wire.pause()
      return true
    },
  }
  client.wire.write('ab')
  client.wire.end()
  await settle()
  expect(server.text).toBe('a')
  server.wire.resume()
  await settle()
  expect(server.text).toBe('ab')
})

test('memoryNetwork cork holds writes until uncork or end', async () => {
  const { client, server, settle } = await pair()
  client.wire.cork()
  client.wire.cork()
  client.wire.write('a')
  client.wire.write('b')
  client.wire.uncork()
  await settle()
  expect(server.events).toEqual([])
  expect(client.wire.pendingBytes).toBe(2)
  client.wire.uncork()
  await settle()
  expect(server.events).toEqual(['data 2'])
  client.wire.cork()
  client.wire.write('c')
  client.wire.end()
  await settle()
  expect(server.events).toEqual(['data 2', 'data 1', 'end'])
})

test('memoryNetwork cork does not cost the writer its drain', async () => {
  const { client, server, settle } = await pair({ windowBytes: 10 })
  client.wire.cork()
  expect(client.wire.write('x'.repeat(11))).toBe(false)
  client.wire.uncork()
  await settle()
  expect(client.events).toEqual(['drain'])
  expect(server.text).toHaveLength(11)
})

test('memoryNetwork end is a half-close; both halves make a close', async () => {
  const { client, server, network, settle } = await pair()
  client.wire.write('request')
  client.wire.end()
  client.wire.end()
  client.wire.write('ignored')
  await settle()
  expect(server.events).toEqual(['data 7', 'end'])
  server.wire.write('response')
  server.wire.end()
  await settle()
  expect(client.events).toEqual(['data 8', 'end', 'close'])
  expect(server.events).toEqual(['data 7', 'end', 'close'])
  expect(network.openWires).toBe(0)
})

test('memoryNetwork sends what is pending before the end', async () => {
  const { client, server, settle } = await pair({ windowBytes: 3 })
  client.wire.write('0123456789')
  client.wire.end()
  await settle()
  expect(server.text).toBe('0123456789')
  expect(server.events.at(-1)).toBe('end')
})

test('memoryNetwork destroy closes one end; the other sees an end, and an error at its second write', async () => {
  const { client, server, network, settle } = await pair()
  client.wire.write('last words')
  client.wire.destroy()
  client.wire.destroy()
  expect(client.events).toEqual([])
  expect(client.wire.write('ignored')).toBe(true)
  await settle()
  expect(client.events).toEqual(['close'])
  expect(server.events).toEqual(['data 10', 'end'])
  expect(network.openWires).toBe(1)
  // As measured on Linux: the first write is what provokes the reset.
  server.wire.write('one')
  await settle()
  expect(server.events).toHaveLength(2)
  server.wire.write('two')
  expect(server.events).toHaveLength(2)
  await settle()
  expect(server.events).toEqual(['data 10', 'end', 'close: write EPIPE'])
  expect(client.events).toEqual(['close'])
  expect(network.openWires).toBe(0)
})

test('memoryNetwork destroy after which the other ends too is an orderly close', async () => {
  const { client, server, network, settle } = await pair()
  client.wire.destroy()
  await settle()
  server.wire.end()
  await settle()
  expect(server.events).toEqual(['end', 'close'])
  expect(network.leaks()).toEqual([])
})

test('memoryNetwork destroy with bytes unread resets', async () => {
  const { client, server, settle } = await pair()
  client.wire.pause()
  server.wire.write('unread')
  await settle()
  client.wire.destroy()
  await settle()
  expect(server.events).toEqual(['close: read ECONNRESET'])
})

test('memoryNetwork drops what is pending when it is destroyed, not what was taken', async () => {
  const { client, server, settle } = await pair({ windowBytes: 4 })
  client.wire.write('taken and pending')
  client.wire.destroy()
  expect(client.wire.pendingBytes).toBe(0)
  await settle()
  expect(server.text).toBe('take')
  expect(server.events).toEqual(['data 4', 'end'])
})

test('memoryNetwork reset shows as an error to the other end alone, after what was sent before', async () => {
  const { client, server, network, settle } = await pair()
  client.wire.write('hello')
  client.wire.reset()
  await settle()
  expect(client.events).toEqual(['close'])
  expect(server.events).toEqual(['data 5', 'close: read ECONNRESET'])
  expect(network.openWires).toBe(0)
  server.wire.write('ignored')
  await settle()
  expect(server.events).toHaveLength(2)
})

test('memoryNetwork wires that are paused notice a reset when sockets would', async () => {
  // A connected one when it resumes ...
  const one = await pair()
  one.client.wire.pause()
  one.server.wire.write('hello')
  one.server.wire.reset()
  await one.settle()
  expect(one.client.events).toEqual([])
  one.client.wire.resume()
  await one.settle()
  expect(one.client.events).toEqual(['data 5', 'close: read ECONNRESET'])
  // ... or writes,
  const two = await pair()
  two.client.wire.pause()
  two.server.wire.reset()
  await two.settle()
  expect(two.client.events).toEqual([])
  two.client.wire.write('x')
  await two.settle()
  expect(two.client.events).toEqual(['close: write ECONNRESET'])
  // an accepted one at once, since Node reads ahead, unless much is unread.
  const three = await pair()
  three.server.wire.pause()
  three.client.wire.write('hello')
  three.client.wire.reset()
  await three.settle()
  expect(three.server.events).toEqual(['close: read ECONNRESET'])
  const four = await pair()
  four.server.wire.pause()
  four.client.wire.write(Buffer.alloc(65_536))
  four.client.wire.reset()
  await four.settle()
  expect(four.server.events).toEqual([])
})

test('memoryNetwork a paused wire does not see the end', async () => {
  const { client, server, settle } = await pair()
  server.wire.pause()
  client.wire.end()
  await settle()
  expect(server.events).toEqual([])
  server.wire.resume()
  await settle()
  expect(server.events).toEqual(['end'])
})

test('memoryNetwork a writer that waits notices a reset, paused or not', async () => {
  const { client, server, settle } = await pair({ windowBytes: 10 })
  client.wire.pause()
  server.wire.pause()
  client.wire.write('x'.repeat(20))
  await settle()
  server.wire.reset()
  await settle()
  expect(client.events).toEqual(['close: write ECONNRESET'])
})

test('memoryNetwork tells nothing after the close, whatever is on its way', async () => {
  const { client, server, settle } = await pair()
  client.wire.write('data')
  client.wire.end()
  server.wire.destroy()
  await settle()
  expect(server.events).toEqual(['close'])
})

test('memoryNetwork uses the handler of the moment', async () => {
  const { client, server, settle } = await pair()
  client.wire.write('first')
  await settle()
  const second = new Recorder(server.wire)
  client.wire.write('second')
  await settle()
  expect([server.text, second.text]).toEqual(['first', 'second'])
})

test('memoryNetwork latency delays every step', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, latencyMs: 10 })
  const accepted = Promise.withResolvers<Recorder>()
  await network.listen({ host: '127.0.0.1', port: 80 }, (wire) => accepted.resolve(new Recorder(wire)))
  const connecting = connect(network, 'localhost', 80)
  expect(network.connecting).toBe(1)
  const client = await clock.until(connecting)
  const server = await accepted.promise
  expect(clock.now()).toBe(20)
  client.wire.write('a')
  await clock.advance(5)
  client.wire.write('b')
  client.wire.end()
  await clock.advance(4)
  expect(server.events).toEqual([])
  await clock.advance(1)
  expect(server.events).toEqual(['data 1'])
  await clock.advance(5)
  expect(server.events).toEqual(['data 1', 'data 1', 'end'])
  server.wire.end()
  await clock.advance(10)
  expect(client.events).toEqual(['end', 'close'])
  expect(clock.pending).toBe(0)
})

test('memoryNetwork window opens after a round trip', async () => {
  const { clock, client, server } = await pair({ latencyMs: 10, windowBytes: 5 })
  expect(client.wire.write('0123456789')).toBe(false)
  await clock.advance(10)
  expect(server.text).toBe('01234')
  await clock.advance(9)
  expect(client.wire.pendingBytes).toBe(5)
  await clock.advance(1)
  expect(client.wire.pendingBytes).toBe(0)
  await clock.advance(10)
  expect(server.text).toBe('0123456789')
})

test('memoryNetwork refuses, does not find, and does not answer', async () => {
  const network = memoryNetwork({ clock: virtualClock() })
  await expect(connect(network, '127.0.0.1', 81)).rejects.toMatchObject({
    message: 'connect ECONNREFUSED 127.0.0.1:81',
    code: 'ECONNREFUSED',
  })
  await expect(connect(network, 'nowhere', 80)).rejects.toMatchObject({
    message: 'getaddrinfo ENOTFOUND nowhere',
    code: 'ENOTFOUND',
  })
  network.addHost('somewhere')
  await expect(connect(network, 'somewhere', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  network.removeHost('somewhere')
  await expect(connect(network, 'somewhere', 80)).rejects.toMatchObject({ code: 'ENOTFOUND' })

  await network.listen({ host: '127.0.0.1', port: 80 }, ignore)
  network.setFaults('127.0.0.1:80', { connect: 'unreachable' })
  await expect(connect(network, '127.0.0.1', 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' })
  network.setFaults('127.0.0.1:80', { connect: 'refused' })
  await expect(connect(network, 'localhost', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  network.setFaults('127.0.0.1:80', undefined)
  await expect(connect(network, 'localhost', 80)).resolves.toBeDefined()
})

test('memoryNetwork connecting can be given up', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, latencyMs: 10 })
  await network.listen({ host: '127.0.0.1', port: 80 }, ignore)
  const calls: unknown[] = []
  const handler = { onConnect: ignore, onConnectError: (error: Error) => calls.push(error) }
  const slow = network.connect({ host: '127.0.0.1', port: 80 }, handler)
  network.setFaults('*', { connect: 'unanswered' })
  const unanswered = network.connect({ host: '127.0.0.1', port: 80 }, handler)
  await clock.advance(15)
  expect(network.connecting).toBe(2)
  slow.cancel()
  unanswered.cancel()
  expect(clock.pending).toBe(0)
  await clock.advance(1000)
  expect(calls).toEqual([])
  expect(network).toMatchObject({ connecting: 0, openWires: 0 })
  expect(clock.pending).toBe(0)
})

test('memoryNetwork says when TLS begins, and may never end it', async () => {
  const network = memoryNetwork({ clock: virtualClock() })
  let accepted = 0
  await network.listen({ host: '127.0.0.1', port: 443 }, (wire) => {
    accepted++
    ignore(wire)
  })
  const calls: string[] = []
  const handler = {
    onSecuring: () => void calls.push('securing'),
    onConnect: (wire: Wire) => {
      calls.push('connected')
      ignore(wire)
    },
    onConnectError: (error: Error) => void calls.push(error.message),
  }
  const at = { host: '127.0.0.1', port: 443 }
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  network.connect({ ...at, tls: {} }, handler)
  await settle()
  network.connect(at, handler)
  await settle()
  expect([calls.splice(0), accepted]).toEqual([['securing', 'connected', 'connected'], 2])

  network.setFaults('127.0.0.1', { tls: 'unanswered' })
  network.connect(at, handler)
  const silent = network.connect({ ...at, tls: {} }, handler)
  await settle()
  expect([calls.splice(0), accepted, network.connecting]).toEqual([['connected', 'securing'], 3, 1])
  silent.cancel()
  // Given up in the call that says that TLS begins.
  network.setFaults('127.0.0.1', undefined)
  const given: Connecting = network.connect(
    { ...at, tls: {} },
    { ...handler, onSecuring: () => given.cancel() },
  )
  await settle()
  expect([calls, accepted, network.connecting]).toEqual([[], 3, 0])
})

test('memoryNetwork listeners take ports, and free them', async () => {
  const network = memoryNetwork()
  const first = await network.listen({ host: '127.0.0.1', port: 0 }, ignore)
  const second = await network.listen({ host: '127.0.0.1', port: 0 }, ignore)
  expect(first.address.port).not.toBe(second.address.port)
  const again = { host: '127.0.0.1', port: first.address.port }
  await expect(network.listen(again, ignore)).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' })
  await expect(network.listen({ ...again, host: '0.0.0.0' }, ignore)).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  await network.listen({ ...again, host: 'other' }, ignore)
  await first.close()
  const third = await network.listen(again, ignore)
  // The first one's second close must not take the third one's place away.
  await first.close()
  expect(network.listeners).toBe(3)
  await third.close()

  const wildcard = await network.listen({ host: '0.0.0.0', port: 9000 }, ignore)
  await expect(connect(network, 'localhost', 9000)).resolves.toBeDefined()
  await expect(network.listen({ host: '127.0.0.1', port: 9000 }, ignore)).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  await wildcard.close()
  await expect(connect(network, 'localhost', 9000)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('memoryNetwork says what is open and who opened it', async () => {
  const { network, client, server, settle } = await pair()
  await network.listen({ host: '127.0.0.1', port: 80 }, ignore)
  const leaks = network.leaks()
  expect(leaks).toHaveLength(2)
  expect(leaks[0]).toMatch(/^listener 127\.0\.0\.1:80, opened at .*memory-network\.test\.ts/)
  expect(leaks[1]).toMatch(
    /^connection 127\.0\.0\.1:32768 -> 127\.0\.0\.1:8080 \(client open, server open\), opened at /,
  )
  expect(network.openWires).toBe(2)
  client.wire.end()
  await settle()
  expect(network.leaks()[1]).toContain('(client open, has ended, server open, peer has ended)')
  server.wire.end()
  await settle()
  expect(network.leaks()).toHaveLength(1)
})

test('memoryNetwork splits bytes by chance and loses none', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      fc.array(fc.string({ maxLength: 60, unit: 'binary-ascii' }), { maxLength: 20 }),
      async (seed, maxChunkBytes, windowBytes, shuffle, writes) => {
        const random = seededRandom(seed)
        const { client, server, network, settle } = await pair({
          random,
          windowBytes,
          shuffle,
          faults: { maxChunkBytes },
        })
        for (const data of writes) client.wire.write(data)
        client.wire.end()
        for (const data of writes) server.wire.write(Buffer.from(data))
        server.wire.end()
        await settle()
        expect(server.text).toBe(writes.join(''))
        expect(client.text).toBe(writes.join(''))
        for (const { length } of server.chunks) expect(length).toBeLessThanOrEqual(maxChunkBytes)
        expect(server.events.filter((it) => !it.startsWith('data') && it !== 'drain')).toEqual([
          'end',
          'close',
        ])
        expect(network.leaks()).toEqual([])
      },
    ),
    { numRuns: 60 },
  )
})

test('memoryNetwork does the same again for the same seed', async () => {
  const play = async (seed: number): Promise<string[]> => {
    const faults = { maxChunkBytes: 10, jitterMs: 20, stallChance: 0.2, stallMs: 500, resetChance: 0.05 }
    const { clock, client, server } = await pair({ random: seededRandom(seed), faults })
    const log: string[] = []
    for (let i = 0; i < 20; i++) {
      client.wire.write(`message ${i};`)
      await clock.advance(10)
      log.push(`${clock.now()} ${server.events.length}`)
    }
    await clock.advance(5000)
    return [...log, ...server.events, ...client.events]
  }
  const first = await play(1)
  expect(await play(1)).toEqual(first)
  expect(await play(2)).not.toEqual(first)
})

test('memoryNetwork breaks connections by chance, for both ends', async () => {
  const { client, server, network, settle } = await pair({ faults: { resetChance: 1 } })
  client.wire.write('x')
  await settle()
  expect(client.events).toEqual(['close: read ECONNRESET'])
  expect(server.events).toEqual(['close: read ECONNRESET'])
  expect(network.leaks()).toEqual([])
})

test('memoryNetwork drips', async () => {
  const { clock, client, server } = await pair({ faults: { drip: { bytes: 2, everyMs: 100 } } })
  client.wire.write('abcde')
  client.wire.end()
  await clock.advance(99)
  expect(server.text).toBe('')
  await clock.advance(1)
  expect(server.text).toBe('ab')
  await clock.advance(100)
  expect(server.text).toBe('abcd')
  await clock.advance(100)
  expect(server.events).toEqual(['data 2', 'data 2', 'data 1', 'end'])
})

test('memoryNetwork stalls a write and what follows it', async () => {
  const { clock, client, server } = await pair({ faults: { stallChance: 1, stallMs: 300 } })
  client.wire.write('a')
  client.wire.end()
  await clock.advance(299)
  expect(server.events).toEqual([])
  await clock.advance(1)
  expect(server.events).toEqual(['data 1', 'end'])
})

test('memoryNetwork connections can be held and broken from outside', async () => {
  const { network, clock, client, server, settle } = await pair()
  const [connection] = network.connections
  connection!.stall()
  client.wire.write('held')
  client.wire.end()
  await clock.advance('1h')
  expect(server.events).toEqual([])
  connection!.resume()
  await settle()
  expect(server.events).toEqual(['data 4', 'end'])
  connection!.reset()
  server.wire.write('x')
  await settle()
  expect(client.events).toEqual(['close: read ECONNRESET'])
  expect(server.events).toEqual(['data 4', 'end', 'close: write EPIPE'])
})

test('memoryNetwork does not keep the event loop to itself', async () => {
  const { client, server } = await pair()
  let turns = 0
  const echo = (wire: Wire): WireHandler => ({
    ...inert,
    onData: () => {
      if (turns < 2) wire.write('x')
      return true
    },
  })
  client.wire.handler = echo(client.wire)
  server.wire.handler = echo(server.wire)
  client.wire.write('x')
  // Two ends that never stop talking: without a turn now and then this would hang.
  while (turns < 2) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    turns++
  }
  expect(turns).toBe(2)
})

test('memoryNetwork refuses options that make no sense', () => {
  expect(() => memoryNetwork({ latencyMs: -1 })).toThrow('memoryNetwork: "latencyMs"')
  expect(() => memoryNetwork({ windowBytes: 0 })).toThrow('memoryNetwork: "windowBytes"')
  expect(() => memoryNetwork({ faults: { resetChance: 2 } })).toThrow('"resetChance"')
  expect(() => memoryNetwork({ faults: { tls: 'slow' as never } })).toThrow('"tls"')
  expect(() => memoryNetwork({ faults: { maxChunkBytes: 0 } })).toThrow('"maxChunkBytes"')
  expect(() => memoryNetwork({ faults: { resetchance: 1 } as object })).toThrow('"resetchance"')
})

test('memoryNetwork makes nothing of an attempt that was given up at once', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  let accepted = 0
  await network.listen({ host: '127.0.0.1', port: 80 }, (wire) => {
    accepted++
    ignore(wire)
  })
  network.connect({ host: '127.0.0.1', port: 80 }, { onConnect: ignore, onConnectError: () => {} }).cancel()
  await clock.advance(0)
  expect(accepted).toBe(0)
  expect(network.openWires).toBe(0)
})

test('memoryNetwork end sends what cork held, however small the window', async () => {
  const { client, server, settle } = await pair({ windowBytes: 3 })
  client.wire.cork()
  client.wire.write('0123456789')
  client.wire.end()
  await settle()
  expect(server.text).toBe('0123456789')
  expect(server.events.at(-1)).toBe('end')
})

test('memoryNetwork a corked write does not notice a reset until it is uncorked', async () => {
  const { client, server, settle } = await pair()
  client.wire.pause()
  client.wire.cork()
  client.wire.write('x')
  server.wire.reset()
  await settle()
  expect(client.events).toEqual([])
  client.wire.uncork()
  await settle()
  expect(client.events).toEqual(['close: write ECONNRESET'])
})

test('memoryNetwork holds no timer once both ends are closed', async () => {
  const { clock, network, client, server } = await pair({ latencyMs: 1000 })
  client.wire.write('under way')
  client.wire.reset()
  server.wire.reset()
  expect(clock.pending).toBe(2)
  await clock.advance(0)
  expect(network.leaks()).toEqual([])
  expect(clock.pending).toBe(0)
})

test('memoryNetwork shuffle changes the order of events, the same way for the same seed', async () => {
  const play = async (shuffle: boolean, seed: number): Promise<string> => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock, shuffle, random: seededRandom(seed) })
    await network.listen({ host: '127.0.0.1', port: 80 }, ignore)
    const order: number[] = []
    for (let i = 0; i < 8; i++) {
      const onConnect = (wire: Wire): void => {
        order.push(i)
        ignore(wire)
      }
      network.connect({ host: '127.0.0.1', port: 80 }, { onConnect, onConnectError: () => {} })
    }
    await clock.advance(0)
    return order.join('')
  }
  expect(await play(false, 1)).toBe('01234567')
  const shuffled = await play(true, 1)
  expect(shuffled).not.toBe('01234567')
  expect(shuffled.split('').sort().join('')).toBe('01234567')
  expect(await play(true, 1)).toBe(shuffled)
})

test('memoryNetwork lets a listener drop a wire without owning it', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const { address } = await network.listen({ host: '127.0.0.1', port: 0 }, (wire) => wire.destroy())
  // Who destroys it need not own it.
  const client = await clock.until(connect(network, address.address, address.port))
  await clock.advance(0)
  expect(client.events).toEqual(['end'])
})

test('memoryNetwork keeps time from moving until all that needs none has happened, however much that is', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const rounds = 120_000
  let played = 0
  const player = (wire: Wire): void => {
    wire.handler = {
      onData: () => {
        played++
        if (played < rounds) wire.write('x')
        return true
      },
      onEnd: () => {},
      onDrain: () => {},
      onClose: () => {},
    }
  }
  const { address } = await network.listen({ host: '127.0.0.1', port: 80 }, player)
  network.connect(
    { host: address.address, port: address.port },
    {
      onConnect: (wire) => {
        player(wire)
        wire.write('x')
      },
      onConnectError: (error) => {
        throw error
      },
    },
  )
  let playedAtTimer = 0
  clock.setTimeout(() => {
    playedAtTimer = played
  }, 1)
  await clock.advance(5)
  expect(playedAtTimer).toBe(rounds)
}, 20_000)
