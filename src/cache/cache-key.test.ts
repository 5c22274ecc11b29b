import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CacheKeyParts, cacheKey, structuredKey } from './cache-key.ts'

/** Reads a structured key back, which it can only do if there is one way to read it. */
function partsOf(key: string): (string | undefined)[] {
  const parts: (string | undefined)[] = []
  let at = 0
  while (at < key.length) {
    if (key[at] === '-') {
      parts.push(undefined)
      at++
      continue
    }
    const colon = key.indexOf(':', at)
    const end = colon + 1 + Number(key.slice(at, colon))
    parts.push(key.slice(colon + 1, end))
    at = end
  }
  return parts
}

const part = fc.option(
  fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '-', '1:a', '0:', ':', '12', 'a', '3:-1:')),
  { nil: undefined },
)

describe('structuredKey', () => {
  test('can be read in one way only, whatever stands in its parts', () => {
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        expect(partsOf(structuredKey(parts))).toEqual(parts)
      }),
    )
  })

  test('is the same for the same parts alone', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 3 }), fc.array(part, { maxLength: 3 }), (one, other) => {
        const same = one.length === other.length && one.every((it, i) => it === other[i])
        expect(structuredKey(one) === structuredKey(other)).toBe(same)
      }),
    )
  })
})

describe('cacheKey', () => {
  const base: CacheKeyParts = { method: 'GET', scheme: 'https', host: 'a.example', target: '/x?y' }
  const content = { hash: 'h', type: 'text/plain', encoding: undefined }

  test.each<[rule: string, other: Partial<CacheKeyParts>]>([
    ['9111 2 method', { method: 'HEAD' }],
    ['9110 9.1 case of the method', { method: 'get' }],
    ['9110 4.2.2 scheme', { scheme: 'http' }],
    ['9110 4.2.3 host', { host: 'b.example' }],
    ['9110 4.2.3 port', { host: 'a.example:8443' }],
    ['9110 4.2.3 the port of the other scheme', { host: 'a.example:80' }],
    ['9110 4.2.3 path', { target: '/X?y' }],
    ['9110 4.2.3 query', { target: '/x?Y' }],
    ['9110 4.2.3 an empty query', { target: '/x?' }],
    ['9111 2 partition', { partition: 'tenant' }],
    ['9111 2 an empty partition', { partition: '' }],
    ['10008 2.7 content', { content }],
    ['9111 2 glue', { host: 'a.example/x', target: '?y' }],
  ])('%s makes another key', (_rule, other) => {
    expect(cacheKey({ ...base, ...other })).not.toBe(cacheKey(base))
  })

  test.each<[rule: string, other: Partial<typeof content>]>([
    ['hash', { hash: 'g' }],
    ['type', { type: 'text/html' }],
  ])('10008 2.7 another %s of the content makes another key', (_rule, other) => {
    expect(cacheKey({ ...base, content: { ...content, ...other } })).not.toBe(cacheKey({ ...base, content }))
  })

  test('tells content with a coding from content without (RFC 10008 section 2.7)', () => {
    expect(cacheKey({ ...base, content: { ...content, encoding: 'gzip' } })).not.toBe(
      cacheKey({ ...base, content }),
    )
  })

  test.each<[rule: string, other: CacheKeyParts, same: CacheKeyParts]>([
    ['9110 4.2.3 the default port', { ...base, host: 'a.example:443' }, base],
    [
      '9110 4.2.3 the default port of http',
      { ...base, scheme: 'http', host: 'a.example:80' },
      { ...base, scheme: 'http' },
    ],
    ['9110 4.2.3 case of the host', { ...base, host: 'A.Example' }, base],
    ['9110 4.2.3 an address', { ...base, host: '[::1]:443' }, { ...base, host: '[::1]' }],
  ])('%s makes no other key', (_rule, other, same) => {
    expect(cacheKey(other)).toBe(cacheKey(same))
  })
})
