/** What becomes of requests while Redis is gone: they are refused, or admitted without being counted. */
import assert from 'node:assert/strict'
import { proxy, respond } from 'gatewright'
import { rateLimit } from 'gatewright/filters/rate-limit'
import { type RedisClient, redisStore } from 'gatewright/filters/redis-store'
import { assertProblem, assertStatus, simulate } from 'gatewright/testing'

// In production: await createClient({ url: process.env.REDIS_URL }).on('error', console.error).connect()
const gone: RedisClient = { sendCommand: () => Promise.reject(new Error('Socket closed unexpectedly')) }

const gateway = (whenUnavailable: 'admit' | 'refuse') =>
  proxy()
    .use(
      rateLimit({
        limit: 100,
        per: '1m',
        store: redisStore({ client: gone, timeoutMs: 50 }),
        whenUnavailable,
      }),
    )
    .route('/', () => respond(200, 'ok'))

const closed = simulate(gateway('refuse'))
const refused = await closed.get('/')
assertProblem(refused, 'limiter_unavailable')
assert.equal(refused.headers.get('retry-after'), '1')
await closed.assertNoLeaks()

const open = simulate(gateway('admit'))
assertStatus(await open.get('/'), 200)
await open.assertNoLeaks()
