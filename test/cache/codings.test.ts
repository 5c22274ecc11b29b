import { pool, proxy } from 'gatewright'
import { type CacheOptions, cache } from 'gatewright/cache'
import { simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'

const SERVICE = 'http://service'

function start(options: CacheOptions) {
  const sim = simulate(
    proxy()
      .use(cache(options))
      .route('/', pool([SERVICE])),
  )
  sim.upstream(SERVICE).reply((request) => ({
    headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Encoding' },
    body: request.header('accept-encoding') ?? 'none',
  }))
  const ask = async (
    coding: string | undefined,
    more: Record<string, string> = {},
    method = 'GET',
    url = '/a',
  ) => {
    const headers = coding === undefined ? more : { 'Accept-Encoding': coding, ...more }
    return (await sim.request({ method, url, headers })).text()
  }
  return { sim, ask, [Symbol.asyncDispose]: () => sim[Symbol.asyncDispose]() }
}

describe('cache({ codings })', () => {
  test('has services asked for the preferred coding of each client, and one variant for each', async () => {
    await using started = start({ codings: ['br', 'GZIP'] })
    const { sim, ask } = started
    for (const coding of ['gzip, br', 'br;q=0.1, gzip', 'deflate, *', 'BR'])
      expect(await ask(coding)).toBe('br')
    for (const coding of ['gzip', 'deflate, gzip;q=0.5', 'br;q=0, *']) expect(await ask(coding)).toBe('gzip')
    for (const coding of [undefined, 'deflate', 'zstd', '']) expect(await ask(coding)).toBe('identity')
    expect(sim.upstream(SERVICE).requests).toHaveLength(3)
    await sim.assertNoLeaks()
  })

  test('holds for requests that are alone, too', async () => {
    await using started = start({ codings: ['br'] })
    const { sim, ask } = started
    await ask('gzip, br', { Range: 'bytes=0-0' }, 'GET', '/range')
    await ask('gzip, br', { Authorization: 'x' })
    await ask('gzip, br', {}, 'HEAD', '/head')
    expect(sim.upstream(SERVICE).requests.map((it) => it.header('accept-encoding'))).toEqual([
      'br',
      'br',
      'br',
    ])
    await sim.assertNoLeaks()
  })

  test('without it, services are asked as clients ask', async () => {
    await using started = start({})
    expect(await started.ask('gzip;q=0.5, br')).toBe('gzip;q=0.5, br')
  })

  test.each([[[]], [['a b']], [['*']], ['br'], [[1]]])('%j is refused', (codings) => {
    expect(() => cache({ codings } as CacheOptions)).toThrow(
      'cache: "codings" must be a list of names of content codings',
    )
  })
})
