import { expect, it } from 'vitest'
import { pool, proxy } from '../../src/index.ts'
import { type SimulatedWebSocket, simulate } from '../../src/testing/index.ts'

const URLS = ['http://a', 'http://b', 'http://c']

it.each([
  ['HTTP/1.1', 'HTTP/1.1', false, false],
  ['HTTP/1.1', 'HTTP/2', false, true],
  ['HTTP/2', 'HTTP/1.1', true, false],
  ['HTTP/2', 'HTTP/2', true, true],
])(
  'leastConnections counts each WebSocket for as long as it is open, from %s to %s',
  async (_client, _service, fromHttp2, http2) => {
    const chat = pool(URLS, { name: 'chat', http2 }).leastConnections()
    await using sim = simulate(proxy().route('/', chat), { seed: 1 })
    for (const url of URLS) sim.upstream(url).websocket('/', (_message, peer) => peer.send(url))
    const handle = await sim.pool('chat')
    const inFlight = (): number[] => handle.endpoints.map((it) => it.inFlight)
    // One client: over HTTP/2, all its WebSockets are on one connection.
    const client = sim.client('198.51.100.7', { http2: fromHttp2 })
    const open = async () => {
      const socket = await client.websocket('/')
      socket.send('who?')
      const one = { socket, url: String(await socket.receive()) }
      sockets.push(one)
      return one
    }
    const sockets: { readonly socket: SimulatedWebSocket; readonly url: string }[] = []
    for (let n = 0; n < 9; n++) await open()
    expect(inFlight()).toEqual([3, 3, 3])
    // Two ends, and a WebSocket that goes without a word: whoever has fewer gets the next ones.
    const [first, second, third] = sockets.filter(({ url }) => url === 'http://b')
    await first!.socket.close(1000)
    await second!.socket.close(1000)
    third!.socket.leave()
    await sim.settle()
    expect(inFlight()).toEqual([3, 0, 3])
    for (let n = 0; n < 3; n++) expect((await open()).url).toBe('http://b')
    expect(inFlight()).toEqual([3, 3, 3])
    for (const { socket } of sockets) socket.leave()
    await sim.settle()
    expect(inFlight()).toEqual([0, 0, 0])
    await sim.assertNoLeaks()
  },
)
