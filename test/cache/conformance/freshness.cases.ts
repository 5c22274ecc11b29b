import { at, type CacheCase } from './case.ts'

export const cases: readonly CacheCase[] = [
  {
    id: 'freshness-max-age',
    rfc: '9111 4.2.1',
    requires: 'A response with max-age is fresh for so many seconds.',
    level: 'must',
    steps: [
      { request: {}, origin: { headers: { 'Cache-Control': 'max-age=60' } }, expect: { asked: true } },
      { advance: '59s' },
      { request: {}, expect: { asked: false, headers: { Age: '59' } } },
      { advance: '1s' },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'freshness-s-maxage-over-max-age',
    rfc: '9111 4.2.1',
    requires: 'In a shared cache s-maxage goes before max-age.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=60, s-maxage=10' } },
        expect: { asked: true },
      },
      { advance: '9s' },
      { request: {}, expect: { asked: false } },
      { advance: '1s' },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'freshness-expires',
    rfc: '9111 4.2.1',
    requires: 'Without max-age a response is fresh until Expires, counted from its Date.',
    level: 'must',
    steps: [
      { request: {}, origin: { headers: { Date: at(0), Expires: at(60) } }, expect: { asked: true } },
      { advance: '59s' },
      { request: {}, expect: { asked: false } },
      { advance: '1s' },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'several-at-once',
    rfc: '9111 4',
    requires: 'Requests that come while the service is asked the same have its answer too.',
    level: 'may',
    steps: [
      {
        together: [
          { request: {}, leavesMs: 500 },
          { request: {}, afterMs: 100 },
          { request: {}, afterMs: 200, expect: { cacheStatus: /collapsed/ } },
        ],
        origin: { headers: { 'Cache-Control': 'max-age=60' }, delayMs: 1_000 },
        asked: 1,
      },
      { request: {}, expect: { asked: false } },
    ],
  },
]
