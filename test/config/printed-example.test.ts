import { createHmac } from 'node:crypto'
import { fromConfig } from 'gatewright/config'
import { simulate } from 'gatewright/testing'
import { expect, test } from 'vitest'
import { ConfigFolder } from './config-folder.ts'

const PRINTED = `proxy:
  listen:
    address: "0.0.0.0"
    port: 8080

  upstreams:
    user-service:
      - address: "user-service-1:8080"
        weight: 100
        health_check:
          path: "/health"
          interval: "30s"
          timeout: "5s"
      - address: "user-service-2:8080"
        weight: 100
        health_check:
          path: "/health"
          interval: "30s"
          timeout: "5s"

  rate_limiting:
    enabled: true
    requests_per_minute: 1000
    burst_size: 100

  caching:
    enabled: true
    ttl: "5m"
    max_size: "100MB"

  security:
    cors:
      enabled: true
      allowed_origins: ["https://example.com"]
    jwt:
      secret: "\${JWT_SECRET}"
      algorithm: "HS256"
`

const SECRET = 'a secret of thirty-two characters'
const ONE = 'http://user-service-1:8080'
const OTHER = 'http://user-service-2:8080'

/** Of the simulation's time, which begins with 2026. */
function token(secret = SECRET, expiresAt = Date.UTC(2026, 0, 2) / 1_000): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'ada', exp: expiresAt })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const authorization = `Bearer ${token()}`

async function printed(env: Readonly<Record<string, string>> = { JWT_SECRET: SECRET }, text = PRINTED) {
  using folder = new ConfigFolder({ 'gateway.yaml': text })
  const { app } = await fromConfig(`${folder.path}/gateway.yaml`, { env })
  return simulate(app)
}

test('listens where it says', async () => {
  await using sim = await printed()
  const client = await sim.connect(8080)
  client.end()
  await sim.assertNoLeaks()
})

test('shares requests among both endpoints by their weights', async () => {
  await using sim = await printed()
  for (let i = 0; i < 20; i++)
    expect((await sim.get(`/${i}`, { headers: { authorization } })).status).toBe(200)
  const asked = (url: string) =>
    sim.upstream(url).requests.filter(({ target }) => target !== '/health').length
  expect([asked(ONE), asked(OTHER)]).toEqual([10, 10])
})

test('probes both every 30 seconds, and waits 5 seconds for an answer', async () => {
  await using sim = await printed()
  const [one, other] = [ONE, OTHER].map((url) => {
    const at: number[] = []
    sim.upstream(url).on('GET /health', () => {
      at.push(sim.nowMs)
      return { status: 200, delayMs: url === ONE ? 4_900 : 5_100 }
    })
    return at
  })
  await sim.advance('3m')
  for (const at of [one!, other!]) {
    expect(at.length).toBeGreaterThanOrEqual(5)
    // Each interval is a little longer or shorter, by chance.
    const gaps = at.slice(2).map((time, i) => time - at[i + 1]!)
    for (const gap of gaps) expect(Math.abs(gap - 30_000)).toBeLessThan(10_000)
  }
  const { endpoints } = await sim.pool('user-service')
  expect(endpoints.map(({ url, health }) => [url, health])).toEqual([
    [ONE, 'healthy'],
    [OTHER, 'unhealthy'],
  ])
})

test('admits 100 requests of a client at once, and the next one after 60 ms', async () => {
  await using sim = await printed()
  const statuses = async (count: number) => {
    const all: number[] = []
    for (let i = 0; i < count; i++) all.push((await sim.get(`/${i}`, { headers: { authorization } })).status)
    return all
  }
  expect(new Set(await statuses(100))).toEqual(new Set([200]))
  const refused = await sim.get('/', { headers: { authorization } })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  await sim.advance('61ms')
  expect(await statuses(2)).toEqual([200, 429])
  const other = sim.client('192.0.2.99')
  expect((await other.get('/', { headers: { authorization } })).status).toBe(200)
})

test('counts requests with bad tokens too', async () => {
  await using sim = await printed()
  for (let i = 0; i < 100; i++) expect((await sim.get('/')).status).toBe(401)
  expect((await sim.get('/')).status).toBe(429)
})

test('keeps what may be stored for 5 minutes', async () => {
  await using sim = await printed()
  let asked = 0
  for (const url of [ONE, OTHER])
    sim.upstream(url).on('GET /news', () => ({
      status: 200,
      headers: { 'cache-control': 'public' },
      body: `news ${++asked}`,
    }))
  const news = async () => (await sim.get('/news', { headers: { authorization } })).text()
  expect(await news()).toBe('news 1')
  await sim.advance('299s')
  expect(await news()).toBe('news 1')
  await sim.advance('2s')
  expect(await news()).toBe('news 2')
})

test('keeps answers of up to a quarter of what the cache may hold', async () => {
  await using sim = await printed({ JWT_SECRET: SECRET }, PRINTED.replace('100MB', '64KB'))
  const quarter = 16 * 1024
  let asked = 0
  for (const url of [ONE, OTHER])
    sim.upstream(url).on('GET /:bytes', ({ params }) => {
      asked++
      const body = Buffer.alloc(Number(params.bytes))
      return { status: 200, headers: { 'cache-control': 'public' }, body }
    })
  const askedFor = async (bytes: number) => {
    asked = 0
    for (let i = 0; i < 2; i++) await sim.get(`/${bytes}`, { headers: { authorization } })
    return asked
  }
  expect([await askedFor(quarter), await askedFor(quarter + 1)]).toEqual([1, 2])
})

test('gives nothing of one user to another, and nothing of the cache to whoever has no token', async () => {
  await using sim = await printed()
  let asked = 0
  for (const url of [ONE, OTHER])
    sim
      .upstream(url)
      .on('GET /all', () => ({ status: 200, headers: { 'cache-control': 'public' }, body: `${++asked}` }))
      .on('GET /*', () => ({ status: 200, body: `${++asked}` }))
  const got = async (path: string) => (await sim.get(path, { headers: { authorization } })).text()
  expect([await got('/me'), await got('/me')]).toEqual(['1', '2'])
  expect([await got('/all'), await got('/all')]).toEqual(['3', '3'])
  expect((await sim.get('/all')).status).toBe(401)
})

test('lets pages of one origin read what is answered, and no others', async () => {
  await using sim = await printed()
  const allowed = async (origin: string) => {
    const response = await sim.get('/', { headers: { authorization, origin } })
    return response.headers.get('access-control-allow-origin')
  }
  expect(await allowed('https://example.com')).toBe('https://example.com')
  expect(await allowed('https://example.org')).toBeUndefined()
  const preflight = await sim.request({
    method: 'OPTIONS',
    url: '/',
    headers: { origin: 'https://example.com', 'access-control-request-method': 'GET' },
  })
  expect(preflight.status).toBe(204)
})

test('wants a token that is signed with the secret, and is not over', async () => {
  await using sim = await printed()
  const status = async (headers: Record<string, string>) => (await sim.get('/', { headers })).status
  expect(await status({})).toBe(401)
  expect(await status({ authorization: 'Bearer nonsense' })).toBe(401)
  expect(await status({ authorization: `Bearer ${token('another secret, of the same length.')}` })).toBe(401)
  expect(await status({ authorization: `Bearer ${token(SECRET, Date.UTC(2025, 11, 31) / 1_000)}` })).toBe(401)
  expect(await status({ authorization })).toBe(200)
})

test('says where a secret is missing, or too short, without showing it', async () => {
  await expect(printed({})).rejects.toThrow(
    /gateway\.yaml:36:15: proxy\.security\.jwt\.secret: the variable JWT_SECRET is not set/,
  )
  await expect(printed({ JWT_SECRET: 'shortsecret' })).rejects.toThrow(
    /gateway\.yaml:36:15: proxy\.security\.jwt\.secret: must be (?!.*shortsecret)/,
  )
})
