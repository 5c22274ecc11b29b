import { expect, test } from 'vitest'
import { type Filter, pool, proxy } from '../../src/index.ts'
import { simulate } from '../../src/testing/index.ts'

const CHUNK = Buffer.alloc(16_384, 'x')

test('a response that a filter holds back holds the service back too', async () => {
  const holdBack: Filter = async (exchange, next) => {
    const response = await next(exchange)
    await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 1_000))
    return response
  }
  const sim = simulate(
    proxy()
      .use(holdBack)
      .route('/', pool(['http://service'])),
  )
  let taken = 0
  async function* endless() {
    for (let i = 0; i < 1_000; i++) {
      taken += CHUNK.length
      yield CHUNK
    }
  }
  sim.upstream('http://service').reply(() => ({ body: endless() }))
  const pending = sim.get('/')
  await sim.advance(999)
  // What the window of the connection, its reader and one pending write hold; not the 16 MB of the body.
  expect(taken).toBeLessThan(1_000_000)
  expect((await pending).body.length).toBe(1_000 * CHUNK.length)
  await sim.assertNoLeaks()
})
