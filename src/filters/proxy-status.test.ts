import { describe, expect, it } from 'vitest'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { errorPages } from '../proxy/error-pages.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, type FakeAnswer, fault, run, simulate } from '../testing/index.ts'
import { type ProxyStatusOptions, proxyStatus } from './proxy-status.ts'

async function fieldOf(answer: FakeAnswer, options?: ProxyStatusOptions): Promise<string[]> {
  await using sim = simulate(
    proxy()
      .use(proxyStatus(options))
      .route('/', pool(['http://u1:8080'])),
  )
  sim.upstream('http://u1:8080').reply(answer)
  const { headers } = await sim.get('/')
  return headers.getAll('proxy-status')
}

/** Of the answer for a service that resets the connection. */
async function errorFieldOf(options?: ProxyStatusOptions): Promise<string[]> {
  await using sim = simulate(
    proxy()
      .use(proxyStatus(options))
      .route('/', pool(['http://u1:8080'])),
  )
  sim.upstream('http://u1:8080').inject(fault.resetBeforeHead())
  const { status, headers } = await sim.get('/')
  expect(status).toBe(502)
  return headers.getAll('proxy-status')
}

describe('proxyStatus', () => {
  it('adds the name behind what other proxies say', async () => {
    expect(await fieldOf({ headers: { 'Proxy-Status': 'cdn; received-status=200' } })).toEqual([
      'cdn; received-status=200',
      'gatewright',
    ])
  })

  it('tells status and next hop of the service where it is told to', async () => {
    const options = { name: 'edge 1', received: true, nextHop: true }
    expect(await fieldOf({ status: 404 }, options)).toEqual([
      '"edge 1"; next-hop=u1:8080; received-status=404',
    ])
  })

  it('tells nothing of a service that was not asked', async () => {
    const filter = proxyStatus({ received: true, nextHop: true })
    const { response } = await run(filter, exchange(), async () => respond(200))
    expect(response.headers.get('proxy-status')).toBe('gatewright')
  })

  it('is the one member of an error answer, with the word of the table', async () => {
    expect(await errorFieldOf()).toEqual(['gatewright; error=connection_terminated'])
    expect(await errorFieldOf({ name: 'edge-1', nextHop: true })).toEqual([
      'edge-1; error=connection_terminated; next-hop=u1:8080',
    ])
  })

  it('tells details of an error where it is told to', async () => {
    const [field] = await errorFieldOf({ details: true })
    expect(field).toMatch(/^gatewright; error=connection_terminated; details="[ -~]+"$/)
  })

  it('says nothing of what is the fault of the client', async () => {
    await using sim = simulate(
      proxy()
        .use(proxyStatus({ name: 'edge-1' }))
        .route('/a', pool(['http://u1'])),
    )
    const { status, headers } = await sim.get('/b')
    expect([status, headers.has('proxy-status')]).toEqual([404, false])
  })

  it('stands on pages for errors too', async () => {
    const pages = errorPages({ default: { 'text/html': '<p>{status}</p>' } })
    const app = proxy()
      .onError(pages)
      .use(proxyStatus({ name: 'edge-1' }))
    await using sim = simulate(app.route('/', pool(['http://u1'])))
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    const { headers } = await sim.get('/', { headers: { accept: 'text/html' } })
    expect(headers.getAll('proxy-status')).toEqual(['edge-1; error=connection_terminated'])
  })

  it('leaves what an error handler says of its own accord', async () => {
    const app = proxy()
      .onError(() => respond(502, 'broken', { 'Proxy-Status': 'mine' }))
      .use(proxyStatus({ name: 'edge-1' }))
    await using sim = simulate(app.route('/', pool(['http://u1'])))
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    expect((await sim.get('/')).headers.getAll('proxy-status')).toEqual(['mine'])
  })

  it.each<[string, object]>([
    ['name', { name: '' }],
    ['name', { name: 'caf\u00e9' }],
    ['name', { name: 'a\nb' }],
    ['nextHop', { nextHop: 1 }],
    ['received', { received: 'yes' }],
    ['details', { details: null }],
    ['hop', { hop: true }],
  ])('throws for a wrong "%s"', (option, options) => {
    expect(() => proxyStatus(options as ProxyStatusOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
