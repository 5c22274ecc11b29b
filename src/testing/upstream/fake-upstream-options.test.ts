import { connect as connectTcp } from 'node:net'
import { connect } from 'node:tls'
import { expect, test } from 'vitest'
import { pool, proxy, selfSigned } from '../../index.ts'
import { memoryNetwork } from '../network/memory-network.ts'
import { rawClient } from '../network/raw-client.ts'
import { fakeUpstream } from './fake-upstream.ts'
import { fault } from './fault.ts'
import { localhostCertificate } from './upstream-certificate.ts'

test('fakeUpstream wants to know where it is, and names both ways', () => {
  const call = fakeUpstream as (options?: object) => unknown
  const both = 'given, as in { network: memoryNetwork() }; or say { socket: true } for a real socket'
  expect(() => call()).toThrow(both)
  expect(() => call({ host: 'a' })).toThrow(both)
  expect(() => call({ socket: false })).toThrow(both)
  expect(() => call({ network: memoryNetwork(), socket: true })).toThrow('"socket" must be left out')
  expect(() => call({ socket: true, keepRequest: 1 })).toThrow('did you mean "keepRequests"')
  expect(() => call({ socket: true, port: -1 })).toThrow('"port"')
  expect(() => call({ socket: true, keepRequests: 1.5 })).toThrow('"keepRequests"')
  expect(() => call({ socket: true, tls: false })).toThrow('"tls" must be true, or { key, cert }')
  expect(() => call({ socket: true, tls: { key: 'x' } })).toThrow('"tls.cert"')
  expect(() => call({ network: memoryNetwork(), tls: { key: 'x', cert: 'x' } })).toThrow('"tls" must be true')
})

test('fakeUpstream refuses wrong options in types too', () => {
  const network = memoryNetwork()
  // @ts-expect-error neither
  expect(() => fakeUpstream({})).toThrow()
  // @ts-expect-error both
  expect(() => fakeUpstream({ network, socket: true })).toThrow()
  // @ts-expect-error a certificate in memory
  expect(() => fakeUpstream({ network, tls: { key: '', cert: '' } })).toThrow()
})

const given = selfSigned()

test.each([
  ['its own certificate', true as const],
  ['a given one', given],
])('fakeUpstream listens for TLS with %s', async (_, tls) => {
  await using upstream = await fakeUpstream({ socket: true, tls }).reply({ body: 'safe' }).start()
  expect(upstream.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  const text = await new Promise<string>((resolve, reject) => {
    let all = ''
    const socket = connect(
      { port: upstream.port, host: '127.0.0.1', ca: upstream.certificate!, servername: 'localhost' },
      () => socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    )
    socket.on('data', (bytes: Buffer) => {
      all += bytes.toString()
    })
    socket.on('end', () => resolve(all))
    socket.on('error', reject)
  })
  expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsafe')
  await upstream.when((it) => it.connections === 0)
})

test('fakeUpstream resets over TLS behind the bytes it was told', async () => {
  await using upstream = await fakeUpstream({ socket: true, tls: true }).start()
  upstream.inject(fault.resetAfterBytes(12))
  let all = ''
  const error = await new Promise<NodeJS.ErrnoException>((resolve, reject) => {
    const socket = connect({ port: upstream.port, host: '127.0.0.1', ca: upstream.certificate! }, () =>
      socket.write('GET / HTTP/1.1\r\n\r\n'),
    )
    socket.on('data', (bytes: Buffer) => {
      all += bytes.toString()
    })
    socket.on('error', resolve)
    socket.on('end', () => reject(new Error('an orderly end')))
  })
  expect(error.code).toBe('ECONNRESET')
  expect(all).toBe('HTTP/1.1 200')
})

test('fakeUpstream closes although a client has not finished the handshake', async () => {
  const upstream = await fakeUpstream({ socket: true, tls: true }).start()
  const socket = connectTcp(upstream.port, '127.0.0.1')
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.on('connect', () => resolve()))
  const nonsense = connectTcp(upstream.port, '127.0.0.1')
  nonsense.on('error', () => {})
  nonsense.write('GET / HTTP/1.1\r\n\r\n')
  await new Promise<void>((resolve) => nonsense.on('close', () => resolve()).resume())
  await upstream.close()
  await ended
  expect(upstream).toMatchObject({ totalConnections: 0, errors: [] })
})

test('a pool reaches a fake upstream over TLS with the certificate it shows', async () => {
  await using upstream = await fakeUpstream({ socket: true, tls: true, host: 'localhost' })
    .reply({ body: 'safe' })
    .start()
  const running = await proxy()
    .listen(0)
    .route('/', pool([upstream.url], { tls: { ca: upstream.certificate } }))
    .start({ signals: false })
  const response = await fetch(running.url)
  expect([response.status, await response.text()]).toEqual([200, 'safe'])
  await running.close()
})

test('fakeUpstream in memory pretends TLS', async () => {
  const network = memoryNetwork()
  await using upstream = await fakeUpstream({ network, host: 'users', port: 443, tls: true }).start()
  expect(upstream.url).toBe('https://users:443')
  expect(upstream.certificate).toBe(localhostCertificate().cert)
  await using plain = await fakeUpstream({ network }).start()
  expect(plain.certificate).toBeUndefined()
})

test('fakeUpstream keeps as many requests as it is told, and counts all', async () => {
  const network = memoryNetwork()
  await using upstream = await fakeUpstream({ network, keepRequests: 2 }).start()
  const client = await rawClient(network, upstream.url)
  for (const path of ['/1', '/2', '/3']) {
    await client.send(`GET ${path} HTTP/1.1\r\n\r\n`)
    await client.response()
  }
  expect(upstream.requests.map(({ target }) => target)).toEqual(['/2', '/3'])
  expect(upstream.totalRequests).toBe(3)
  await client.close()
})

test.each([
  ['in memory', () => fakeUpstream({ network: memoryNetwork() })],
  ['on a socket', () => fakeUpstream({ socket: true })],
])('fakeUpstream can be started again after its close, and not before: %s', async (_, make) => {
  const upstream = make()
  await upstream.start()
  await expect(upstream.start()).rejects.toThrow('it is started already')
  upstream.outage({ lasts: '1h' })
  await upstream.close()
  expect(() => upstream.port).toThrow('call start() first')
  await using again = await upstream.start()
  expect(again.port).toBeGreaterThan(0)
})
