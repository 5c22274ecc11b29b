import { fault } from 'gatewright/testing'
import { at, type CacheCase, type Fields, type OriginReply, type Step } from './case.ts'
import { rows } from './steps.ts'

const CONTENT = 'abcdefghijklmnopqrstuvwxyz'
const FULL = CONTENT.length

/** A part that the service sends. */
function sent(first: number, last: number, fields: Fields = {}): OriginReply {
  return {
    status: 206,
    headers: {
      'Cache-Control': 'max-age=60',
      ETag: '"1"',
      'Content-Range': `bytes ${first}-${last}/${FULL}`,
      ...fields,
    },
    body: CONTENT.slice(first, last + 1),
  }
}

const range = (value: string, origin: OriginReply, asked: boolean | string = true): Step => ({
  request: { headers: { Range: value } },
  origin,
  expect: { asked: typeof asked === 'string' ? { headers: { Range: asked } } : asked },
})

/** A range that is answered from what is stored. */
const held = (value: string, first: number, last: number): Step => ({
  request: { headers: { Range: value } },
  expect: {
    asked: false,
    status: 206,
    body: CONTENT.slice(first, last + 1),
    headers: { 'Content-Range': `bytes ${first}-${last}/${FULL}` },
  },
})

const whole: OriginReply = { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: CONTENT }

const row = rows('parts-')

export const cases: readonly CacheCase[] = [
  row('same-range', '9111 3.3', 'may', 'A stored part answers a request for the same range.', [
    range('bytes=0-9', sent(0, 9)),
    held('bytes=0-9', 0, 9),
  ]),
  row('inner-range', '9111 3.3', 'may', 'A stored part answers a request for a range in it.', [
    range('bytes=0-9', sent(0, 9)),
    held('bytes=2-5', 2, 5),
  ]),
  row('inner-suffix', '9111 3.3', 'may', 'A stored part at the end answers a request for a suffix in it.', [
    range('bytes=20-25', sent(20, 25)),
    held('bytes=-3', 23, 25),
  ]),
  row('beyond-part', '9111 3.3', 'must', 'A stored part does not answer for bytes that it does not have.', [
    range('bytes=0-9', sent(0, 9)),
    range('bytes=12-19', sent(12, 19)),
  ]),
  row('not-for-whole', '9111 3.3', 'must', 'A stored part does not answer a request for the whole.', [
    range('bytes=0-9', sent(0, 9)),
    {
      request: {},
      origin: whole,
      expect: { asked: true, status: 200, body: CONTENT },
    },
  ]),
  row('combined', '9111 3.4', 'may', 'Parts with the same strong tag are combined.', [
    range('bytes=0-9', sent(0, 9)),
    range('bytes=10-19', sent(10, 19)),
    held('bytes=5-14', 5, 14),
  ]),
  row(
    'combined-to-whole',
    '9111 3.4',
    'may',
    'Parts that make up the whole answer a request for it by 200.',
    [
      range('bytes=0-12', sent(0, 12)),
      range('bytes=13-25', sent(13, 25)),
      {
        request: {},
        expect: {
          asked: false,
          status: 200,
          body: CONTENT,
          headers: { 'Content-Range': null, 'Content-Length': String(FULL) },
        },
      },
    ],
  ),
  row('combined-out-of-order', '9111 3.4', 'may', 'Parts are combined in whatever order they come.', [
    range('bytes=13-25', sent(13, 25)),
    range('bytes=0-12', sent(0, 12)),
    { request: {}, expect: { asked: false, status: 200, body: CONTENT } },
  ]),
  row('combined-newest-head', '9111 3.4', 'must', 'What is combined has the fields of the newest part.', [
    range('bytes=0-12', sent(0, 12, { 'X-A': 'old' })),
    { advance: '10s' },
    range('bytes=13-25', sent(13, 25, { 'X-A': 'new' })),
    {
      request: {},
      expect: { asked: false, status: 200, body: CONTENT, headers: { 'X-A': 'new', Age: '0' } },
    },
  ]),
  row('other-tag', '9111 3.4', 'must', 'Parts with different tags are not combined.', [
    range('bytes=0-12', sent(0, 12)),
    range('bytes=13-25', sent(13, 25, { ETag: '"2"' })),
    { request: {}, origin: whole, expect: { asked: true, status: 200, body: CONTENT } },
  ]),
  row('weak-tag', '9111 3.4', 'must', 'Parts with weak tags are not combined.', [
    range('bytes=0-12', sent(0, 12, { ETag: 'W/"1"' })),
    range('bytes=13-25', sent(13, 25, { ETag: 'W/"1"' })),
    { request: {}, origin: whole, expect: { asked: true, status: 200, body: CONTENT } },
  ]),
  row('no-validator', '9111 3.4', 'must', 'Parts without validators are not combined.', [
    range('bytes=0-12', { ...sent(0, 12), headers: { 'Content-Range': `bytes 0-12/${FULL}` } }),
    range('bytes=13-25', { ...sent(13, 25), headers: { 'Content-Range': `bytes 13-25/${FULL}` } }),
    { request: {}, origin: whole, expect: { asked: true, status: 200, body: CONTENT } },
  ]),
  row('strong-date', '9111 3.4', 'may', 'Parts with the same strong Last-Modified are combined.', [
    ...[
      [0, 12],
      [13, 25],
    ].map(([first, last]) =>
      range(`bytes=${first}-${last}`, {
        ...sent(first!, last!),
        headers: {
          'Cache-Control': 'max-age=60',
          'Content-Range': `bytes ${first}-${last}/${FULL}`,
          'Last-Modified': at(-1_000),
          Date: at(0),
        },
      }),
    ),
    { request: {}, expect: { asked: false, status: 200, body: CONTENT } },
  ]),
  row(
    'without-content-range',
    '9110 15.3.7',
    'must',
    'A 206 that does not say which bytes it has is not stored.',
    [
      range('bytes=0-9', {
        status: 206,
        headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' },
        body: 'abcdefghij',
      }),
      range('bytes=0-9', sent(0, 9)),
    ],
  ),
  row('multipart', '9111 3.3', 'own', 'A 206 of several parts is not stored.', [
    range('bytes=0-0,25-25', {
      status: 206,
      headers: {
        'Cache-Control': 'max-age=60',
        ETag: '"1"',
        'Content-Type': 'multipart/byteranges; boundary=x',
      },
      body: '--x--',
    }),
    range('bytes=0-0', sent(0, 0)),
  ]),
  row('wrong-content-range', '9110 14.4', 'must', 'A Content-Range that cannot be is not believed.', [
    range('bytes=0-9', sent(0, 9, { 'Content-Range': 'bytes 9-0/26' })),
    range('bytes=0-9', sent(0, 9)),
  ]),
  row('stale', '9111 4.2.4', 'must', 'A stored part is stale after its lifetime.', [
    range('bytes=0-9', sent(0, 9)),
    { advance: '61s' },
    range('bytes=0-9', sent(0, 9)),
  ]),
  row(
    'missing-only',
    '9110 14.2',
    'may',
    'Only what is missing of a range is asked for, if the tag is still the same.',
    [
      range('bytes=0-9', sent(0, 9)),
      {
        request: { headers: { Range: 'bytes=0-19' } },
        origin: sent(10, 19),
        expect: {
          asked: { headers: { Range: 'bytes=10-19', 'If-Range': '"1"' } },
          status: 206,
          body: CONTENT.slice(0, 20),
          headers: { 'Content-Range': `bytes 0-19/${FULL}` },
        },
      },
      held('bytes=0-19', 0, 19),
    ],
  ),
  row('rest-for-whole', '9111 3.4', 'may', 'Of a whole of which a part is stored, the rest is asked for.', [
    range('bytes=0-9', sent(0, 9)),
    {
      request: {},
      origin: sent(10, 25),
      expect: { asked: { headers: { Range: 'bytes=10-', 'If-Range': '"1"' } }, status: 200, body: CONTENT },
    },
    { request: {}, expect: { asked: false, status: 200, body: CONTENT } },
  ]),
  row(
    'rest-has-changed',
    '9110 13.1.5',
    'must',
    'Where the representation has changed meanwhile, the new one answers.',
    [
      range('bytes=0-9', sent(0, 9)),
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"2"' }, body: 'new' },
        expect: { asked: { headers: { Range: 'bytes=10-', 'If-Range': '"1"' } }, status: 200, body: 'new' },
      },
      { request: {}, expect: { asked: false, status: 200, body: 'new' } },
    ],
  ),
  row(
    'broken-off',
    '9111 3.3',
    'may',
    'What came of a response that broke off is stored as a part, and completed.',
    [
      {
        request: {},
        origin: { ...whole, fault: fault.truncate(10) },
        expect: { asked: true, complete: false, body: CONTENT.slice(0, 10) },
      },
      {
        request: {},
        origin: sent(10, 25),
        expect: { asked: { headers: { Range: 'bytes=10-', 'If-Range': '"1"' } }, status: 200, body: CONTENT },
      },
      { request: {}, expect: { asked: false, status: 200, body: CONTENT } },
    ],
  ),
  row(
    'broken-off-is-not-whole',
    '9111 3.3',
    'must',
    'A response that broke off does not answer as if it were whole.',
    [
      {
        request: {},
        origin: {
          headers: { 'Cache-Control': 'max-age=60' },
          body: CONTENT,
          fault: fault.truncate(10),
        },
        expect: { asked: true, complete: false, body: CONTENT.slice(0, 10) },
      },
      { request: {}, origin: { body: 'new' }, expect: { asked: true, status: 200, body: 'new' } },
    ],
  ),
  row(
    'chunked-broken-off-is-not-whole',
    '9112 8',
    'must',
    'A chunked response without its last chunk does not answer as if it were whole.',
    [
      {
        request: {},
        origin: {
          headers: { 'Cache-Control': 'max-age=60' },
          body: CONTENT,
          framing: 'chunked',
          fault: fault.truncate(10),
        },
        expect: { asked: true, complete: false, body: CONTENT.slice(0, 10) },
      },
      { request: {}, origin: { body: 'new' }, expect: { asked: true, status: 200, body: 'new' } },
    ],
  ),
  ...(
    [
      ['too-short', { fault: fault.wrongContentLength(5) }],
      ['bad-chunk', { framing: 'chunked', fault: fault.badChunk() }],
      ['reset', { fault: fault.resetAfterBytes(100) }],
    ] as const
  ).map(([id, wrong]) =>
    row(
      `broken-${id}`,
      '9111 3.3',
      'must',
      'A response that did not come whole does not answer as if it had.',
      [
        {
          request: {},
          origin: { headers: { 'Cache-Control': 'max-age=60' }, body: CONTENT.repeat(10), ...wrong },
          expect: { asked: true, complete: false, body: /^[a-z]*$/ },
        },
        { request: {}, origin: { body: 'new' }, expect: { asked: true, status: 200, body: 'new' } },
      ],
    ),
  ),
  row('until-close', '9112 8', 'may', 'A response that ends with its connection has come whole.', [
    {
      request: {},
      origin: { headers: { 'Cache-Control': 'max-age=60' }, body: CONTENT, framing: 'close' },
      expect: { asked: true },
    },
    { request: {}, expect: { asked: false, headers: { 'Content-Length': String(FULL) } } },
  ]),
  {
    ...row('off', '9111 3.3', 'own', 'With the option off, no parts are stored.', [
      range('bytes=0-9', sent(0, 9)),
      range('bytes=0-9', sent(0, 9)),
    ]),
    options: { parts: false },
  },
]
