import { createGzip, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { proxy } from '../proxy/proxy.ts'
import { simulate } from './index.ts'

test('RealWork knows of each write to a compressor, so that no timer overtakes it', async () => {
  const order: string[] = []
  const writing = onRequest(async ({ clock }) => {
    const gzip = createGzip().resume()
    await new Promise((resolve) => gzip.write('first', resolve))
    clock.setTimeout(() => order.push('timer'), 1)
    for (let i = 0; i < 5; i++)
      await new Promise((resolve) => gzip.write(Buffer.alloc(1_000_000, 'x'), resolve))
    order.push('written')
    gzip.destroy()
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 2))
  })
  await using sim = simulate(proxy().route('/', writing, () => respond(200, 'ok')))
  await sim.get('/')
  expect(order).toEqual(['written', 'timer'])
})

test('RealWork does not wait for what was compressed at once', async () => {
  const filter = onRequest(({ clock }) => {
    gzipSync('at once')
    return new Promise<undefined>((resolve) => clock.setTimeout(() => resolve(undefined), 10))
  })
  await using sim = simulate(proxy().route('/', filter, () => respond(200, 'ok')))
  const { durationMs } = await sim.get('/')
  expect(durationMs).toBe(10)
})
