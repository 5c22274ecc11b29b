import { createClient } from 'redis'

export const client = createClient({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' })
// It connects again by itself; without a listener, an error would end the process.
client.on('error', (error: Error) => console.error(`redis: ${error.message}`))
await client.connect()
