import { expect, test } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { HeaderList } from '../core/headers.ts'
import { exchange } from './exchange.ts'
import { virtualClock } from './virtual-clock.ts'

test('exchange is a GET of / from an example address by default', () => {
  const { request, client, id } = exchange()
  expect(request).toMatchObject({
    method: 'GET',
    target: '/',
    host: 'example.com',
    scheme: 'http',
    version: '1.1',
  })
  expect([...request.headers]).toEqual([['Host', 'example.com']])
  expect(client).toMatchObject({ address: '192.0.2.1', scheme: 'http', localPort: 80, tls: undefined })
  expect(client.peer).toEqual({ address: '192.0.2.1', port: 50_000 })
  expect(id).toBe('test-exchange')
})

test('exchange takes a path with a query, or an absolute URL', () => {
  const byPath = exchange({ url: '/users/1?full=1', headers: { Host: 'API.example:8080' } })
  expect(byPath.request).toMatchObject({ path: '/users/1', query: 'full=1', host: 'api.example:8080' })
  expect(byPath.client.localPort).toBe(8080)

  const absolute = exchange({ url: 'https://Shop.example?q=1' })
  expect(absolute.request).toMatchObject({ target: '/?q=1', host: 'shop.example', scheme: 'https' })
  expect(absolute.client).toMatchObject({ scheme: 'https', localPort: 443 })
  expect(absolute.client.tls?.servername).toBe('Shop.example')

  for (const url of ['users', 'ftp://a/', '/a b', '/a#b', ''])
    expect(() => exchange({ url })).toThrow('exchange: "url"')
})

test('exchange frames a body as a client would', async () => {
  const posted = exchange({ json: { a: 1 } })
  expect(posted.request.method).toBe('POST')
  expect([...posted.request.headers]).toEqual([
    ['Host', 'example.com'],
    ['Content-Type', 'application/json'],
    ['Content-Length', '7'],
  ])
  expect(await posted.request.body.json()).toEqual({ a: 1 })

  const streamed = exchange({ method: 'PUT', body: [Buffer.from('ab')], headers: { 'X-A': '1' } })
  expect([...streamed.request.headers]).toEqual([
    ['Host', 'example.com'],
    ['X-A', '1'],
    ['Transfer-Encoding', 'chunked'],
  ])
  expect(
    exchange({ body: 'x', headers: { 'content-length': '9' } }).request.headers.getAll('content-length'),
  ).toEqual(['9'])
  expect(() => exchange({ body: 'x', json: 1 })).toThrow('"json"')
})

test('exchange does not touch the headers it was given', () => {
  const given = HeaderList.from({ 'X-A': '1' })
  exchange({ headers: given, body: 'x' })
  expect(given.size).toBe(1)
})

test('exchange takes a client as an address or in parts', () => {
  expect(exchange({ client: '203.0.113.9' }).client.peer.address).toBe('203.0.113.9')
  const behindProxy = exchange({ client: { address: '203.0.113.9', peer: { address: '10.0.0.1', port: 1 } } })
  expect(behindProxy.client).toMatchObject({ address: '203.0.113.9', peer: { address: '10.0.0.1' } })
  expect(() => exchange({ client: { adress: 'x' } as object })).toThrow('"adress"')
})

test('exchange records interim responses, for versions that have them', () => {
  const one = exchange()
  const headers = HeaderList.from({ Link: '</a.css>' })
  one.inform(103, headers)
  headers.set('Link', 'changed')
  expect(one.informational.map(({ status, headers: h }) => [status, h.get('link')])).toEqual([
    [103, '</a.css>'],
  ])

  const old = exchange({ version: '1.0' })
  old.inform(103, headers)
  expect(old.informational).toEqual([])
})

test('exchange finish ends it once, and says how', async () => {
  const clock = virtualClock()
  const it = exchange({ clock, body: 'four' })
  const seen: unknown[] = []
  it.onComplete((outcome) => seen.push(outcome))
  await clock.advance(250)
  expect(it.outcome).toBeUndefined()
  const outcome = it.finish({ status: 204 })
  expect(it.finish({ status: 500 })).toBe(outcome)
  expect(it.outcome).toBe(outcome)
  expect(seen).toEqual([
    { result: 'completed', status: 204, error: undefined, durationMs: 250, bytesSent: 0, bytesReceived: 4 },
  ])
})

test('exchange finish tells a failure from a client that left', () => {
  const failed = exchange().finish({ error: new ProxyError('upstream_refused') })
  expect(failed).toMatchObject({ result: 'failed', status: 502, error: { code: 'upstream_refused' } })

  const left = exchange()
  left.abort(new ProxyError('client_aborted'))
  expect(left.finish()).toMatchObject({
    result: 'aborted',
    status: undefined,
    error: { code: 'client_aborted' },
  })
})

test('exchange finish throws what listeners threw', () => {
  const it = exchange()
  it.onComplete(() => {
    throw new Error('listener')
  })
  expect(() => it.finish()).toThrow(AggregateError)
})
