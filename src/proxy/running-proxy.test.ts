import { X509Certificate } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { memoryNetwork, rawClient, virtualClock } from '../testing/index.ts'
import { selfSigned } from '../transport/tls/self-signed.ts'
import { proxy, type RoutedProxy } from './proxy.ts'

function world() {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const start = async (app: RoutedProxy) => {
    const running = await app.start({ signals: false, surroundings: { clock, network } })
    onTestFinished(() => clock.until(running.close()))
    return running
  }
  return { clock, network, start }
}

const served = (): RoutedProxy => proxy().route('/', () => respond(200))

describe('RunningProxy.listeners', () => {
  it('tells of each how many came, how many are there, and how many never came to a request', async () => {
    const { clock, network, start } = world()
    const running = await start(
      served()
        .listen({ port: 80, host: 'one', limits: { connections: 1 } })
        .listen({ port: 81, host: 'two' }),
    )
    const first = await rawClient(network, running.urls[0]!)
    const second = await rawClient(network, running.urls[0]!)
    await clock.advance(1)
    const told = () =>
      running.listeners.map(({ connections, accepted, refusals }) => [connections, accepted, [...refusals]])
    expect(told()).toEqual([
      [1, 1, [['connections', 1]]],
      [0, 0, []],
    ])
    await clock.until(first.close())
    await clock.advance(1)
    expect(told()[0]).toEqual([0, 1, [['connections', 1]]])
    expect(running.listeners.map(({ url }) => url)).toEqual(running.urls)
    await second.close()
    await clock.until(running.close())
    expect(running.phase).toBe('closed')
  })

  it('tells when the first certificate of each is over', async () => {
    const { start } = world()
    const [short, long] = [selfSigned({ validFor: '2d' }), selfSigned({ names: ['b.test'], validFor: '9d' })]
    const running = await start(
      served()
        .listen({ port: 443, host: 'one', tls: { certificates: [long, short] } })
        .listen({ port: 444, host: 'two', tls: long })
        .listen({ port: 80, host: 'three' }),
    )
    const endOf = ({ cert }: { cert: string }) => Date.parse(new X509Certificate(cert).validTo)
    expect(running.listeners.map((it) => it.certificatesEndAt)).toEqual([
      endOf(short),
      endOf(long),
      undefined,
    ])
  })

  it('goes on counting where a reload keeps one, or another one takes over its address', async () => {
    const { clock, network, start } = world()
    const app = () => served().listen({ port: 80, host: 'one' })
    const running = await start(app())
    const client = await rawClient(network, running.url)
    await clock.advance(1)
    await running.reload(app())
    expect(running.listeners.map(({ accepted }) => accepted)).toEqual([1])
    await running.reload(served().listen({ port: 80, host: 'one', limits: { connections: 7 } }))
    expect(running.listeners.map(({ accepted }) => accepted)).toEqual([1])
    await client.close()
  })
})

describe('RunningProxy', () => {
  it('shows what it serves now: routes, pools, and what would become of a request', async () => {
    const { clock, start } = world()
    const app = (path: string, name: string) =>
      proxy()
        .listen({ port: 80, host: 'one' })
        .route(path, pool(['http://u1', 'http://u2'], { name }))
    const running = await start(app('/a', 'users'))
    expect(running.startedAt).toBe(clock.wallTime())
    const shown = () => [
      running.routes.map(({ match }) => match),
      running.pools.map(({ name, endpoints }) => [name, endpoints.map(({ id }) => id)]),
      running.explain('GET /a').route,
    ]
    expect(shown()).toEqual([['/a'], [['users', ['http://u1', 'http://u2']]], '/a'])
    // Listed once: who watches asks again and again.
    expect(running.routes).toBe(running.routes)
    expect([running.phase, running.filterStates, running.expositions]).toEqual(['serving', [], []])
    await running.reload(app('/b', 'others'))
    expect(shown()).toEqual([['/b'], [['others', ['http://u1', 'http://u2']]], undefined])
  })

  it('is what those that go with it are given', async () => {
    const { start } = world()
    let given: unknown
    const running = await start(
      served().attach({
        kind: 'onlooker',
        start: (it) => {
          given = it
        },
      }),
    )
    expect(given).toBe(running)
  })
})
