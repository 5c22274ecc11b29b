import { generateKeyPairSync, pbkdf2, pbkdf2Sync, sign } from 'node:crypto'
import { promisify } from 'node:util'
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

const { privateKey } = generateKeyPairSync('ed25519')

test.each([
  ['was compressed', () => gzipSync('at once')],
  ['was signed', () => sign(null, Buffer.from('at once'), privateKey)],
  ['was derived', () => pbkdf2Sync('at once', 'salt', 1, 8, 'sha256')],
])('RealWork does not wait for what %s at once', async (_, atOnce) => {
  const filter = onRequest(({ clock }) => {
    atOnce()
    return new Promise<undefined>((resolve) => clock.setTimeout(() => resolve(undefined), 10))
  })
  await using sim = simulate(proxy().route('/', filter, () => respond(200, 'ok')))
  const { durationMs } = await sim.get('/')
  expect(durationMs).toBe(10)
})

test('RealWork waits for a key that is derived beside the event loop', async () => {
  const order: string[] = []
  const filter = onRequest(async ({ clock }) => {
    clock.setTimeout(() => order.push('timer'), 1)
    await promisify(pbkdf2)('secret', 'salt', 50_000, 32, 'sha256')
    order.push('derived')
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 2))
  })
  await using sim = simulate(proxy().route('/', filter, () => respond(200, 'ok')))
  await sim.get('/')
  expect(order).toEqual(['derived', 'timer'])
})
