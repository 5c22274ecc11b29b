import { describe, expect, it } from 'vitest'
import { accessLog } from '../../src/filters/access-log.ts'
import { forwardAuth } from '../../src/filters/forward-auth.ts'
import { metrics } from '../../src/filters/metrics.ts'
import { pool } from '../../src/pool/pool.ts'
import { proxy } from '../../src/proxy/proxy.ts'
import { tcp } from '../../src/proxy/tcp.ts'
import { type Simulation, simulate } from '../../src/testing/index.ts'
import { counted } from './scrape.ts'

const ENDED = ['proxy_requests_total', 'proxy_request_duration_seconds_count', 'proxy_errors_total']
const UNDER_WAY = ['proxy_active_requests', 'proxy_upstream_in_flight']
const ATTEMPTS = ['proxy_upstream_attempts_total', 'proxy_upstream_errors_total']

/** Two that count what ends, and how each sees it. */
function watched() {
  const lines: string[] = []
  const m = metrics()
  const log = accessLog({ to: (text) => void lines.push(...text.split('\n').slice(0, -1)) })
  const logged = async (sim: Simulation): Promise<object[]> => {
    await sim.advance(5)
    return lines.map((line) => {
      const { method, status, result, route, pool, durationMs, bytesIn } = JSON.parse(line) as Record<
        string,
        unknown
      >
      return { method, status, result, route, pool, durationMs, bytesIn }
    })
  }
  return { m, log, logged }
}

const CHAT = pool(['http://u1'], { name: 'chat' })

describe('metrics() and accessLog()', () => {
  it.each([
    ['1.1', false],
    ['2', true],
  ])(
    'see a WebSocket over HTTP/%s once, when it ends, and take its hours for no response time',
    async (_, http2) => {
      const { m, log, logged } = watched()
      const app = proxy().listen({ port: 80, http2: true }).use(m, log).route('/chat', CHAT)
      await using sim = simulate(app)
      sim.upstream('http://u1').websocket('/chat')
      const socket = await sim.client('192.0.2.9', { http2 }).websocket('/chat')
      await sim.advance('10s')
      expect(await counted(m, ...ENDED, ...UNDER_WAY)).toEqual([
        'proxy_active_requests 1',
        'proxy_upstream_in_flight{pool="chat",upstream="http://u1"} 1',
      ])
      expect(await logged(sim)).toEqual([])
      await socket.close()
      expect(await logged(sim)).toMatchObject([
        { method: 'GET', status: 101, result: 'completed', route: '/chat', pool: 'chat' },
      ])
      expect(await counted(m, ...ENDED, ...UNDER_WAY, ...ATTEMPTS)).toEqual([
        'proxy_requests_total{route="/chat",method="GET",code="101"} 1',
        'proxy_upstream_attempts_total{pool="chat",upstream="http://u1",code="101"} 1',
      ])
      await sim.assertNoLeaks()
    },
  )

  it('see a tunnel of CONNECT, and a connection of tcp(), once', async () => {
    const http = watched()
    const raw = watched()
    const tunnels = proxy()
      .listen(80)
      .use(http.m, http.log)
      .connect({ allow: ['api.example.com:80'] })
      .route('/', CHAT)
    const connections = tcp()
      .listen(80)
      .use(raw.m, raw.log)
      .to(pool(['tcp://db:5432'], { name: 'db' }))
    for (const [app, { m, logged }] of [
      [tunnels, http],
      [connections, raw],
    ] as const) {
      await using sim = simulate(app, { upstreams: ['http://api.example.com'] })
      const client = await sim.connect()
      if (app === tunnels) {
        await client.send('CONNECT api.example.com:80 HTTP/1.1\r\nHost: a\r\n\r\n')
        await client.read(39)
      }
      await client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      await client.response()
      await client.close()
      const [line, ...others] = await logged(sim)
      expect([line, others]).toMatchObject([{ method: 'CONNECT', status: 200, bytesIn: 46 }, []])
      const ended = await counted(m, ...ENDED, ...UNDER_WAY)
      expect(ended).toEqual([
        expect.stringMatching(/^proxy_requests_total\{.*method="CONNECT",code="200"\} 1$/),
      ])
      await sim.assertNoLeaks()
    }
  })

  it('see one exchange where filters ask others as well, and each attempt by its pool', async () => {
    const { m, log, logged } = watched()
    const check = { service: pool(['http://auth'], { name: 'auth' }), path: '/check' }
    const app = proxy()
      .listen({ port: 80, http2: true })
      .use(m, log, forwardAuth({ endpoint: check }))
      .route('/', pool(['http://u1'], { name: 'users', http2: true }))
    await using sim = simulate(app)
    await sim.client('192.0.2.9', { http2: true }).get('/a')
    expect(await logged(sim)).toMatchObject([{ method: 'GET', status: 200, route: '/', pool: 'users' }])
    expect(await counted(m, ...ENDED, ...UNDER_WAY, ...ATTEMPTS)).toEqual([
      'proxy_requests_total{route="/",method="GET",code="200"} 1',
      'proxy_request_duration_seconds_count{route="/",method="GET"} 1',
      'proxy_upstream_attempts_total{pool="auth",upstream="http://auth",code="200"} 1',
      'proxy_upstream_attempts_total{pool="users",upstream="http://u1",code="200"} 1',
    ])
    await sim.assertNoLeaks()
  })
})
