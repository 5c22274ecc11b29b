import { at, type CacheCase, type Fields, type Step } from './case.ts'

const stored = (fields: Fields = {}): Step => ({
  request: {},
  origin: {
    headers: { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Last-Modified': at(-100), ...fields },
    body: 'stored',
  },
  expect: { asked: true },
})

/** HEAD is answered by the service, since what is stored is stale or is to be validated. */
const asked = (fields: Fields, status = 200): Step => ({
  request: { method: 'HEAD', headers: { 'Cache-Control': 'no-cache' } },
  origin: { status, headers: { 'Content-Length': '6', ...fields } },
  expect: { asked: { method: 'HEAD', headers: {} }, status, body: '' },
})

const fresh: Step = { request: {}, expect: { asked: false, status: 200, body: 'stored' } }
const anew: Step = {
  request: {},
  origin: { headers: { 'Cache-Control': 'max-age=60' }, body: 'new' },
  expect: { asked: true, body: 'new' },
}

export const cases: readonly CacheCase[] = [
  {
    id: 'head-from-get',
    rfc: '9111 4',
    requires: 'A stored response to GET answers HEAD, without its content.',
    level: 'may',
    steps: [
      stored(),
      { advance: '5s' },
      {
        request: { method: 'HEAD' },
        expect: {
          asked: false,
          status: 200,
          body: '',
          headers: { 'Content-Length': '6', ETag: '"1"', Age: '5' },
        },
      },
    ],
  },
  {
    id: 'head-is-not-for-get',
    rfc: '9111 4',
    requires: 'A response to HEAD does not answer GET.',
    level: 'must',
    steps: [
      {
        request: { method: 'HEAD' },
        origin: { headers: { 'Cache-Control': 'max-age=60', 'Content-Length': '3' } },
        expect: { asked: true, body: '' },
      },
      {
        request: {},
        origin: { body: 'new' },
        expect: { asked: { method: 'GET', headers: {} }, body: 'new' },
      },
    ],
  },
  {
    id: 'head-by-variant',
    rfc: '9111 4.1',
    requires: 'HEAD is answered by the variant that it matches.',
    level: 'must',
    steps: [
      {
        request: { headers: { 'X-A': '1' } },
        origin: { headers: { 'Cache-Control': 'max-age=60', Vary: 'X-A', 'X-Is': '1' } },
        expect: { asked: true },
      },
      {
        request: { method: 'HEAD', headers: { 'X-A': '2' } },
        origin: { headers: { Vary: 'X-A', 'X-Is': '2' } },
        expect: { asked: true, headers: { 'X-Is': '2' } },
      },
      {
        request: { method: 'HEAD', headers: { 'X-A': '1' } },
        expect: { asked: false, headers: { 'X-Is': '1' } },
      },
    ],
  },
  {
    id: 'head-of-stale',
    rfc: '9111 4.2.4',
    requires: 'A stale response does not answer HEAD.',
    level: 'must',
    steps: [
      stored(),
      { advance: '61s' },
      {
        request: { method: 'HEAD' },
        origin: { headers: { 'X-New': '1' } },
        expect: { asked: { method: 'HEAD', headers: {} }, headers: { 'X-New': '1' } },
      },
    ],
  },
  {
    id: 'head-with-range',
    rfc: '9110 14.2',
    requires: 'Range means nothing for HEAD.',
    level: 'must',
    steps: [
      stored(),
      {
        request: { method: 'HEAD', headers: { Range: 'bytes=0-1' } },
        expect: { asked: false, status: 200, headers: { 'Content-Length': '6', 'Content-Range': null } },
      },
    ],
  },
  {
    id: 'head-updates-lifetime',
    rfc: '9111 4.3.5',
    requires: 'A response to HEAD with the same validators makes the stored response fresh.',
    level: 'should',
    steps: [
      stored({ 'Cache-Control': 'max-age=10' }),
      { advance: '20s' },
      asked({ 'Cache-Control': 'max-age=60', ETag: '"1"', 'Last-Modified': at(-100) }),
      { advance: '50s' },
      fresh,
    ],
  },
  {
    id: 'head-updates-fields',
    rfc: '9111 4.3.5',
    requires: 'A response to HEAD with the same validators updates the fields of the stored response.',
    level: 'should',
    steps: [
      stored({ 'X-A': 'old' }),
      asked({ 'Cache-Control': 'max-age=60', ETag: '"1"', 'X-A': 'new' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'X-A': 'new' } } },
    ],
  },
  {
    id: 'head-other-etag',
    rfc: '9111 4.3.5',
    requires: 'A response to HEAD with another tag makes the stored response stale.',
    level: 'should',
    steps: [stored(), asked({ 'Cache-Control': 'max-age=60', ETag: '"2"' }), anew],
  },
  {
    id: 'head-other-length',
    rfc: '9111 4.3.5',
    requires: 'A response to HEAD with another Content-Length makes the stored response stale.',
    level: 'should',
    steps: [stored(), asked({ 'Cache-Control': 'max-age=60', ETag: '"1"', 'Content-Length': '7' }), anew],
  },
  {
    id: 'head-other-last-modified',
    rfc: '9111 4.3.5',
    requires: 'A response to HEAD with another Last-Modified makes the stored response stale.',
    level: 'should',
    steps: [stored(), asked({ 'Cache-Control': 'max-age=60', 'Last-Modified': at(-50) }), anew],
  },
  {
    id: 'head-error-says-nothing',
    rfc: '9111 4.3.5',
    requires: 'A response to HEAD that is no 200 changes nothing of what is stored.',
    level: 'must',
    steps: [stored(), asked({ ETag: '"2"' }, 404), fresh],
  },
  {
    id: 'head-other-variant-stays',
    rfc: '9111 4.3.5',
    requires: 'A response to HEAD updates only the variant that its request matches.',
    level: 'must',
    steps: [
      {
        request: { headers: { 'X-A': '1' } },
        origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"', Vary: 'X-A' }, body: 'stored' },
        expect: { asked: true },
      },
      {
        request: { method: 'HEAD', headers: { 'X-A': '2' } },
        origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"2"', Vary: 'X-A' } },
        expect: { asked: true },
      },
      { request: { headers: { 'X-A': '1' } }, expect: { asked: false, body: 'stored' } },
    ],
  },
]
