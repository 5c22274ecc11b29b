import { describe, expect, it } from 'vitest'

import { respond } from '../core/message.ts'
import { exchange } from '../testing/exchange.ts'
import { stripPrefix } from './strip-prefix.ts'

describe('stripPrefix', () => {
  it.each<[prefix: string, target: string, seen: string]>([
    ['/api', '/api', '/'],
    ['/api', '/api/', '/'],
    ['/api', '/api/users', '/users'],
    ['/api', '/api/users/?a=/api', '/users/?a=/api'],
    ['/api', '/api?x=1', '/?x=1'],
    ['/api', '/apix', '/apix'],
    ['/api', '/x/api', '/x/api'],
    ['/api', '/API/x', '/API/x'],
    ['/api/', '/api/x', '/x'],
    ['/a/b', '/a/b/c', '/c'],
    ['/a/b', '/a/bc', '/a/bc'],
    ['/:tenant/api', '/acme/api/x', '/x'],
    ['/@me', '/%40me/x%2Fy', '/x%2Fy'],
    ['/', '/x', '/x'],
    // Not normalized, as an earlier filter may leave it: no "//evil", which would name a host.
    ['/api', '/api//evil.example', '/evil.example'],
    ['/api', '/api%2F/x', '/api%2F/x'],
  ])('%s off %s leaves %s', async (prefix, target, seen) => {
    expect(await targetAfter(stripPrefix(prefix), target)).toBe(seen)
  })

  it('ignores case where told to, and leaves the case of the rest', async () => {
    expect(await targetAfter(stripPrefix('/Api', { caseSensitive: false }), '/aPI/X')).toBe('/X')
  })

  it('leaves OPTIONS * alone', async () => {
    expect(await targetAfter(stripPrefix('/api'), '*')).toBe('*')
  })

  it('refuses a prefix that is none', () => {
    expect(() => stripPrefix('api')).toThrow(/"prefix" must be a path that begins with "\/"/)
    expect(() => stripPrefix('/a/*')).toThrow(/without "\*"/)
    expect(() => stripPrefix('/a', { case: true } as never)).toThrow(/"case" must be one of the options/)
  })
})

async function targetAfter(filter: ReturnType<typeof stripPrefix>, target: string): Promise<string> {
  let seen = ''
  await filter(exchange({ url: target }), (it) => {
    seen = it.request.target
    return respond(200)
  })
  return seen
}
