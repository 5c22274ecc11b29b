import { expect, test } from 'vitest'
import { pool, proxy, respond, selfSigned, tcp } from '../../index.ts'
import { fault } from '../upstream/fault.ts'
import { simulate } from './simulate.ts'

const databases = pool(['tcp://db1:5432', 'tcp://db2:5432'], { name: 'databases' }).eject({
  consecutiveConnectFailures: 2,
  ejectMs: '10s',
})
const app = tcp().listen(5432).to(databases)

test('a tcp() is simulated: clients, services, an outage and its end', async () => {
  await using sim = simulate(app, { seed: 3 })
  expect((await sim.get('/', { headers: { connection: 'close' } })).status).toBe(200)
  sim.upstream('tcp://db1:5432').inject(fault.refuse(), { lasts: '1h' })
  for (let i = 0; i < 4; i++)
    expect((await sim.get('/', { headers: { connection: 'close' } })).status).toBe(200)
  const { endpoints } = await sim.pool('databases')
  expect(endpoints.map(({ ejected }) => ejected !== undefined)).toEqual([true, false])
  const raw = await sim.connect()
  await raw.send('GET /raw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  expect(String((await raw.response()).body)).toBe('ok')
  const last = sim.exchanges.at(-1)!
  expect(sim.explain(last)).toContain('tcp://db2:5432')
  await raw.close()
  await sim.assertNoLeaks()
})

test('by server name, in TLS that ends at the proxy', async () => {
  const byName = tcp()
    .listen({ port: 443, tls: selfSigned({ names: ['a.example'] }), alpn: ['http/1.1'] })
    .sni({ 'a.example': pool(['tcp://a:80']) })
  await using sim = simulate(byName)
  const response = await sim.get('https://a.example/')
  expect(response.status).toBe(200)
  expect(sim.upstream('tcp://a:80').requests).toHaveLength(1)
  await sim.assertNoLeaks()
})

test('a description of the other kind cannot take its place', async () => {
  await using sim = simulate(app)
  await expect(sim.reload(proxy().route('/', () => respond(200)))).rejects.toThrow('one of tcp()')
})
