import { pool, proxy } from 'gatewright'
import { dns } from 'gatewright/discovery'
import { fakeUpstream } from 'gatewright/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemNameService } from '../../src/discovery/name-service.ts'
import { NameServer } from './name-server.ts'

const server = new NameServer()
let address: string
beforeAll(async () => {
  address = await server.start()
})
afterAll(() => server.close())

describe('the name service of the system', () => {
  const { signal } = new AbortController()

  test('tells addresses with the time that they hold', async () => {
    const names = systemNameService([address])
    server.zone['A both.test'] = [
      { ttl: 7, address: '127.0.0.1' },
      { ttl: 9, address: '127.0.0.2' },
    ]
    server.zone['AAAA both.test'] = [{ ttl: 8, address: 'fd00::1:2' }]
    expect(await names.addresses('both.test', 4, signal)).toEqual([
      { address: '127.0.0.1', ttlMs: 7_000 },
      { address: '127.0.0.2', ttlMs: 9_000 },
    ])
    expect(await names.addresses('both.test', 6, signal)).toEqual([{ address: 'fd00::1:2', ttlMs: 8_000 }])
  })

  test('tells services', async () => {
    const names = systemNameService([address])
    const record = { priority: 1, weight: 0, port: 8080, host: 'both.test' }
    server.zone['SRV _http._tcp.both.test'] = [{ ttl: 60, ...record }]
    expect(await names.services('_http._tcp.both.test', signal)).toEqual([record])
  })

  test('takes a name that is not there, or has nothing of the kind, for an empty answer', async () => {
    const names = systemNameService([address])
    server.zone['A nobody.test'] = 'nxdomain'
    server.zone['A nothing.test'] = []
    expect(await names.addresses('nobody.test', 4, signal)).toEqual([])
    expect(await names.addresses('nothing.test', 4, signal)).toEqual([])
  })

  test('fails where the server fails', async () => {
    server.zone['A broken.test'] = 'servfail'
    await expect(systemNameService([address]).addresses('broken.test', 4, signal)).rejects.toMatchObject({
      code: 'ESERVFAIL',
    })
  })

  test('is given up with its signal', async () => {
    server.zone['A silent.test'] = 'silence'
    const controller = new AbortController()
    const answer = systemNameService([address]).addresses('silent.test', 4, controller.signal)
    const asked = server.question()
    await asked
    controller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'ECANCELLED' })
  })
})

test('dns follows a real name server', async () => {
  await using one = await fakeUpstream({ socket: true }).reply({ body: 'one' }).start()
  await using two = await fakeUpstream({ socket: true }).reply({ body: 'two' }).start()
  const srv = (port: number) => [{ ttl: 60, priority: 0, weight: 5, port, host: 'host.test' }]
  server.zone['A host.test'] = [{ ttl: 0, address: '127.0.0.1' }]
  server.zone['SRV _http._tcp.users.test'] = srv(one.port)
  const source = dns({ service: '_http._tcp.users.test', servers: [address], minMs: 50, jitter: 0 })
  const users = pool(source, { name: 'users' })
  await using running = await proxy().listen(0).route('/', users).start({ signals: false })
  const events = running.pool('users').events[Symbol.asyncIterator]()
  const added = async () => {
    for (;;) {
      const { value } = await events.next()
      if (value?.kind === 'added') return value.url
    }
  }
  const [first] = running.pool('users').endpoints
  expect(first?.url ?? (await added())).toBe(one.url)
  const body = async () => (await fetch(running.url)).text()
  expect(await body()).toBe('one')
  server.zone['SRV _http._tcp.users.test'] = srv(two.port)
  expect(await added()).toBe(two.url)
  expect(await body()).toBe('two')
})
