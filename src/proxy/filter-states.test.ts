import { describe, expect, it } from 'vitest'
import type { Companion } from '../core/companion.ts'
import { onRequest } from '../core/handler.ts'
import type { ProxyView } from '../core/proxy-view.ts'
import { circuitBreaker } from '../filters/circuit-breaker.ts'
import { coalesce } from '../filters/coalesce.ts'
import { concurrencyLimit } from '../filters/concurrency-limit.ts'
import { forwardAuth } from '../filters/forward-auth.ts'
import { rateLimit } from '../filters/rate-limit.ts'
import { pool } from '../pool/pool.ts'
import { simulate } from '../testing/index.ts'
import { proxy, type RoutedProxy } from './proxy.ts'

/** What is seen of a proxy by what goes with it. */
class Onlooker implements Companion {
  readonly kind = 'onlooker'
  #proxy: ProxyView | undefined

  start(proxy: ProxyView): void {
    this.#proxy = proxy
  }

  /** `name at place`, of each filter that tells how it stands. */
  get places(): string[] {
    return this.#proxy!.filterStates.map(({ name, at }) => `${name} at ${at}`)
  }

  get filterStates(): ProxyView['filterStates'] {
    return this.#proxy!.filterStates
  }
}

const URL_1 = 'http://u1:8080'
const URL_2 = 'http://u2:8080'

async function seen(app: (onlooker: Onlooker) => RoutedProxy): Promise<string[]> {
  const onlooker = new Onlooker()
  await using sim = simulate(app(onlooker))
  await sim.advance(1)
  return onlooker.places
}

describe('filterStates', () => {
  it('tells of the filters of a proxy, of CONNECT and of routes that keep numbers, with the filter itself', async () => {
    const limit = rateLimit({ limit: 1, per: '1m' })
    const onlooker = new Onlooker()
    const app = proxy()
      .attach(onlooker)
      .use(
        onRequest(() => {}),
        limit,
      )
      .connect(coalesce(), { allow: ['example.com:443'] })
      .route('/users', circuitBreaker({ name: 'users' }), pool([URL_1]))
    await using sim = simulate(app)
    await sim.get('/users')
    expect(onlooker.places).toEqual(['rateLimit at proxy', 'coalesce at connect', 'users at /users'])
    const [first] = onlooker.filterStates
    expect(first!.filter).toBe(limit)
    expect(first!.state).toEqual({ kind: 'rate-limit', admitted: 1, refused: 0, unavailable: 0 })
  })

  it('tells of the filters of pools, also of those that filters, fallbacks and other pools use', async () => {
    const archive = pool(['http://archive'], { name: 'archive' }).use(coalesce())
    const login = pool(['http://login'], { name: 'login' }).guard(circuitBreaker())
    const users = pool([URL_1], { name: 'users' })
      .guard(circuitBreaker(), concurrencyLimit({ limit: 2 }))
      .use(rateLimit({ limit: 9, per: '1s' }))
      .fallback(archive)
    const places = await seen((onlooker) =>
      proxy()
        .attach(onlooker)
        .use(forwardAuth({ endpoint: { service: login, path: '/auth' } }))
        .route('/', users),
    )
    expect(places).toEqual([
      'circuitBreaker at pool login',
      'coalesce at pool archive',
      'circuitBreaker at pool users',
      'concurrencyLimit at pool users',
      'rateLimit at pool users',
    ])
  })

  it('tells of what endpoints have of their own, of those that the pool has now', async () => {
    const onlooker = new Onlooker()
    const users = pool([URL_1, URL_2], { name: 'users' })
      .useEach(() => concurrencyLimit({ limit: 5 }))
      .useEach(() => circuitBreaker())
    await using sim = simulate(proxy().attach(onlooker).route('/', users), { upstreams: ['http://u3'] })
    const handle = await sim.pool('users')
    expect(onlooker.places).toEqual([
      'concurrencyLimit at pool users, http://u1:8080',
      'circuitBreaker at pool users, http://u1:8080',
      'concurrencyLimit at pool users, http://u2:8080',
      'circuitBreaker at pool users, http://u2:8080',
    ])
    handle.update([URL_2, 'http://u3'])
    expect(onlooker.places).toEqual([
      'concurrencyLimit at pool users, http://u2:8080',
      'circuitBreaker at pool users, http://u2:8080',
      'concurrencyLimit at pool users, http://u3',
      'circuitBreaker at pool users, http://u3',
    ])
  })

  it('numbers those of one name at one place, also where two pools or two routes have one name', async () => {
    const users = () =>
      pool([URL_1], { name: 'users' }).guard(circuitBreaker()).use(circuitBreaker(), coalesce())
    const places = await seen((onlooker) =>
      proxy()
        .attach(onlooker)
        .use(coalesce(), coalesce(), coalesce())
        .route('/a', coalesce(), users())
        .route('/b', users()),
    )
    expect(places).toEqual([
      'coalesce at proxy',
      'coalesce #2 at proxy',
      'coalesce #3 at proxy',
      'coalesce at /a',
      'circuitBreaker at pool users',
      'circuitBreaker #2 at pool users',
      'coalesce at pool users',
      'circuitBreaker #3 at pool users',
      'circuitBreaker #4 at pool users',
      'coalesce #2 at pool users',
    ])
  })

  it('tells once of a filter that stands at several places: at the first', async () => {
    const breaker = circuitBreaker()
    const places = await seen((onlooker) =>
      proxy()
        .attach(onlooker)
        .route('/a', breaker, pool([URL_1], { name: 'a' }).guard(breaker))
        .route(
          '/b',
          breaker,
          pool([URL_2], { name: 'b' }).useEach(() => breaker),
        ),
    )
    expect(places).toEqual(['circuitBreaker at /a'])
  })

  it('tells of what a reload has brought, and no longer of what it took away', async () => {
    const onlooker = new Onlooker()
    const users = pool([URL_1], { name: 'users' })
    const app = proxy()
      .attach(onlooker)
      .route(
        '/old',
        coalesce(),
        users.useEach(() => circuitBreaker()),
      )
    await using sim = simulate(app)
    await sim.advance(1)
    expect(onlooker.places).toEqual(['coalesce at /old', 'circuitBreaker at pool users, http://u1:8080'])
    const next = users.guard(concurrencyLimit({ limit: 1 })).useEach(() => coalesce())
    await sim.reload(proxy().attach(onlooker).route('/new', next))
    expect(onlooker.places).toEqual([
      'concurrencyLimit at pool users',
      'coalesce at pool users, http://u1:8080',
    ])
  })
})
