import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Filter } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { normalizePath } from '../core/path.ts'
import { exchange } from '../testing/exchange.ts'
import { rewrite } from './rewrite.ts'

describe('rewrite', () => {
  it.each<[from: string, to: string, target: string, seen: string]>([
    ['/v1', '/v2', '/v1/users/7?x=1', '/v2/users/7?x=1'],
    ['/v1', '/v2', '/v1', '/v2'],
    ['/v1', '/v2', '/v1/', '/v2/'],
    ['/v1', '/v2', '/v10', '/v10'],
    ['/v1', '/', '/v1/users', '/users'],
    ['/v1', '/', '/v1', '/'],
    ['/', '/base', '/x', '/base/x'],
    ['/u/:id', '/users/:id', '/u/7', '/users/7'],
    ['/u/:id', '/users/:id', '/u/7/posts', '/users/7/posts'],
    ['/u/:id/*', '/users/:id/files/*', '/u/7/a/b/', '/users/7/files/a/b/'],
    ['/u/:id/*', '/users/:id', '/u/7/a/b', '/users/7'],
    ['/f/*path', '/g/*path', '/f/a/b', '/g/a/b'],
    ['/f/*path', '/g/:path', '/f/a/b', '/g/a/b'],
    ['/:a/:b', '/:b/:a', '/x/y', '/y/x'],
    ['/:id', '/:id.json', '/7', '/7.json'],
    ['/:id', '/x-:id-y', '/7', '/x-7-y'],
    ['/u/:id', '/users/:id', '/u/a%2Fb%20c', '/users/a%2Fb%20c'],
    ['/@me', '/users/self', '/%40me/x', '/users/self/x'],
    ['/a', '/é', '/a', '/%C3%A9'],
  ])('from %s to %s: %s becomes %s', async (from, to, target, seen) => {
    expect(await targetAfter(rewrite(from, to), target)).toBe(seen)
  })

  it('takes a function, which gets values as they stand in the path', async () => {
    const filter = rewrite('/u/:id', ({ id }, { request }) => `/${request.method}/${id}`)
    expect(await targetAfter(filter, '/u/a%2Fb/more?x')).toBe('/GET/a%2Fb?x')
  })

  it('normalizes what it makes', async () => {
    expect(
      await targetAfter(
        rewrite('/a', () => '/b//../%63'),
        '/a',
      ),
    ).toBe('/c')
  })

  it('answers 400 to a path that would be unsafe', async () => {
    await expect(targetAfter(rewrite('/:a', '/x/.:a'), '/;x')).rejects.toMatchObject({
      code: 'request_malformed',
    })
  })

  it('makes paths that are normalized and stay below the literal part', async () => {
    const piece = fc.constantFrom('/', 'a', '.', '..', '%2f', '%2e', ';', '%5c', '%00', 'x')
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (parts) => {
        const path = normalizePath(`/in/${parts.join('')}`)
        if (path === undefined) return
        const seen = await targetAfter(rewrite('/in/:a', '/out/:a'), path)
        expect(normalizePath(seen)).toBe(seen)
        if (/^\/in\/./.test(path)) expect(seen).toMatch(/^\/out\/./)
      }),
    )
  })

  it.each<[from: string, to: unknown, message: RegExp]>([
    ['a', '/b', /"from" must be a path/],
    ['/a', 'b', /"to" must be a path that begins with "\/"/],
    ['/a', '/b?x', /"to" must be a path/],
    ['/a', '/:id', /parameters of "from" only, not "id"/],
    ['/a', '/b/*', /parameters of "from" only, not "\*"/],
    ['/a', '/../b', /a path that a request can have/],
    ['/a', '/b\\c', /a path that a request can have/],
    ['/a', 7, /"to" must be a path/],
  ])('refuses from %s to %s', (from, to, message) => {
    expect(() => rewrite(from, to as string)).toThrow(message)
  })

  it.each(['b', '/../../b', '/a?b', '/a b', undefined])(
    'refuses a function that returns %s',
    async (made) => {
      await expect(
        targetAfter(
          rewrite('/a', () => made as string),
          '/a',
        ),
      ).rejects.toThrow(/a function that returns/)
    },
  )
})

async function targetAfter(filter: Filter, target: string): Promise<string> {
  let seen = ''
  await filter(exchange({ url: target }), (it) => {
    seen = it.request.target
    return respond(200)
  })
  return seen
}
