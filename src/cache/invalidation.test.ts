import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { invalidatedBy } from './invalidation.ts'

type Fields = Record<string, string | string[]>

function targets(
  fields: Fields,
  { method = 'POST', status = 200, target = '/a/b?q', scheme = 'https', host = 'x.example' } = {},
) {
  const request = { method, scheme: scheme as 'http' | 'https', host, target }
  const found = invalidatedBy(request, { status, headers: HeaderList.from(fields) })
  for (const one of found) expect([one.scheme, one.host]).toEqual([scheme, host])
  return found.map((one) => one.target)
}

describe('invalidatedBy', () => {
  test.each<[rule: string, method: string, invalidates: boolean]>([
    ['9111 4.4', 'POST', true],
    ['9111 4.4', 'PUT', true],
    ['9111 4.4', 'DELETE', true],
    ['9111 4.4', 'PATCH', true],
    ['9111 4.4 unknown', 'M-SEARCH', true],
    ['9110 9.1 case', 'get', true],
    ['9110 9.2.1', 'GET', false],
    ['9110 9.2.1', 'HEAD', false],
    ['9110 9.2.1', 'OPTIONS', false],
    ['9110 9.2.1', 'TRACE', false],
    ['10008 2', 'QUERY', false],
    ['4918 9.1', 'PROPFIND', false],
  ])('%s: %s', (_rule, method, invalidates) => {
    expect(targets({}, { method })).toEqual(invalidates ? ['/a/b?q'] : [])
  })

  test.each<[rule: string, status: number, invalidates: boolean]>([
    ['9111 4.4', 200, true],
    ['9111 4.4', 204, true],
    ['9111 4.4', 303, true],
    ['9111 4.4', 399, true],
    ['9111 4.4 an error', 400, false],
    ['9111 4.4 an error', 404, false],
    ['9111 4.4 an error', 500, false],
    ['9111 4.4 not final', 101, false],
  ])('%s: %d', (_rule, status, invalidates) => {
    expect(targets({}, { status })).toEqual(invalidates ? ['/a/b?q'] : [])
  })

  test.each<[rule: string, reference: string, target: string | undefined]>([
    ['9111 4.4 a path', '/c', '/c'],
    ['9111 4.4 a path with a query', '/c?d', '/c?d'],
    ['9111 4.4 an URL', 'https://x.example/c?d', '/c?d'],
    ['9111 4.4 the default port', 'https://x.example:443/c', '/c'],
    ['9111 4.4 case', 'HTTPS://X.Example/C', '/C'],
    ['9111 4.4 no path', 'https://x.example', '/'],
    ['9111 4.4 no path, a query', 'https://x.example?d', '/?d'],
    ['9111 4.4 without scheme', '//x.example/c', '/c'],
    ['3986 5.2 relative', 'c', '/a/c'],
    ['3986 5.2 dots', '../c', '/c'],
    ['3986 5.2 a query', '?d', '/a/b?d'],
    ['3986 5.2 empty', '', undefined],
    ['3986 5.2 a fragment', '/c#d', '/c'],
    ['3986 5.2 a fragment alone', '#d', undefined],
    ['3986 6.2.2 percent-encoding', '/%63', '/c'],
    ['9111 4.4 another host', 'https://y.example/c', undefined],
    ['9111 4.4 another host without scheme', '//y.example/c', undefined],
    ['9111 4.4 another scheme', 'http://x.example/c', undefined],
    ['9111 4.4 another port', 'https://x.example:8443/c', undefined],
    ['9111 4.4 a user', 'https://x.example@y.example/c', undefined],
    ['9111 4.4 a user of ours', 'https://u@x.example/c', undefined],
    ['9111 4.4 a longer host', 'https://x.example.evil/c', undefined],
    ['9111 4.4 no authority', 'https:/c', undefined],
    ['9111 4.4 a script', 'javascript:alert(1)', undefined],
    ['9111 4.4 a path that can be read in two ways', '/c\\..\\d', undefined],
  ])('%s: %j', (_rule, reference, target) => {
    const both = target === undefined ? ['/a/b?q'] : ['/a/b?q', target]
    expect(targets({ Location: reference })).toEqual(both)
    expect(targets({ 'Content-Location': reference })).toEqual(both)
  })

  test('names each once, and takes no list (RFC 9111 section 4.4)', () => {
    expect(targets({ Location: '/c', 'Content-Location': '/c' })).toEqual(['/a/b?q', '/c'])
    expect(targets({ Location: '/c', 'Content-Location': '/d' })).toEqual(['/a/b?q', '/c', '/d'])
    expect(targets({ Location: ['/c', '/d'] })).toEqual(['/a/b?q'])
    expect(targets({ Location: '/a/b?q' })).toEqual(['/a/b?q'])
  })

  test('never throws, and stays with the origin', () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      ':',
      'https',
      'x.example',
      'y',
      '?',
      '#',
      '%',
      '%2e',
      '\\',
      '@',
      ':443',
      'a',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
        (reference) => {
          for (const target of targets({ Location: reference })) expect(target).toMatch(/^\//)
        },
      ),
    )
  })
})
