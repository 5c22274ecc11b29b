import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Companion, withCompanion } from '../core/companion.ts'
import type { Filter } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import type { Observer } from '../core/observer.ts'
import type { ProxyView } from '../core/proxy-view.ts'
import { circuitBreaker } from '../filters/circuit-breaker.ts'
import { concurrencyLimit } from '../filters/concurrency-limit.ts'
import { metrics } from '../filters/metrics.ts'
import { pool } from '../pool/pool.ts'
import { proxy, type RoutedProxy } from '../proxy/proxy.ts'
import { toNodeListener } from './to-node-listener.ts'

/** Notes what becomes of it, and of exchanges. Begins when it is let. */
class Noting implements Companion {
  readonly kind = 'noting'
  readonly notes: string[] = []
  readonly go: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly observer: Observer = {
    exchangeBegan: ({ request }) => void this.notes.push(`saw ${request.path}`),
    exchangeEnded: (_, { result }) => void this.notes.push(result),
  }
  proxy: ProxyView | undefined

  start(view: ProxyView): Promise<void> {
    this.proxy = view
    this.notes.push(`starts, ${view.phase}`)
    return this.go.promise
  }

  end(): void {
    this.notes.push(`ends, ${this.proxy!.phase}`)
  }
}

async function mounted(app: RoutedProxy) {
  const listener = toNodeListener(app)
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await listener.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = async (path: string): Promise<number> => (await fetch(url + path)).status
  return { listener, ask }
}

const filterWith = (companion: Companion): Filter =>
  withCompanion<Filter>((exchange, next) => next(exchange), companion)

const served = () => respond(200, 'ok')

describe('NodeGateway', () => {
  it('serves when all that goes with it has begun, which then sees every exchange, and ends last', async () => {
    const one = new Noting()
    const { listener, ask } = await mounted(proxy().use(filterWith(one)).route('/', served))
    expect([await ask('/early'), one.proxy!.readiness.reasons]).toEqual([503, ['starting']])
    one.go.resolve()
    await listener.started
    expect([await ask('/x'), one.proxy!.readiness.ready]).toEqual([200, true])
    await listener.close()
    expect(one.notes).toEqual(['starts, starting', 'saw /x', 'completed', 'ends, closed'])
  })

  it('has what filters bring along see the first exchange, where that begins at once', async () => {
    const one = new Noting()
    one.go.resolve()
    const { ask } = await mounted(proxy().use(filterWith(one)).route('/', served))
    expect(await ask('/x')).toBe(200)
    expect(one.notes).toEqual(['starts, starting', 'saw /x', 'completed'])
  })

  it('has metrics() count its exchanges and attempts, and tell of its filters', async () => {
    const service = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
    await once(service, 'listening')
    onTestFinished(() => void service.close())
    const users = pool([`http://127.0.0.1:${(service.address() as AddressInfo).port}`], { name: 'users' })
    const counting = metrics()
    const { ask } = await mounted(
      proxy()
        .use(counting)
        .route('/x', concurrencyLimit({ limit: 3 }), users),
    )
    expect(await ask('/x')).toBe(200)
    const text = await counting.registry.metrics()
    expect(text).toMatch(/^proxy_requests_total\{.*route="\/x".*\} 1$/m)
    expect(text).toMatch(/^proxy_\w+\{.*pool="users".*\} 1$/m)
    expect(text).toMatch(/^proxy_\w+\{.*filter="concurrencyLimit".*\} 3$/m)
  })

  it('shows pools and filters, and no listeners', async () => {
    const one = new Noting()
    one.go.resolve()
    const users = pool(['http://127.0.0.1:9'], { name: 'users' }).guard(circuitBreaker())
    const { listener } = await mounted(proxy().use(filterWith(one)).route('/', users))
    await listener.started
    const { pools, filterStates, listeners, expositions, startedAt } = one.proxy!
    expect(pools.map(({ name, endpoints }) => [name, endpoints.map(({ id }) => id)])).toEqual([
      ['users', ['http://127.0.0.1:9']],
    ])
    expect(filterStates.map(({ name, at }) => `${name} at ${at}`)).toEqual(['circuitBreaker at pool users'])
    expect([listeners, expositions, Number.isInteger(startedAt)]).toEqual([[], [], true])
  })

  it('is closed, and says why, where something that goes with it cannot begin', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => error.mockRestore())
    const [first, bad] = [new Noting(), new Noting()]
    first.go.resolve()
    const disposed = vi.fn()
    const holding = Object.assign<Filter, Disposable>((exchange, next) => next(exchange), {
      [Symbol.dispose]: disposed,
    })
    const { listener, ask } = await mounted(
      proxy().use(holding, filterWith(first), filterWith(bad)).route('/', served),
    )
    const why = new Error('no port')
    bad.go.reject(why)
    await expect(listener.started).rejects.toBe(why)
    expect([await ask('/x'), disposed.mock.calls.length]).toEqual([503, 1])
    expect(error.mock.calls).toEqual([['gatewright: what goes with the proxy could not begin', why]])
    expect([first.notes, bad.notes]).toEqual([['starts, starting', 'ends, starting'], ['starts, starting']])
  })

  it('that is closed while something begins has that end', async () => {
    const one = new Noting()
    const { listener, ask } = await mounted(proxy().use(filterWith(one)).route('/', served))
    const closed = listener.close()
    expect(await ask('/x')).toBe(503)
    one.go.resolve()
    await closed
    expect(one.notes).toEqual(['starts, starting', 'ends, closed'])
  })

  it('shows that it is drained', async () => {
    const one = new Noting()
    one.go.resolve()
    const asked = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const app = proxy()
      .use(filterWith(one))
      .route('/', async () => {
        asked.resolve()
        await answered.promise
        return respond(200)
      })
    const { listener, ask } = await mounted(app)
    await listener.started
    const status = ask('/')
    await asked.promise
    const drained = listener.drain()
    expect(one.proxy!.phase).toBe('draining')
    answered.resolve()
    expect(await status).toBe(200)
    await drained
    expect(one.notes.slice(-2)).toEqual(['completed', 'ends, closed'])
  })
})
