import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { beforeEach, expect, onTestFinished } from 'vitest'
import type { Wire, WireHandler } from '../../src/core/network.ts'
import type { StartOptions } from '../../src/index.ts'
import { memoryNetwork, type VirtualClock, virtualClock } from '../../src/testing/index.ts'

/** How a connection ended, seen from this end. */
export type End = 'ended' | 'reset'

/** One end of a connection that a test holds. */
export interface Line {
  /** Is told of everything from now on. */
  open(events: LineEvents): void
  /** Resolves when the other side, or the system, has taken all of it, or the connection is over. */
  write(bytes: Uint8Array): Promise<void>
  end(): void
  reset(): void
  /** Closes, with an orderly end unless there are bytes that were not read. */
  close(): void
  pause(): void
  resume(): void
}

interface LineEvents {
  readonly data: (chunk: Buffer) => void
  /** The other side sends no more. May be called again when the connection is over. */
  readonly end: (how: End) => void
}

/** Where the connections of a test are made: in memory, or by the system. */
export interface TestNetwork {
  /** What a proxy is started with. */
  readonly surroundings: NonNullable<StartOptions['surroundings']>
  /** Listens at 127.0.0.1; at any port, where none is given. */
  listen(
    onLine: (line: Line) => void,
    port?: number,
  ): Promise<{ readonly port: number; close(): Promise<void> }>
  connect(host: string, port: number): Promise<Line>
  /** Ends when all bytes that can move have moved. */
  settled(): Promise<void>
  /** Ends what takes time only to give up. */
  until<T>(promise: Promise<T>): Promise<T>
}

let current: TestNetwork | undefined
let clock: VirtualClock | undefined
let memory: ReturnType<typeof memoryNetwork> | undefined

/**
 * The network of the test that runs. In memory, made when it is first asked for; when the test is over and everything was
 * closed, no connection and no timer may be left.
 */
export function testNetwork(): TestNetwork {
  if (current !== undefined) return current
  const made = virtualClock()
  const network = memoryNetwork({ clock: made })
  clock = made
  memory = network
  current = inMemory(made, network)
  onTestFinished(async () => {
    current = undefined
    clock = undefined
    memory = undefined
    await made.advance(0)
    expect([network.leaks(), made.pending]).toEqual([[], 0])
  })
  return current
}

/** The clock of the test that runs, which stands still unless the test moves it. */
export function testClock(): VirtualClock {
  testNetwork()
  if (clock === undefined) throw new Error('the tests on real sockets have no clock to move')
  return clock
}

/** Connections in memory that are open, with either side, each in words. */
export function openConnections(): string[] {
  return memory?.leaks().filter((it) => it.startsWith('connection ')) ?? []
}

/** The tests of this file, or group, use sockets of the system: these are their point. */
export function onRealSockets(): void {
  beforeEach((test) => {
    current = SYSTEM
    test.onTestFinished(() => {
      current = undefined
    })
  })
}

function inMemory(clock: VirtualClock, network: ReturnType<typeof memoryNetwork>): TestNetwork {
  return {
    surroundings: { clock, network },
    async listen(onLine, port = 0) {
      const listener = await network.listen({ host: '127.0.0.1', port }, (wire) => onLine(new WireLine(wire)))
      return { port: listener.address.port, close: () => listener.close() }
    },
    connect: (host, port) =>
      new Promise((resolve, reject) => {
        network.connect(
          { host, port },
          { onConnect: (wire) => resolve(new WireLine(wire)), onConnectError: reject },
        )
      }),
    async settled() {
      await turn()
      // What a line has written is known to its owner one turn after it was taken.
      await turn()
    },
    until: (promise) => clock.until(promise),
  }
}

/** In memory, everything that needs no time happens before the event loop turns. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

class WireLine implements Line, WireHandler {
  readonly #wire: Wire
  #events: LineEvents | undefined
  #drained: (() => void)[] = []

  constructor(wire: Wire) {
    this.#wire = wire
    wire.handler = this
  }

  open(events: LineEvents): void {
    this.#events = events
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#wire.write(bytes)) await new Promise<void>((resolve) => this.#drained.push(resolve))
    await turn()
  }

  end(): void {
    this.#wire.end()
  }

  reset(): void {
    this.#wire.reset()
  }

  close(): void {
    this.#wire.destroy()
  }

  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    this.#wire.resume()
  }

  onData(chunk: Buffer): undefined {
    this.#events?.data(chunk)
  }

  onEnd(): void {
    this.#events?.end('ended')
  }

  onDrain(): void {
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  onClose(error: Error | undefined): void {
    this.#events?.end(error === undefined ? 'ended' : 'reset')
    this.onDrain()
  }
}

const SYSTEM: TestNetwork = {
  surroundings: {},
  async listen(onLine, port = 0) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      onLine(socketLine(socket)),
    )
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return {
      port: (server.address() as { port: number }).port,
      close: () =>
        new Promise((resolve) => {
          server.close()
          setImmediate(resolve)
        }),
    }
  },
  async connect(host, port) {
    const socket = connectTcp({ host, port, noDelay: true, allowHalfOpen: true })
    const line = socketLine(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return line
  },
  async settled() {
    for (let i = 0; i < 300; i++) await new Promise((resolve) => setImmediate(resolve))
  },
  until: (promise) => promise,
}

/** A socket as a line. */
export function socketLine(socket: Socket): Line {
  return {
    open({ data, end }) {
      socket.on('data', data)
      socket.on('end', () => end('ended'))
      socket.on('error', () => end('reset'))
      socket.on('close', () => end('ended'))
    },
    write: (bytes) => new Promise((resolve) => void socket.write(bytes, () => resolve())),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    close: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  }
}
