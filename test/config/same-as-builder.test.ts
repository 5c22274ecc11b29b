import { type Filter, pool, proxy, respond, selfSigned } from 'gatewright'
import { fromConfig } from 'gatewright/config'
import { concurrencyLimit, cors, mirror, rateLimit, requestId, securityHeaders } from 'gatewright/filters'
import { simulate } from 'gatewright/testing'
import { expect, test } from 'vitest'
import { ConfigFolder } from './config-folder.ts'
import { CODE, ENV, GOOD } from './good-configurations.ts'

const archive = pool(['http://archive:8080'], { name: 'archive' })
const users = pool(
  [
    { url: 'http://u1:8080', weight: 3, zone: 'a' },
    { url: 'http://u2:8080', zone: 'b', labels: { version: 'v2' } },
  ],
  { name: 'users', maxConnections: 64, idleMs: '3s' },
)
  .leastResponseTime()
  .health({ path: '/healthz', intervalMs: '5s', rise: 2 })
  .eject({ consecutiveErrors: 5, ejectMs: '30s', maxEjected: 0.5 })
  .slowStart({ lastsMs: '30s' })
  .retry({ attempts: 3, on: ['unsent', 503], perAttemptMs: '2s', budget: { ratio: 0.2 } })
  .hedge()
  .deadline({ ms: '10s' })
  .preferZone({ zone: 'a' })
  .guard(rateLimit({ limit: 10, per: '1s' }))
  .useEach(
    Object.defineProperty(() => concurrencyLimit({ limit: 50 }), 'name', { value: 'concurrencyLimit' }),
  )
  .fallback(archive, { on: '502-504' })

const audit: Filter = (exchange, next) => next(exchange)
const hello = () => respond(200)

const BUILT = proxy({ caseSensitivePaths: false })
  .listen({
    host: '127.0.0.1',
    port: 18_080,
    trustedProxies: ['loopback'],
    limits: { headMs: '10s', headBytes: '32kb' },
    http2: false,
  })
  .listen({ host: '127.0.0.1', port: 18_081 })
  .use(requestId(), audit, mirror({ to: archive, share: 0.5 }))
  .connect({ allow: ['api.example.com:443'], connectMs: '3s' })
  .route(
    { path: '/users/:id', methods: ['GET'], headers: { 'x-version': /^v[12]$/ } },
    securityHeaders(),
    rateLimit({ limit: 100, per: '1m', burst: 10, key: { header: 'x-api-key' } }),
    users,
  )
  .route('/health', () => respond(200, 'ok'))
  .group('/api', (api) =>
    api
      .use(cors({ origins: 'https://example.com', credentials: true, maxAge: '1h' }))
      .route('/archive', archive)
      .route('/code', hello),
  )

test('a configuration makes what the builder makes of the same', async () => {
  using folder = new ConfigFolder({ 'a.yaml': GOOD.gateway!, 'code.ts': CODE })
  const { app, workers, drain, logLevel } = await fromConfig(`${folder.path}/a.yaml`, { env: ENV })
  expect(JSON.parse(JSON.stringify(app.routes))).toEqual(JSON.parse(JSON.stringify(BUILT.routes)))
  const { listeners, filters, connect, caseSensitivePaths, companions } = app.description
  expect(JSON.stringify(listeners)).toBe(JSON.stringify(BUILT.description.listeners))
  expect(filters.map(({ name }) => name)).toEqual(BUILT.description.filters.map(({ name }) => name))
  expect(connect?.settings).toEqual(BUILT.description.connect?.settings)
  expect([caseSensitivePaths, workers, drain, logLevel]).toEqual([
    false,
    2,
    { noticeMs: '5s', limitMs: '20s' },
    'warn',
  ])
  expect(companions.map(({ kind }) => kind)).toEqual(['admin'])
})

test('routes, groups, answers and pages of errors of a configuration', async () => {
  const text = `proxy:
  filters: [{ module: "./code.ts#marks" }]
  upstreams: { users: [u1], old: [o1] }
  routes:
    - { path: /users, methods: [get], upstream: users }
    - { path: /teapot, exact: true, respond: { status: 418, json: { short: [true, ~] }, headers: { x-a: [b, c] } } }
    - path: /v1
      host: "*.example.com"
      filters: [{ strip_prefix: { prefix: /v1 } }]
      routes:
        - { path: /users, upstream: old }
        - { path: /deep, routes: [{ path: /er, module: "./code.ts#hello" }] }
  error_pages: { 404: { text/html: "<p>{{title}}</p>" } }
`
  const code = `import { respond } from 'gatewright'
export const hello = () => respond(200, 'hello')
export const marks = async (exchange, next) => {
  const response = await next(exchange)
  response.headers.set('x-marked', 'yes')
  return response
}
`
  using folder = new ConfigFolder({
    'a.yaml': text,
    'code.ts': code.replace(
      "'gatewright'",
      JSON.stringify(new URL('../../src/index.ts', import.meta.url).href),
    ),
  })
  const { app } = await fromConfig(`${folder.path}/a.yaml`)
  await using sim = simulate(app)
  sim.upstream('http://u1').on('GET /users/7', { status: 200, body: 'new' })
  sim.upstream('http://o1').on('GET /users/7', { status: 200, body: 'old' })
  const asked = async (url: string, host = 'a.example.com') => {
    const response = await sim.get(url, { headers: { host, accept: 'text/html' } })
    return [response.status, response.text(), response.headers.get('x-marked')]
  }
  expect(await asked('/users/7')).toEqual([200, 'new', 'yes'])
  expect(await asked('/v1/users/7')).toEqual([200, 'old', 'yes'])
  expect(await asked('/v1/users/7', 'example.org')).toEqual([
    404,
    '<p>Nothing is served at this address</p>',
    undefined,
  ])
  expect(await asked('/v1/deep/er')).toEqual([200, 'hello', 'yes'])
  const teapot = await sim.get('/teapot')
  expect([teapot.status, teapot.json(), teapot.headers.getAll('x-a')]).toEqual([
    418,
    { short: [true, null] },
    ['b', 'c'],
  ])
})

test('a configuration serves with TLS, by files that are found beside it', async () => {
  const { cert, key } = selfSigned()
  const tls = 'tls: { cert_file: tls/cert.pem, key_file: tls/key.pem, min_version: TLSv1.3 }'
  using folder = new ConfigFolder({
    'conf/a.yaml': `proxy:\n  listen: { port: 0, ${tls} }\n  routes: [{ respond: { status: 200 } }]\n`,
    'conf/tls/cert.pem': String(cert),
    'conf/tls/key.pem': String(key),
  })
  const { app } = await fromConfig(`${folder.path}/conf/a.yaml`)
  await using running = await app.start({ signals: false })
  expect(running.url).toMatch(/^https:/)
  expect(running.listeners[0]!.certificatesEndAt).toBeGreaterThan(0)
})
