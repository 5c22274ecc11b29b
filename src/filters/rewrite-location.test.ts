import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { compose } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { endpoint, exchange, simulate } from '../testing/index.ts'
import { rewrite } from './rewrite.ts'
import { type RewriteLocationOptions, rewriteLocation } from './rewrite-location.ts'
import { stripPrefix } from './strip-prefix.ts'

interface Asked {
  readonly options?: RewriteLocationOptions
  readonly url?: string
  readonly strip?: string
  readonly field?: string
}

/** What becomes of an address that an endpoint at http://u1:8080 gives, behind a proxy that strips `/api`. */
async function mapped(address: string, { options, url, strip = '/api', field = 'Location' }: Asked = {}) {
  const one = exchange({ url: url ?? 'http://shop.example/api/users/7?x=1' })
  const serve = compose([rewriteLocation(options), stripPrefix(strip)], (at) => {
    at.endpoint = endpoint({ url: 'http://u1:8080' })
    return respond(302, undefined, [
      ['A', 'b'],
      [field, address],
      ['C', 'd'],
    ])
  })
  const { headers } = await serve(one)
  expect([...headers].map(([name]) => name)).toEqual(['A', field, 'C'])
  return headers.get(field)
}

describe('rewriteLocation', () => {
  test.each([
    ['http://u1:8080/login?next=%2Fa#top', '/api/login?next=%2Fa#top'],
    ['https://u1:8080/login', '/api/login'],
    ['HTTP://U1:8080', '/api/'],
    ['//u1:8080/login', '/api/login'],
    ['http://user:secret@u1:8080/x', '/api/x'],
    ['http://u1/login', 'http://u1/login'],
    ['http://u1:8080//evil.example/x', '/api//evil.example/x'],
    ['http://shop.example/login', 'http://shop.example/api/login'],
    ['http://shop.example:80/login', 'http://shop.example/api/login'],
    ['http://shop.example:8080/login', 'http://shop.example:8080/login'],
    ['https://shop.example/login', 'https://shop.example/api/login'],
    ['/login', '/api/login'],
    ['/', '/api/'],
    ['/api', '/api'],
    ['/api/login', '/api/login'],
    ['/apis', '/api/apis'],
    ['login', '/api/users/login'],
    ['../login', '/api/login'],
    ['../../../login', '/api/login'],
    ['?x=2', '/api/users/7?x=2'],
    ['#top', '/api/users/7?x=1#top'],
    ['', ''],
    ['//evil.example/login', '//evil.example/login'],
    ['/\\evil.example/login', '/\\evil.example/login'],
    ['https:evil.example', 'https:evil.example'],
    ['https://other.example/a b?\u00e9', 'https://other.example/a b?\u00e9'],
    ['http://u1:8080.evil.example/', 'http://u1:8080.evil.example/'],
    ['http://u1:8080@evil.example/', 'http://u1:8080@evil.example/'],
    ['mailto:someone@example.com', 'mailto:someone@example.com'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
    ['http://[', 'http://['],
    // UTF-8 as it comes over the wire, and what is none.
    ['/\u00c3\u00a9', '/api/%C3%A9'],
    ['/\u00e9', '/\u00e9'],
  ])('behind stripPrefix makes of %j %j', async (address, expected) => {
    expect(await mapped(address)).toBe(expected)
  })

  test.each([
    ['http://shop.example/login', '/api/login'],
    ['https://shop.example/login', 'https://shop.example/api/login'],
  ])('for a client with TLS makes of %s %s', async (address, expected) => {
    expect(await mapped(address, { url: 'https://shop.example/api/users' })).toBe(expected)
  })

  test.each([
    ['http://u1:8080/login', '/login'],
    ['http://u1:8080//evil.example/x', '/.//evil.example/x'],
    ['http://shop.example/login', 'http://shop.example/login'],
    ['../a/./b', '../a/./b'],
    ['/a"b', '/a"b'],
  ])('where nothing is taken off makes of %s %s', async (address, expected) => {
    expect(await mapped(address, { strip: '/nothing' })).toBe(expected)
  })

  test.each<[RewriteLocationOptions, string, string]>([
    [{ internal: 'http://users.internal' }, 'https://users.internal/a', '/api/a'],
    [{ internal: ['http://a:1', 'http://b:1'] }, 'http://b:1/a', '/api/a'],
    [{ internal: ['http://a:1'] }, 'http://a:2/a', 'http://a:2/a'],
    [{ publicOrigin: 'https://shop.example' }, 'http://u1:8080/a', 'https://shop.example/api/a'],
    [{ publicOrigin: 'https://shop.example' }, 'http://u1:8080//b/a', 'https://shop.example/api//b/a'],
    [{ publicOrigin: 'https://shop.example/' }, '/a', '/api/a'],
    [{ prefixes: { '/app': '/shop', '/app/x': '/y', '/': '/rest' } }, '/app', '/shop'],
    [{ prefixes: { '/app': '/shop', '/app/x': '/y', '/': '/rest' } }, '/app/', '/shop/'],
    [{ prefixes: { '/app': '/shop', '/app/x': '/y', '/': '/rest' } }, '/app/x/1', '/y/1'],
    [{ prefixes: { '/app': '/shop', '/app/x': '/y', '/': '/rest' } }, '/apps', '/rest/apps'],
    [{ prefixes: { '/app': '/' } }, '/app/x', '/x'],
    [{ prefixes: { '/app/': '/' } }, '/app', '/'],
    [{ prefixes: { '/app': '/' } }, '/other', '/other'],
    [{ prefixes: {} }, '/a', '/a'],
  ])('with %j makes of %s %s', async (options, address, expected) => {
    expect(await mapped(address, { options })).toBe(expected)
  })

  test.each([
    ['http://shop.example/api', '/login', '/api/login'],
    ['http://shop.example/api/', 'login', '/api/login'],
  ])('at the prefix itself, asked for %s, makes of %s %s', async (url, address, expected) => {
    expect(await mapped(address, { url })).toBe(expected)
  })

  test('knows prefixes with parameters', async () => {
    const asked = { url: 'http://shop.example/acme/api/users', strip: '/:tenant/api' }
    expect(await mapped('/login', asked)).toBe('/acme/api/login')
  })

  test('takes no other rewriting for a prefix', async () => {
    const serve = compose([rewriteLocation(), rewrite('/v1', '/v2')], () =>
      respond(302, undefined, { Location: '/v2/b' }),
    )
    expect((await serve(exchange({ url: '/v1/a' }))).headers.get('location')).toBe('/v2/b')
  })

  test.each([
    ['Content-Location', 'http://u1:8080/a', '/api/a'],
    ['Refresh', '5; url=http://u1:8080/a', '5; url=/api/a'],
    ['Refresh', "0;URL='/a'; more", "0;URL='/api/a'; more"],
    ['refresh', '0.5 , url = "/a"', '0.5 , url = "/api/a"'],
    ['Refresh', '5; url=https://other.example/', '5; url=https://other.example/'],
    ['Refresh', '5', '5'],
    ['Refresh', 'soon; url=/a', 'soon; url=/a'],
    ['Link', '</a>; rel=next', '</a>; rel=next'],
  ])('in %s makes of %j %j', async (field, address, expected) => {
    expect(await mapped(address, { field })).toBe(expected)
  })

  test('leaves a foreign address to the byte, and never makes one of another', async () => {
    const hosts = ['u1:8080', 'shop.example', 'other.example', 'u1:8080.evil.example', 'u1:8080@evil.example']
    const address = fc.oneof(
      fc.tuple(
        fc.constantFrom('http://', 'https://', '//', '\\\\', '/\\'),
        fc.constantFrom(...hosts),
        fc.string(),
      ),
      fc.tuple(fc.constantFrom('', '/', './', '..//', '/.', 'http:', '?'), fc.string(), fc.string()),
    )
    await fc.assert(
      fc.asyncProperty(address, async (parts) => {
        const text = parts.join('').replace(/[^\x21-\x7e]/g, '')
        const url = URL.parse(text, 'http://shop.example/users/7')
        const got = (await mapped(text))!
        if (url === null || !['u1:8080', 'shop.example'].includes(url.host)) expect(got).toBe(text)
        else expect(URL.parse(got, 'http://shop.example/api/users/7')?.host).toBe('shop.example')
      }),
    )
  })

  test('in a proxy sends clients where they can go', async () => {
    const app = proxy().route('/api', rewriteLocation(), stripPrefix('/api'), pool(['http://10.0.0.7:8080']))
    await using sim = simulate(app)
    const service = sim.upstream('http://10.0.0.7:8080')
    service.on('GET /old', { status: 302, headers: { Location: 'http://10.0.0.7:8080/new' } })
    service.on('GET /new', { body: 'new' })
    const { headers } = await sim.get('/api/old')
    expect(headers.get('location')).toBe('/api/new')
    expect((await sim.get(headers.get('location')!)).text()).toBe('new')
    await sim.assertNoLeaks()
  })

  test.each<[object, string]>([
    [{ origins: [] }, '"origins" must be one of the options'],
    [{ internal: 'users.internal' }, '"internal" must be an origin'],
    [{ internal: [7] }, '"internal" must be an origin'],
    [{ internal: 'http://a/b' }, '"internal" must be an origin'],
    [{ internal: 'http://a@b' }, '"internal" must be an origin'],
    [{ publicOrigin: '/' }, '"publicOrigin" must be an origin'],
    [{ prefixes: '/api' }, '"prefixes" must be an object'],
    [{ prefixes: ['/api'] }, '"prefixes" must be an object'],
    [{ prefixes: { api: '/' } }, '"prefixes" must be paths'],
    [{ prefixes: { '/': '/a/../b' } }, '"prefixes" must be paths'],
    [{ prefixes: { '/': '//evil.example' } }, '"prefixes" must be paths'],
  ])('refuses %j', (options, message) => {
    expect(() => rewriteLocation(options as RewriteLocationOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
