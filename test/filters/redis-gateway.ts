/** A gateway in a process of its own that limits by Redis. Told how; tells its url. It ends when the test lets go of it. */
import { createClient } from 'redis'
import { type RateLimitOptions, rateLimit } from '../../src/filters/rate-limit.ts'
import { type RedisStoreOptions, redisStore } from '../../src/filters/redis-store.ts'
import { proxy, respond } from '../../src/index.ts'

export interface GatewaySettings {
  readonly redis: string
  readonly limit: Omit<RateLimitOptions, 'store'>
  readonly store: Omit<RedisStoreOptions, 'client'>
}

const settings = JSON.parse(process.argv[2]!) as GatewaySettings
const client = createClient({ url: settings.redis })
// That it is gone is what the tests are about.
client.on('error', () => {})
await client.connect()
const running = await proxy()
  .listen({ port: 0, host: '127.0.0.1' })
  .use(rateLimit({ ...settings.limit, store: redisStore({ client, ...settings.store }) }))
  .route('/', () => respond(200, 'ok'))
  .start()
process.once('disconnect', () => {
  client.destroy()
  void running.close()
})
process.send!({ url: running.url })
