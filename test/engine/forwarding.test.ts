import { describe, expect, it } from 'vitest'
import { onResponse, respond } from '../../src/index.ts'
import { client, type GatewayOptions, gateway, OK, rawUpstream } from './support.ts'

/** What the upstream gets of a request with these fields, as a list of fields; `{port}` stands for the proxy's port. */
async function passedOn(
  fields: string,
  options: GatewayOptions = {},
  start = 'GET / HTTP/1.1\r\nHost: shop.example',
) {
  const upstream = await rawUpstream()
  const app = await gateway(upstream, options)
  const from = await client(app)
  await from.send(`${start}\r\n${fields}\r\n`)
  const peer = await upstream.accept()
  const request = await peer.request()
  await peer.send(OK)
  expect((await from.response()).status).toBe(200)
  const port = new URL(app.url).port
  const upstreamPort = String(upstream.port)
  const named = (name: string) =>
    request.headers
      .filter(([it]) => it.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value.replace(port, '{port}').replace(upstreamPort, '{upstream}'))
  return named
}

describe('without trusted proxies', () => {
  it('the peer is the client, and what was sent of it is replaced', async () => {
    const named = await passedOn('X-Forwarded-For: 9.9.9.9, 8.8.8.8\r\nForwarded: for=9.9.9.9\r\n')
    expect(named('x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(named('x-forwarded-proto')).toEqual(['http'])
    expect(named('x-forwarded-host')).toEqual(['shop.example'])
    expect(named('x-forwarded-port')).toEqual(['{port}'])
    expect(named('forwarded')).toEqual([])
    expect(named('via')).toEqual(['1.1 gatewright'])
  })

  it('Forwarded is written when asked for, X-Forwarded-* is not when not', async () => {
    const named = await passedOn('Forwarded: for=9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\n', {
      pool: { forwarded: true, xForwarded: false },
    })
    expect(named('forwarded')).toEqual(['for=127.0.0.1;host="shop.example";proto=http'])
    expect(named('x-forwarded-for')).toEqual([])
  })

  it('Via is added behind the ones there are; false sends none of our own', async () => {
    expect((await passedOn('Via: 1.0 fred, 1.1 p.example\r\n'))('via')).toEqual([
      '1.0 fred, 1.1 p.example',
      '1.1 gatewright',
    ])
    expect((await passedOn('', { pool: { via: false } }))('via')).toEqual([])
    expect((await passedOn('', { pool: { via: 'edge-1' } }))('via')).toEqual(['1.1 edge-1'])
  })
})

describe('with trusted proxies', () => {
  it('the chain is continued, not begun anew', async () => {
    const named = await passedOn(
      'X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 443\r\n',
      { trustedProxies: ['loopback'] },
      'GET / HTTP/1.1\r\nHost: inner',
    )
    expect(named('x-forwarded-for')).toEqual(['203.0.113.7, 127.0.0.1'])
    expect(named('x-forwarded-proto')).toEqual(['https'])
    expect(named('x-forwarded-host')).toEqual(['shop.example'])
    expect(named('x-forwarded-port')).toEqual(['443'])
    expect(named('host')).toEqual(['inner'])
  })

  it('Forwarded is continued', async () => {
    const named = await passedOn('Forwarded: for=203.0.113.7;proto=https\r\n', {
      trustedProxies: ['loopback'],
      trustedField: 'forwarded',
      pool: { forwarded: true },
    })
    expect(named('forwarded')).toEqual([
      'for=203.0.113.7;proto=https, for=127.0.0.1;host="shop.example";proto=https',
    ])
  })

  for (const [name, fields, address, port] of [
    ['one hop', 'X-Forwarded-For: 203.0.113.7', '203.0.113.7', 0],
    ['several trusted hops', 'X-Forwarded-For: 203.0.113.7, 10.0.0.3, 10.0.0.2', '203.0.113.7', 0],
    [
      'a spoofed left part: the right-most address that is not trusted counts',
      'X-Forwarded-For: 1.1.1.1, 10.9.9.9, 203.0.113.7, 10.0.0.2',
      '203.0.113.7',
      0,
    ],
    [
      'several lines',
      'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 10.0.0.2',
      '203.0.113.7',
      0,
    ],
    ['only trusted hops: the left-most', 'X-Forwarded-For: 10.0.0.4, 10.0.0.2', '10.0.0.4', 0],
    ['IPv6', 'X-Forwarded-For: 2001:db8::1', '2001:db8::1', 0],
    ['IPv6 with a port', 'X-Forwarded-For: [2001:db8::1]:4711', '2001:db8::1', 4711],
    ['IPv4 with a port', 'X-Forwarded-For: 203.0.113.7:4711, 10.0.0.2:99', '203.0.113.7', 4711],
    ['IPv4 in IPv6', 'X-Forwarded-For: 203.0.113.7, ::ffff:10.0.0.2', '203.0.113.7', 0],
    ['junk ends the walk', 'X-Forwarded-For: 203.0.113.7, junk, 10.0.0.2', '10.0.0.2', 0],
    ['an empty field', 'X-Forwarded-For: ', '127.0.0.1', undefined],
    ['Forwarded', 'Forwarded: for=203.0.113.7, for=10.0.0.2', '203.0.113.7', 0],
    [
      'Forwarded with IPv6 and a port',
      'Forwarded: For="[2001:db8::1]:4711";proto=https',
      '2001:db8::1',
      4711,
    ],
    [
      'an obfuscated identifier ends the walk',
      'Forwarded: for=1.1.1.1, for=_secret, for=10.0.0.2',
      '10.0.0.2',
      0,
    ],
    ['"unknown" ends the walk', 'Forwarded: for=1.1.1.1, for=unknown', '127.0.0.1', undefined],
    [
      'a quoted comma does not begin an element',
      'Forwarded: for=203.0.113.7;by="a, for=1.1.1.1"',
      '203.0.113.7',
      0,
    ],
    ['a quote that does not close', 'Forwarded: for="203.0.113.7', '127.0.0.1', undefined],
  ] as const) {
    it(`the client is: ${name}`, async () => {
      const app = await gateway(await rawUpstream(), {
        trustedProxies: ['loopback', '10.0.0.0/8'],
        trustedField: fields.startsWith('Forwarded') ? 'forwarded' : 'x-forwarded-for',
        target: ({ client: it }) => respond(200, JSON.stringify([it.address, it.port, it.peer.port])),
      })
      const from = await client(app)
      await from.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`)
      const [foundAddress, foundPort, peerPort] = JSON.parse((await from.response()).body.toString())
      expect(foundAddress).toBe(address)
      expect(foundPort).toBe(port ?? peerPort)
    })
  }

  it('the field that trusted proxies do not write is the client talking, and counts for nothing', async () => {
    const both = 'Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 203.0.113.7, 10.0.0.2\r\n'
    const options = { trustedProxies: ['loopback', '10.0.0.0/8'], pool: { forwarded: true } }
    const named = await passedOn(both, options)
    expect(named('x-forwarded-for')).toEqual(['203.0.113.7, 10.0.0.2, 127.0.0.1'])
    expect(named('forwarded')).toEqual([
      'for=203.0.113.7, for=10.0.0.2, for=127.0.0.1;host="shop.example";proto=http',
    ])
    const other = await passedOn(both, { ...options, trustedField: 'forwarded' })
    expect(other('x-forwarded-for')).toEqual(['6.6.6.6, 127.0.0.1'])
  })

  it('the scheme comes from the trusted proxy; a scheme that is none does not', async () => {
    const app = await gateway(await rawUpstream(), {
      trustedProxies: ['127.0.0.1'],
      target: ({ request, client: it }) => respond(200, `${request.scheme} ${it.scheme}`),
    })
    const from = await client(app)
    for (const [value, scheme] of [
      ['https', 'https'],
      ['HTTPS', 'https'],
      ['gopher', 'http'],
    ]) {
      await from.send(`GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: ${value}\r\n\r\n`)
      expect((await from.response()).body.toString()).toBe(`${scheme} ${scheme}`)
    }
  })

  it('a client of an untrusted peer cannot speak for others', async () => {
    const app = await gateway(await rawUpstream(), {
      trustedProxies: ['10.0.0.0/8'],
      target: ({ client: it }) => respond(200, it.address),
    })
    const from = await client(app)
    await from.send(
      'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n\r\n',
    )
    expect((await from.response()).body.toString()).toBe('127.0.0.1')
  })
})

describe('Host', () => {
  it('is preserved by default', async () => {
    expect((await passedOn(''))('host')).toEqual(['shop.example'])
  })
  it('is that of the endpoint when asked for', async () => {
    const named = await passedOn('', { pool: { host: 'endpoint' } })
    expect(named('host')).toEqual(['127.0.0.1:{upstream}'])
    expect(named('x-forwarded-host')).toEqual(['shop.example'])
  })
  it('is a fixed one when given', async () => {
    expect((await passedOn('', { pool: { host: 'inner.example:81' } }))('host')).toEqual(['inner.example:81'])
  })
  it('stands first, once', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send('GET / HTTP/1.1\r\nA: 1\r\nhost: a\r\nB: 2\r\n\r\n')
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.headers.slice(0, 3)).toEqual([
      ['Host', 'a'],
      ['A', '1'],
      ['B', '2'],
    ])
    await peer.send(OK)
    await from.response()
  })
})

describe('fields', () => {
  it('keep their order, their case and their lines', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send(
      'GET / HTTP/1.1\r\nHost: a\r\nx-B: 2\r\nX-a: 1\r\nx-b: 3\r\nCookie: a=1\r\nCookie: b=2\r\nX-Latin: \xe9\r\n\r\n',
    )
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.headers.slice(1, 7)).toEqual([
      ['x-B', '2'],
      ['X-a', '1'],
      ['x-b', '3'],
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
      ['X-Latin', '\xe9'],
    ])
    await peer.send(
      'HTTP/1.1 200 Very Good\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\nX-Empty:\r\n\r\n',
    )
    const response = await from.response()
    expect(response.startLine).toBe('HTTP/1.1 200 Very Good')
    expect(response.headers.filter(([name]) => name !== 'Date')).toEqual([
      ['set-cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['X-Empty', ''],
      ['Content-Length', '0'],
    ])
  })

  it('Date is added where it is missing, and not where it is there', async () => {
    const upstream = (await rawUpstream()).answer(({ target }) =>
      target === '/'
        ? OK
        : `HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n`,
    )
    const from = await client(await gateway(upstream))
    await from.send('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await from.response()).header('date')).toMatch(/ GMT$/)
    const second = await from.response()
    expect(second.headers.filter(([name]) => name.toLowerCase() === 'date')).toEqual([
      ['Date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ])
  })
})

it('a reason phrase of a filter cannot begin another field', async () => {
  const upstream = (await rawUpstream()).answer(() => OK)
  const app = await gateway(upstream, {
    filters: [
      onResponse((response) => {
        response.reason = 'Fine\r\nSet-Cookie: a=b'
      }),
    ],
  })
  const from = await client(app)
  await from.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const response = await from.response()
  expect(response.startLine).toBe('HTTP/1.1 200 OK')
  expect(response.header('set-cookie')).toBeUndefined()
})

it('a proxy that is its own upstream stops at 508', async () => {
  const { pool, proxy } = await import('../../src/index.ts')
  const app = await gateway(await rawUpstream())
  const circle = proxy()
    .listen({ port: 0 })
    .route('/', pool([app.url]))
  await app.running.reload(circle)
  const from = await client(app)
  await from.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const response = await from.response()
  expect(response.status).toBe(508)
  expect(response.header('proxy-status')).toContain('proxy_loop_detected')
})
