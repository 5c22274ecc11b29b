import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import {
  addCacheStatus,
  type CacheStatus,
  type CacheStatusForward,
  cacheStatusMember,
  forwardWord,
} from './cache-status.ts'
import type { ForwardReason } from './reuse.ts'
import { parseDictionary } from './structured-field.ts'

describe('cacheStatusMember', () => {
  test.each<[rule: string, status: CacheStatus, member: string]>([
    ['9211 2.1', { hit: true }, 'c; hit'],
    ['9211 2.4', { hit: true, ttlMs: 376_500 }, 'c; hit; ttl=376'],
    ['9211 2.4 stale', { hit: true, ttlMs: -412_000 }, 'c; hit; ttl=-412'],
    ['9211 2.4 just stale', { hit: true, ttlMs: -1 }, 'c; hit; ttl=-1'],
    ['9211 2.4 bounds', { hit: true, ttlMs: -(10 ** 30) }, 'c; hit; ttl=-999999999999999'],
    ['9211 2.2', { fwd: 'uri-miss' }, 'c; fwd=uri-miss'],
    ['9211 2.3', { fwd: 'stale', fwdStatus: 304 }, 'c; fwd=stale; fwd-status=304'],
    ['9211 2.5', { fwd: 'uri-miss', stored: true, ttlMs: 60_000 }, 'c; fwd=uri-miss; ttl=60; stored'],
    ['9211 2.5 not', { fwd: 'uri-miss', stored: false }, 'c; fwd=uri-miss'],
    ['9211 2.6', { fwd: 'uri-miss', collapsed: true }, 'c; fwd=uri-miss; collapsed'],
    ['9211 2.7', { hit: true, key: 'a"b\\c' }, 'c; hit; key="a\\"b\\\\c"'],
    ['9211 2.8 a token', { hit: true, detail: 'MEMORY' }, 'c; hit; detail=MEMORY'],
    ['9211 2.8 a string', { fwd: 'bypass', detail: 'no store' }, 'c; fwd=bypass; detail="no store"'],
    ['9211 2 neither', { refused: true, detail: 'only-if-cached' }, 'c; detail=only-if-cached'],
    [
      '9211 2 all of it',
      { fwd: 'stale', fwdStatus: 200, ttlMs: 0, stored: true, collapsed: true, key: 'k', detail: 'd' },
      'c; fwd=stale; fwd-status=200; ttl=0; stored; collapsed; key="k"; detail=d',
    ],
  ])('%s: %j', (_rule, status, member) => {
    expect(cacheStatusMember('c', status)).toBe(member)
  })

  test.each<[cache: string, member: string]>([
    ['edge.example:443/a', 'edge.example:443/a; hit'],
    ['my cache', '"my cache"; hit'],
    ['1', '"1"; hit'],
  ])('names the cache %j (RFC 9211 section 2)', (cache, member) => {
    expect(cacheStatusMember(cache, { hit: true })).toBe(member)
  })

  test('is a structured field, whatever stands in key and detail (RFC 9211 section 2)', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.double({ noNaN: true }), (key, detail, ttlMs) => {
        // The parameters of a member are those of an item of a list as well.
        const member = cacheStatusMember('c', { hit: true, key, detail, ttlMs })
        expect(parseDictionary(member)?.size).toBe(1)
        expect(new HeaderList().append('Cache-Status', member).size).toBe(1)
      }),
    )
  })
})

describe('addCacheStatus', () => {
  test('comes behind those nearer to the service (RFC 9211 section 2)', () => {
    const headers = HeaderList.from({ 'Cache-Status': 'origin; hit' })
    addCacheStatus(headers, 'gatewright', { fwd: 'uri-miss', stored: true })
    expect(headers.get('cache-status')).toBe('origin; hit, gatewright; fwd=uri-miss; stored')
  })
})

describe('forwardWord', () => {
  test.each<[ForwardReason, CacheStatusForward]>([
    ['miss', 'miss'],
    ['uri-miss', 'uri-miss'],
    ['vary-miss', 'vary-miss'],
    ['stale', 'stale'],
    ['no-cache', 'stale'],
    ['request-no-cache', 'request'],
    ['request-max-age', 'request'],
    ['request-min-fresh', 'request'],
  ])('%s (RFC 9211 section 2.2)', (reason, word) => {
    expect(forwardWord(reason)).toBe(word)
  })
})
