import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Filter, pool, proxy, respond } from '../../src/index.ts'
import { fakeUpstream, memoryNetwork, rawClient, virtualClock } from '../../src/testing/index.ts'

const GET = 'GET / HTTP/1.1\r\nHost: proxy\r\n\r\n'

// What a filter forgets is told to the operator; here it is expected.
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** Every rejection that nobody handles fails the test run: that is what these tests are about. */
async function served(
  filters: readonly Filter[],
  upstream: 'stalls' | 'refuses',
  leaves: boolean,
): Promise<number | undefined> {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  network.addHost('service')
  const fake =
    upstream === 'refuses'
      ? undefined
      : await fakeUpstream({ network, clock, host: 'service', port: 80 }).reply({ delayMs: 1_000 }).start()
  const app = await proxy()
    .listen({ host: 'proxy', port: 80 })
    .onError((error) => respond(error.status))
    .use(...filters)
    .route('/', pool(['http://service']))
    .start({ signals: false, surroundings: { clock, network } })
  const client = await rawClient(network, app.url)
  await client.send(GET)
  await clock.advance(0)
  if (leaves) await client.reset()
  await clock.advance('5s')
  const status = leaves ? undefined : (await client.response()).status
  await client.close()
  await clock.until(app.close())
  await fake?.close()
  await clock.advance(0)
  expect([network.leaks(), clock.pending]).toEqual([[], 0])
  return status
}

const passing: Filter = async (exchange, next) => await next(exchange)

const awaitsLater: Filter = async (exchange, next) => {
  const pending = next(exchange)
  await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 500))
  return await pending
}

const firesAndForgets: Filter = (exchange, next) => {
  void next(exchange)
  return respond(203, 'old')
}

const forgetsToReturn = ((exchange, next) => {
  void next(exchange)
}) as Filter

for (const [inner, filters] of [
  ['alone', []],
  ['around an async filter', [passing]],
] as const) {
  describe(`a filter that does not await next at once, ${inner}`, () => {
    it.each<[string, Filter, number]>([
      ['awaits it later', awaitsLater, 502],
      ['answers by itself', firesAndForgets, 203],
      ['forgets to return', forgetsToReturn, 500],
    ])('%s: a service that refuses does not end the process', async (_, filter, status) => {
      expect(await served([filter, ...filters], 'refuses', false)).toBe(status)
    })

    it.each<[string, Filter]>([
      ['awaits it later', awaitsLater],
      ['answers by itself', firesAndForgets],
    ])('%s: a client that leaves does not end the process', async (_, filter) => {
      expect(await served([filter, ...filters], 'stalls', true)).toBeUndefined()
    })
  })
}
