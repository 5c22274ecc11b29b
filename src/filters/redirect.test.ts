import { describe, expect, it } from 'vitest'

import type { Handler } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import { exchange } from '../testing/exchange.ts'
import { redirect } from './redirect.ts'

describe('redirect', () => {
  it.each<[to: string, target: string, params: Record<string, string>, location: string]>([
    ['/new', '/old', {}, '/new'],
    ['/new', '/old?a=1', {}, '/new?a=1'],
    ['/new?b=2', '/old?a=1', {}, '/new?b=2'],
    ['/new#part', '/old?a=1', {}, '/new?a=1#part'],
    ['https://example.com', '/old?a=1', {}, 'https://example.com/?a=1'],
    ['https://example.com:8443/x', '/old', {}, 'https://example.com:8443/x'],
    ['http://[::1]:80/x', '/old', {}, 'http://[::1]:80/x'],
    ['/new/:id', '/old/7', { id: '7' }, '/new/7'],
    ['/new/:id.html', '/old/7', { id: '7' }, '/new/7.html'],
    ['/new/:id', '/old/x', { id: 'a/b?c#d e' }, '/new/a%2Fb%3Fc%23d%20e'],
    ['/new/*', '/old/a/b', { '*': 'a/b c' }, '/new/a/b%20c'],
    ['/new/*rest', '/old/a/b', { rest: 'a/b' }, '/new/a/b'],
    ['/find?q=:q', '/old/x', { q: 'a&b=c/d' }, '/find?q=a%26b%3Dc%2Fd'],
    ['https://example.com/:id', '/old/x', { id: '@evil.example' }, 'https://example.com/%40evil.example'],
    // None of these may name another host.
    ['/*', '/x', { '*': '/evil.example' }, '/evil.example'],
    ['/:id', '/x', { id: '/evil.example' }, '/%2Fevil.example'],
    ['/*', '/x', { '*': '\\evil.example' }, '/%5Cevil.example'],
    ['/:id', '/x', { id: '\r\nSet-Cookie: a=b' }, '/%0D%0ASet-Cookie%3A%20a%3Db'],
  ])('to %s from %s with %j: %s', async (to, target, params, location) => {
    const response = await answer(redirect(to), target, params)
    expect(response.headers.get('location')).toBe(location)
    expect(response.status).toBe(308)
  })

  it.each([301, 302, 303, 307, 308] as const)('answers %d where told to', async (status) => {
    expect((await answer(redirect('/new', { status }), '/old')).status).toBe(status)
  })

  it('leaves the query out where told to', async () => {
    const response = await answer(redirect('/new', { preserveQuery: false }), '/old?a=1')
    expect(response.headers.get('location')).toBe('/new')
  })

  it('takes a function', async () => {
    const handler = redirect(({ request }) => `https://${request.host}${request.path}`)
    const response = await answer(handler, '/x?a=1')
    expect(response.headers.get('location')).toBe('https://example.com/x?a=1')
  })

  it.each(['/a\r\nSet-Cookie: a=b', '/a b', '', undefined, '/é'])(
    'refuses a function that returns %j',
    (location) => {
      const handler = redirect(() => location as string)
      expect(() => answer(handler, '/')).toThrow(/returns a percent-encoded address/)
    },
  )

  it('refuses a parameter that the route does not have', () => {
    expect(() => answer(redirect('/:id'), '/x')).toThrow(/parameters of the route only, not "id"/)
  })

  it('answers 400 to a path that would be unsafe', () => {
    expect(() => answer(redirect('/x/*'), '/x', { '*': '../../..' })).toThrow(
      expect.objectContaining({ code: 'request_malformed' }),
    )
  })

  it.each<[to: unknown, message: RegExp]>([
    ['new', /"to" must be a path/],
    ['//evil.example/', /"to" must be a path/],
    ['/\\evil.example/', /"to" must be a path/],
    ['javascript:alert(1)', /"to" must be a path/],
    ['https://:tenant.example.com/', /holds no parameters/],
    ['https://*.example.com/', /holds no parameters/],
    ['https://user@example.com/', /whose host is a host/],
    ['https://a b/', /whose host is a host/],
    [undefined, /"to" must be a path/],
  ])('refuses %j', (to, message) => {
    expect(() => redirect(to as string)).toThrow(message)
  })

  it('refuses a status that does not redirect', () => {
    expect(() => redirect('/x', { status: 304 as 301 })).toThrow(/"status" must be 301, 302, 303, 307 or 308/)
  })
})

function answer(
  handler: Handler,
  target: string,
  params: Record<string, string> = {},
): ResponseMessage | Promise<ResponseMessage> {
  const served = exchange({ url: target, headers: { Host: 'example.com' }, params })
  return handler(served)
}
