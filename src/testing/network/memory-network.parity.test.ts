import { describe, expect, test } from 'vitest'
import type { Network, Wire, WireHandler } from '../../core/network.ts'
import { nodeNetwork } from '../../transport/network.ts'
import { memoryNetwork } from './memory-network.ts'

/** Writes down what a wire tells, and lets a test wait for it. */
class Recorder implements WireHandler {
  readonly events: string[] = []
  readonly wire: Wire
  bytes = 0
  #waiting: (() => void)[] = []

  constructor(wire: Wire) {
    this.wire = wire
    wire.handler = this
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Waits for an event, and gives all there were but the data and the drains. */
  async saw(event: string): Promise<string[]> {
    await this.until(() => this.events.includes(event))
    return this.events.filter((it) => it !== 'drain')
  }

  onData(chunk: Buffer): boolean {
    this.bytes += chunk.length
    this.#wake()
    return true
  }

  onEnd(): void {
    this.#note('end')
  }

  onDrain(): void {
    this.#note('drain')
  }

  onClose(error: Error | undefined): void {
    this.#note(error === undefined ? 'close' : `close ${(error as NodeJS.ErrnoException).code}`)
  }

  #note(event: string): void {
    this.events.push(event)
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

async function pair(network: Network): Promise<{ client: Recorder; server: Recorder }> {
  const accepted = Promise.withResolvers<Recorder>()
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (wire) =>
    accepted.resolve(new Recorder(wire)),
  )
  const connected = Promise.withResolvers<Recorder>()
  network.connect(
    { host: '127.0.0.1', port: listener.address.port },
    {
      onConnect: (wire) => connected.resolve(new Recorder(wire)),
      onConnectError: connected.reject,
    },
  )
  const both = { client: await connected.promise, server: await accepted.promise }
  await listener.close()
  return both
}

// What the memory network claims of TCP, asked of both.
describe.each([
  ['in memory', (): Network => memoryNetwork()],
  ['on sockets', (): Network => nodeNetwork],
])('%s', (_, network) => {
  test('a half-close lets the other half go on', async () => {
    const { client, server } = await pair(network())
    client.wire.write('request')
    client.wire.end()
    await server.saw('end')
    expect(server.bytes).toBe(7)
    server.wire.write('response')
    server.wire.end()
    expect(await client.saw('close')).toEqual(['end', 'close'])
    expect(client.bytes).toBe(8)
    expect(await server.saw('close')).toEqual(['end', 'close'])
  })

  test('a reset reaches who reads', async () => {
    const { client, server } = await pair(network())
    client.wire.write('hello')
    await server.until(() => server.bytes === 5)
    client.wire.reset()
    expect(await server.saw('close ECONNRESET')).toEqual(['close ECONNRESET'])
    expect(await client.saw('close')).toEqual(['close'])
  })

  test('a destroy shows as an end; who then ends too closes in order', async () => {
    const { client, server } = await pair(network())
    client.wire.write('hello')
    client.wire.destroy()
    expect(await client.saw('close')).toEqual(['close'])
    await server.saw('end')
    expect(server.bytes).toBe(5)
    server.wire.end()
    expect(await server.saw('close')).toEqual(['end', 'close'])
  })

  test('a wire that is connected and paused sees a reset when it resumes, after the data', async () => {
    const { client, server } = await pair(network())
    client.wire.pause()
    server.wire.write('hello')
    server.wire.reset()
    await server.saw('close')
    expect(client.events).toEqual([])
    client.wire.resume()
    expect(await client.saw('close ECONNRESET')).toEqual(['close ECONNRESET'])
    expect(client.bytes).toBe(5)
  })

  test('a destroy with bytes unread resets', async () => {
    const { client, server } = await pair(network())
    // Paused, so that the bytes stay unread; the answer shows that the other end is done.
    client.wire.pause()
    server.wire.write('unread')
    client.wire.write('now')
    await server.until(() => server.bytes === 3)
    client.wire.destroy()
    expect(await server.saw('close ECONNRESET')).toEqual(['close ECONNRESET'])
  })

  test('a writer waits for a paused reader, and gets all through', async () => {
    const { client, server } = await pair(network())
    server.wire.pause()
    const piece = Buffer.alloc(65_536)
    let written = 0
    // No more than the buffers of two sockets can swallow.
    while (client.wire.write(piece)) {
      written += piece.length
      expect(written).toBeLessThan(64 * 1024 * 1024)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    written += piece.length
    expect(client.wire.pendingBytes).toBeGreaterThan(0)
    server.wire.resume()
    await client.until(() => client.events.includes('drain'))
    expect(client.wire.pendingBytes).toBe(0)
    client.wire.end()
    server.wire.end()
    await server.saw('close')
    expect(server.bytes).toBe(written)
  })

  test('a write after the end or the close is nothing', async () => {
    const { client, server } = await pair(network())
    client.wire.end()
    expect(client.wire.write('x')).toBe(true)
    server.wire.end()
    await server.saw('close')
    expect(server.bytes).toBe(0)
    expect(server.wire.write('x')).toBe(true)
    expect(await client.saw('close')).toEqual(['end', 'close'])
  })

  test('nobody listening is a refusal', async () => {
    const it = network()
    const listener = await it.listen({ host: '127.0.0.1', port: 0 }, (wire) => wire.destroy())
    const taken = it.listen({ host: '127.0.0.1', port: listener.address.port }, () => {})
    await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' })
    await listener.close()
    const { port } = listener.address
    const error = await new Promise<Error>((resolve, reject) => {
      it.connect({ host: '127.0.0.1', port }, { onConnect: reject, onConnectError: resolve })
    })
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port })
    expect(error.message).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`)
  })
})
