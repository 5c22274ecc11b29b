/** Tells what purges it hears of: `redis-listener.ts URL`. It ends when the test lets go of it. */
import { createClient } from 'redis'
import { redisStore } from '../../src/cache/redis-store.ts'

const client = await createClient({ url: process.argv[2]! }).connect()
const subscriber = await client.duplicate().connect()
const store = redisStore({ client, subscriber })
await store.purges!((record) => process.send!(record))
process.once('disconnect', () => {
  void store.close()
  client.destroy()
  subscriber.destroy()
})
process.send!('ready')
