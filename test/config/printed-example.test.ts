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

async function printed(env = { JWT_SECRET: SECRET }) {
  using folder = new ConfigFolder({ 'gateway.yaml': PRINTED })
  const { app } = await fromConfig(`${folder.path}/gateway.yaml`, { env })
  return simulate(app)
}

test('listens where it says', async () => {
  await using sim = await printed()
  const client = await sim.connect(8080)
  await client.end()
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
