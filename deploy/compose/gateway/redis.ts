import { createClient } from 'redis'

// While it is not connected, commands fail at once, and are not kept to be sent late.
export const client = createClient({
  url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379',
  disableOfflineQueue: true,
})
// It connects again by itself; without a listener, an error would end the process.
client.on('error', (error: Error) => console.error(`redis: ${error.message}`))
// Nobody waits for it, so a gateway starts without Redis, too; what it fails with is told as above.
client.connect().catch(() => {})
