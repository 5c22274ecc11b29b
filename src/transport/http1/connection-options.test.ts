import { describe, expect, test } from 'vitest'
import { ConnectionOptions } from './connection-options.ts'
import { SyntaxFault } from './syntax.ts'

function read(...lines: string[]): ConnectionOptions {
  const options = new ConnectionOptions()
  for (const line of lines) options.add(line)
  return options
}

describe('ConnectionOptions', () => {
  test.each([
    // value, HTTP/1.1 stays open, HTTP/1.0 stays open (RFC 9112 section 9.3)
    ['', true, false],
    ['close', false, false],
    ['Close', false, false],
    ['keep-alive', true, true],
    ['Keep-Alive', true, true],
    ['KEEP-ALIVE', true, true],
    ['keep-alive, close', false, false],
    ['close, keep-alive', false, false],
    ['x-close', true, false],
    [', ,\tkeep-alive ,', true, true],
  ])('decides by "%s" whether the connection stays open', (value, one, zero) => {
    const options = read(value)
    expect([options.persistent(1), options.persistent(0)]).toEqual([one, zero])
  })

  test('joins several lines; close wins', () => {
    expect(read('keep-alive', 'X', 'close').persistent(1)).toBe(false)
    expect(read('Upgrade', 'keep-alive')).toMatchObject({ upgrade: true, keepAlive: true, close: false })
  })

  test('collects the nominated fields, in lower case and once', () => {
    expect(read('X-A, keep-alive, upgrade, x-b', 'x-a,TE').nominated).toEqual(['x-a', 'x-b', 'te'])
    expect(read('keep-alive, Upgrade, close').nominated).toBe(undefined)
  })

  // The last is what `trim` takes for white space and HTTP does not.
  test.each(['a b', 'a;b', 'close;x', '"close"', 'a/b', '\xe9', 'close\xa0', '\xa0'])(
    'refuses "%s"',
    (value) => {
      expect(() => read(value)).toThrow(SyntaxFault)
    },
  )

  test('refuses more nominated fields than anyone needs, over all lines', () => {
    const names = Array.from({ length: 33 }, (_, i) => `x${i}`)
    expect(read(names.slice(0, 32).join(), names.slice(0, 32).join()).nominated).toHaveLength(32)
    expect(() => read(names.slice(0, 20).join(), names.slice(20).join())).toThrow('more than 32')
  })
})
