import { at, type CacheCase, type Fields, type OriginReply, type Step } from './case.ts'

/** A response that is stored, and stale 10 s later. */
function stored(fields: Fields, request: Fields = {}): readonly Step[] {
  return [
    {
      request: { headers: request },
      origin: { headers: { 'Cache-Control': 'max-age=10', ...fields }, body: 'stored' },
      expect: { asked: true },
    },
    { advance: '20s' },
  ]
}

function confirmed(fields: Fields = {}): OriginReply {
  return { status: 304, headers: { 'Cache-Control': 'max-age=60', ...fields } }
}

/** The stored response is confirmed with these fields. */
function confirm(fields: Fields, expectedHeaders = {}): Step {
  return {
    request: {},
    origin: confirmed(fields),
    expect: { asked: true, status: 200, body: 'stored', headers: expectedHeaders },
  }
}

const TAG = { ETag: '"1"' }

export const cases: readonly CacheCase[] = [
  // What is sent.
  {
    id: 'validation-by-etag',
    rfc: '9111 4.3.1',
    requires: 'A stale response is validated by its entity tag, in If-None-Match.',
    level: 'must',
    steps: [
      ...stored(TAG),
      {
        request: {},
        origin: confirmed(TAG),
        expect: {
          asked: { method: 'GET', headers: { 'If-None-Match': '"1"', 'If-Modified-Since': null } },
          status: 200,
          body: 'stored',
        },
      },
      { request: {}, expect: { asked: false, status: 200, body: 'stored' } },
    ],
  },
  {
    id: 'validation-by-last-modified',
    rfc: '9111 4.3.1',
    requires: 'A stale response is validated by its Last-Modified, in If-Modified-Since.',
    level: 'should',
    steps: [
      ...stored({ 'Last-Modified': at(-1_000) }),
      {
        request: {},
        origin: confirmed(),
        expect: {
          asked: { headers: { 'If-None-Match': null, 'If-Modified-Since': at(-1_000) } },
          status: 200,
          body: 'stored',
        },
      },
      { request: {}, expect: { asked: false, status: 200, body: 'stored' } },
    ],
  },
  {
    id: 'validation-by-both',
    rfc: '9111 4.3.1',
    requires: 'A response that has a tag and a date is validated by both.',
    level: 'should',
    steps: [
      ...stored({ ...TAG, 'Last-Modified': at(-1_000) }),
      {
        request: {},
        origin: confirmed(),
        expect: {
          asked: { headers: { 'If-None-Match': '"1"', 'If-Modified-Since': at(-1_000) } },
          status: 200,
          body: 'stored',
        },
      },
    ],
  },
  {
    id: 'validation-by-weak-etag',
    rfc: '9111 4.3.1',
    requires: 'A weak tag is sent as the weak tag that it is.',
    level: 'must',
    steps: [
      ...stored({ ETag: 'W/"1"' }),
      {
        request: {},
        origin: confirmed({ ETag: 'W/"1"' }),
        expect: { asked: { headers: { 'If-None-Match': 'W/"1"' } }, status: 200, body: 'stored' },
      },
    ],
  },
  {
    id: 'validation-etag-with-comma',
    rfc: '9110 8.8.3',
    requires: 'A tag is sent as it came, whatever stands between its quotes.',
    level: 'must',
    steps: [
      ...stored({ ETag: '"a,\\b"' }),
      {
        request: {},
        origin: confirmed({ ETag: '"a,\\b"' }),
        expect: { asked: { headers: { 'If-None-Match': '"a,\\b"' } }, status: 200, body: 'stored' },
      },
    ],
  },
  {
    id: 'validation-etag-empty',
    rfc: '9110 8.8.3',
    requires: 'A tag with nothing between its quotes is one.',
    level: 'must',
    steps: [
      ...stored({ ETag: '""' }),
      {
        request: {},
        origin: confirmed({ ETag: '""' }),
        expect: { asked: { headers: { 'If-None-Match': '""' } }, status: 200, body: 'stored' },
      },
    ],
  },
  {
    id: 'validation-etag-malformed',
    rfc: '9110 8.8.3',
    requires: 'What is no tag is not sent as one.',
    level: 'own',
    steps: [
      ...stored({ ETag: 'no-quotes', 'Last-Modified': at(-1_000) }),
      {
        request: {},
        origin: confirmed(),
        expect: {
          asked: { headers: { 'If-None-Match': null, 'If-Modified-Since': at(-1_000) } },
          status: 200,
          body: 'stored',
        },
      },
    ],
  },
  {
    id: 'validation-none',
    rfc: '9111 4.3.1',
    requires: 'A response without validators is asked for as a whole when it is stale.',
    level: 'must',
    steps: [
      ...stored({}),
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=60' }, body: 'new' },
        expect: { asked: { headers: { 'If-None-Match': null, 'If-Modified-Since': null } }, body: 'new' },
      },
      { request: {}, expect: { asked: false, body: 'new' } },
    ],
  },
  {
    id: 'validation-adds-tags-of-client',
    rfc: '9111 4.3.1',
    requires: 'The tags of the client are sent beside those of what is stored.',
    level: 'may',
    steps: [
      ...stored(TAG),
      {
        request: { headers: { 'If-None-Match': '"2", "1"' } },
        origin: confirmed(TAG),
        expect: { asked: { headers: { 'If-None-Match': '"1", "2"' } }, status: 304, body: '' },
      },
    ],
  },
  {
    id: 'validation-tag-of-client-confirmed',
    rfc: '9111 4.3.3',
    requires: 'A 304 about what only the client has is passed on to it, and updates nothing.',
    level: 'must',
    steps: [
      ...stored(TAG),
      {
        request: { headers: { 'If-None-Match': '"2"' } },
        origin: confirmed({ ETag: '"2"' }),
        expect: { asked: true, status: 304, body: '', headers: { ETag: '"2"' } },
      },
      {
        request: {},
        origin: confirmed(TAG),
        expect: { asked: { headers: { 'If-None-Match': '"1"' } }, status: 200, body: 'stored' },
      },
    ],
  },
  {
    id: 'validation-date-of-client-is-not-sent',
    rfc: '9111 4.3.1',
    requires: 'The date of the stored response is sent, not that of the client.',
    level: 'must',
    steps: [
      ...stored({ 'Last-Modified': at(-1_000) }),
      {
        request: { headers: { 'If-Modified-Since': at(0) } },
        origin: confirmed(),
        expect: { asked: { headers: { 'If-Modified-Since': at(-1_000) } }, status: 304, body: '' },
      },
    ],
  },
  {
    id: 'validation-without-range',
    rfc: '9111 4.3.1',
    requires: 'What is stored as a whole is validated as a whole, also where the client asks for a part.',
    level: 'own',
    steps: [
      ...stored(TAG),
      {
        request: { headers: { Range: 'bytes=0-1', 'If-Range': '"1"' } },
        origin: confirmed(TAG),
        expect: {
          asked: { headers: { Range: null, 'If-Range': null, 'If-None-Match': '"1"' } },
          status: 206,
          body: 'st',
          headers: { 'Content-Range': 'bytes 0-1/6' },
        },
      },
    ],
  },
  {
    id: 'validation-keeps-other-fields',
    rfc: '9111 4.3.1',
    requires: 'The other fields of the client are sent as they are.',
    level: 'must',
    steps: [
      ...stored(TAG),
      {
        request: { headers: { 'X-Any': 'thing', 'User-Agent': 'test' } },
        origin: confirmed(TAG),
        expect: {
          asked: { headers: { 'X-Any': 'thing', 'User-Agent': 'test', 'If-None-Match': '"1"' } },
          status: 200,
          body: 'stored',
        },
      },
    ],
  },
  {
    id: 'validation-no-cache-response',
    rfc: '9111 5.2.2.4',
    requires: 'A response with no-cache is validated each time.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=60, no-cache', ETag: '"1"' }, body: 'stored' },
        expect: { asked: true },
      },
      ...[1, 2].map(
        (): Step => ({
          request: {},
          origin: { status: 304, headers: { 'Cache-Control': 'max-age=60, no-cache', ETag: '"1"' } },
          expect: { asked: { headers: { 'If-None-Match': '"1"' } }, status: 200, body: 'stored' },
        }),
      ),
    ],
  },
  {
    id: 'validation-when-client-asks',
    rfc: '9111 5.2.1.4',
    requires: 'A fresh response that the client wants validated is validated, not asked for anew.',
    level: 'should',
    steps: [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: 'stored' },
        expect: { asked: true },
      },
      {
        request: { headers: { 'Cache-Control': 'no-cache' } },
        origin: confirmed(TAG),
        expect: { asked: { headers: { 'If-None-Match': '"1"' } }, status: 200, body: 'stored' },
      },
    ],
  },
  {
    id: 'validation-of-the-variant',
    rfc: '9111 4.3.1',
    requires: 'The tag of the variant that matches is sent.',
    level: 'must',
    steps: [
      ...stored({ ETag: '"1"', Vary: 'X-A' }, { 'X-A': '1' }),
      {
        request: { headers: { 'X-A': '1' } },
        origin: confirmed({ ETag: '"1"', Vary: 'X-A' }),
        expect: { asked: { headers: { 'If-None-Match': /^"1"/ } }, status: 200, body: 'stored' },
      },
    ],
  },

  // What comes back.
  {
    id: 'validation-other-response',
    rfc: '9111 4.3.3',
    requires: 'A whole response to a validation answers, and takes the place of what was stored.',
    level: 'must',
    steps: [
      ...stored(TAG),
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"2"' }, body: 'new' },
        expect: { asked: true, body: 'new', headers: { ETag: '"2"' } },
      },
      { request: {}, expect: { asked: false, body: 'new', headers: { ETag: '"2"' } } },
    ],
  },
  {
    id: 'validation-other-status',
    rfc: '9111 4.3.3',
    requires: 'A response that is no success answers as well, and takes the place of what was stored.',
    level: 'must',
    steps: [
      ...stored(TAG),
      {
        request: {},
        origin: { status: 404, headers: { 'Cache-Control': 'max-age=60' }, body: 'gone' },
        expect: { asked: true, status: 404, body: 'gone' },
      },
      { request: {}, expect: { asked: false, status: 404, body: 'gone' } },
    ],
  },
  {
    id: 'validation-error-is-passed-on',
    rfc: '9111 4.3.3',
    requires: 'An error in answer to a validation is passed on, where stale responses must not be used.',
    level: 'may',
    steps: [
      ...stored(TAG),
      { request: {}, origin: { status: 503 }, expect: { asked: true, status: 503 } },
      {
        request: {},
        origin: confirmed(TAG),
        expect: { asked: { headers: { 'If-None-Match': '"1"' } }, status: 200, body: 'stored' },
      },
    ],
  },
  {
    id: 'validation-refused',
    rfc: '6585 4',
    requires: 'A 429 in answer to a validation is for the one client, and leaves what is stored.',
    level: 'own',
    steps: [
      ...stored(TAG),
      { request: {}, origin: { status: 429 }, expect: { asked: true, status: 429 } },
      {
        request: {},
        origin: confirmed(TAG),
        expect: { asked: { headers: { 'If-None-Match': '"1"' } }, status: 200, body: 'stored' },
      },
    ],
  },
  {
    id: 'validation-not-storable-response',
    rfc: '9111 4.3.3',
    requires: 'A response to a validation that must not be stored answers the one client alone.',
    level: 'must',
    steps: [
      ...stored(TAG),
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'private', ETag: '"2"' }, body: 'mine' },
        expect: { asked: true, body: 'mine' },
      },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'validation-304-is-not-for-clients-without-conditions',
    rfc: '9111 4.3.3',
    requires: 'Who has asked without conditions gets the stored response, never the 304.',
    level: 'must',
    steps: [
      ...stored(TAG),
      { request: {}, origin: confirmed(), expect: { asked: true, status: 200, body: 'stored' } },
    ],
  },
  {
    id: 'validation-304-unasked',
    rfc: '9110 15.4.5',
    requires: 'A 304 that nobody has asked for is stored for nobody.',
    level: 'must',
    steps: [
      { request: {}, origin: confirmed(TAG), expect: { asked: true, body: '' } },
      { request: {}, origin: { body: 'new' }, expect: { asked: true, status: 200, body: 'new' } },
    ],
  },
  {
    id: 'validation-304-of-other-tag',
    rfc: '9111 4.3.4',
    requires: 'A 304 with a strong tag that nothing stored has updates nothing.',
    level: 'must',
    until: 'flow',
    steps: [
      ...stored(TAG),
      {
        request: {},
        origin: [
          confirmed({ ETag: '"other"' }),
          { headers: { 'Cache-Control': 'max-age=60' }, body: 'whole' },
        ],
        expect: { asked: 2, status: 200, body: 'whole' },
      },
      { request: {}, expect: { asked: false, body: 'whole' } },
    ],
  },
  {
    id: 'validation-304-same-strong-tag',
    rfc: '9111 4.3.4',
    requires: 'A 304 with a strong tag updates what has the same.',
    level: 'must',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'X-New': '1' }, { 'X-New': '1' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'X-New': '1' } } },
    ],
  },
  {
    id: 'validation-304-weak-tag',
    rfc: '9111 4.3.4',
    requires: 'A 304 with a weak tag updates the most recent response that matches it.',
    level: 'must',
    steps: [
      ...stored({ ETag: 'W/"1"' }),
      confirm({ ETag: 'W/"1"', 'X-New': '1' }, { 'X-New': '1' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'X-New': '1' } } },
    ],
  },
  {
    id: 'validation-304-by-date',
    rfc: '9111 4.3.4',
    requires: 'A 304 with Last-Modified alone updates what has the same.',
    level: 'must',
    steps: [
      ...stored({ 'Last-Modified': at(-1_000) }),
      confirm({ 'Last-Modified': at(-1_000), 'X-New': '1' }, { 'X-New': '1' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'X-New': '1' } } },
    ],
  },
  {
    id: 'validation-304-without-validators',
    rfc: '9111 4.3.4',
    requires: 'A 304 without validators updates the one response whose validators were sent.',
    level: 'own',
    steps: [
      ...stored(TAG),
      confirm({ 'X-New': '1' }, { 'X-New': '1', ETag: '"1"' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'X-New': '1' } } },
    ],
  },
  {
    id: 'validation-304-leaves-other-variants',
    rfc: '9111 4.3.4',
    requires: 'A 304 updates no variant that the request does not match.',
    level: 'must',
    steps: [
      {
        request: { headers: { 'X-A': '2' } },
        origin: { headers: { 'Cache-Control': 'max-age=10', ETag: '"1"', Vary: 'X-A' }, body: 'other' },
        expect: { asked: true },
      },
      ...stored({ ETag: '"1"', Vary: 'X-A' }, { 'X-A': '1' }),
      {
        request: { headers: { 'X-A': '1' } },
        origin: confirmed({ ETag: '"1"', Vary: 'X-A' }),
        expect: { asked: true, status: 200, body: 'stored' },
      },
      { request: { headers: { 'X-A': '1' } }, expect: { asked: false, status: 200, body: 'stored' } },
      {
        request: { headers: { 'X-A': '2' } },
        origin: confirmed({ ETag: '"1"', Vary: 'X-A' }),
        expect: { asked: true, status: 200, body: 'other' },
      },
    ],
  },

  // What a 304 changes.
  {
    id: 'update-lifetime',
    rfc: '9111 4.3.4',
    requires: 'The lifetime that a 304 names is the new one.',
    level: 'must',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'Cache-Control': 'max-age=100' }),
      { advance: '99s' },
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { Age: '99' } } },
      { advance: '1s' },
      { request: {}, origin: confirmed(TAG), expect: { asked: true, status: 200, body: 'stored' } },
    ],
  },
  {
    id: 'update-keeps-lifetime',
    rfc: '9111 4.3.4',
    requires: 'Where a 304 names no lifetime, the stored one counts again from the validation on.',
    level: 'must',
    steps: [
      ...stored(TAG),
      {
        request: {},
        origin: { status: 304, headers: TAG },
        expect: { asked: true, status: 200, body: 'stored' },
      },
      { advance: '9s' },
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { Age: '9' } } },
      { advance: '1s' },
      { request: {}, origin: confirmed(TAG), expect: { asked: true, status: 200, body: 'stored' } },
    ],
  },
  {
    id: 'update-age',
    rfc: '9111 4.2.3',
    requires: 'After a validation the age begins with that of the 304.',
    level: 'must',
    steps: [
      ...stored({ ...TAG, Age: '5' }),
      confirm({ ...TAG, Age: '7' }, { Age: '7' }),
      { advance: '3s' },
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { Age: '10' } } },
    ],
  },
  {
    id: 'update-date',
    rfc: '9111 3.2',
    requires: 'The Date of a 304 takes the place of the stored one.',
    level: 'must',
    steps: [
      ...stored({ ...TAG, Date: at(0) }),
      confirm({ ...TAG, Date: at(20) }, { Date: at(20), Age: '0' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { Date: at(20) } } },
    ],
  },
  {
    id: 'update-replaces-field',
    rfc: '9111 3.2',
    requires: 'A field of the 304 takes the place of all stored lines of its name.',
    level: 'must',
    steps: [
      ...stored({ ...TAG, 'X-A': ['1', '2'] }),
      confirm({ ...TAG, 'X-A': '3' }, { 'X-A': '3' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'X-A': '3' } } },
    ],
  },
  {
    id: 'update-adds-field',
    rfc: '9111 3.2',
    requires: 'A field that only the 304 has is added, with all of its lines.',
    level: 'must',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'X-A': ['1', '2'] }, { 'X-A': '1, 2' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'X-A': '1, 2' } } },
    ],
  },
  {
    id: 'update-leaves-field',
    rfc: '9111 3.2',
    requires: 'A field that the 304 does not have stays.',
    level: 'must',
    steps: [
      ...stored({ ...TAG, 'X-A': '1', 'Content-Type': 'text/plain' }),
      confirm(TAG, { 'X-A': '1', 'Content-Type': 'text/plain' }),
      {
        request: {},
        expect: {
          asked: false,
          status: 200,
          body: 'stored',
          headers: { 'X-A': '1', 'Content-Type': 'text/plain' },
        },
      },
    ],
  },
  {
    id: 'update-not-content-length',
    rfc: '9111 3.2',
    requires: 'Content-Length is never updated.',
    level: 'must',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'Content-Length': '99' }, { 'Content-Length': '6' }),
      {
        request: {},
        expect: { asked: false, status: 200, body: 'stored', headers: { 'Content-Length': '6' } },
      },
    ],
  },
  {
    id: 'update-not-content-encoding',
    rfc: '9111 3.2',
    requires: 'Content-Encoding is not updated: the stored bytes are what they are.',
    level: 'may',
    steps: [
      ...stored({ ...TAG, 'Content-Encoding': 'x-one' }),
      confirm({ ...TAG, 'Content-Encoding': 'x-two' }, { 'Content-Encoding': 'x-one' }),
      {
        request: {},
        expect: { asked: false, status: 200, body: 'stored', headers: { 'Content-Encoding': 'x-one' } },
      },
    ],
  },
  {
    id: 'update-not-content-range',
    rfc: '9111 3.2',
    requires: 'Content-Range is not updated.',
    level: 'may',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'Content-Range': 'bytes 0-1/6' }, { 'Content-Range': null }),
      {
        request: {},
        expect: { asked: false, status: 200, body: 'stored', headers: { 'Content-Range': null } },
      },
    ],
  },
  {
    id: 'update-content-type',
    rfc: '9111 3.2',
    requires: 'Content-Type is updated.',
    level: 'must',
    steps: [
      ...stored({ ...TAG, 'Content-Type': 'text/plain' }),
      confirm({ ...TAG, 'Content-Type': 'text/html' }, { 'Content-Type': 'text/html' }),
      {
        request: {},
        expect: { asked: false, status: 200, body: 'stored', headers: { 'Content-Type': 'text/html' } },
      },
    ],
  },
  {
    id: 'update-not-connection-fields',
    rfc: '9111 3.2',
    requires: 'Fields of the connection of the 304, and those that its Connection names, are not stored.',
    level: 'must',
    steps: [
      ...stored({ ...TAG, 'X-Hop': 'stored' }),
      confirm(
        { ...TAG, Connection: 'x-hop, keep-alive', 'X-Hop': 'new', 'Keep-Alive': 'timeout=5' },
        { 'X-Hop': 'stored' },
      ),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'X-Hop': 'stored' } } },
    ],
  },
  {
    id: 'update-cookie-is-for-one',
    rfc: '9111 3.2',
    requires: 'A cookie of a 304 is for the client whose request was sent, and is not stored.',
    level: 'own',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'Set-Cookie': 'a=1' }, { 'Set-Cookie': 'a=1' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'Set-Cookie': null } } },
    ],
  },
  {
    id: 'update-cookie-is-not-stored',
    rfc: '9111 3.2',
    requires: 'A cookie of a 304 is not stored.',
    level: 'own',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'Set-Cookie': 'a=1' }),
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { 'Set-Cookie': null } } },
    ],
  },
  {
    id: 'update-to-no-store',
    rfc: '9111 3.2',
    requires: 'What a 304 says is not to be stored is stored no longer.',
    level: 'must',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'Cache-Control': 'no-store' }),
      {
        request: {},
        origin: { body: 'new' },
        expect: { asked: { headers: { 'If-None-Match': null } }, body: 'new' },
      },
    ],
  },
  {
    id: 'update-to-private',
    rfc: '9111 3.2',
    requires: 'What a 304 says is private is used for nobody else.',
    level: 'must',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'Cache-Control': 'private, max-age=60' }),
      {
        request: {},
        origin: { body: 'new' },
        expect: { asked: { headers: { 'If-None-Match': null } }, body: 'new' },
      },
    ],
  },
  {
    id: 'update-expires',
    rfc: '9111 4.3.4',
    requires: 'The Expires of a 304 takes the place of the stored one.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: { headers: { ETag: '"1"', Date: at(0), Expires: at(10) }, body: 'stored' },
        expect: { asked: true },
      },
      { advance: '20s' },
      {
        request: {},
        origin: { status: 304, headers: { ETag: '"1"', Date: at(20), Expires: at(50) } },
        expect: { asked: true, status: 200, body: 'stored', headers: { Expires: at(50) } },
      },
      { advance: '29s' },
      { request: {}, expect: { asked: false, status: 200, body: 'stored', headers: { Expires: at(50) } } },
    ],
  },
  {
    id: 'update-twice',
    rfc: '9111 4.3.4',
    requires: 'What was updated is validated and updated again.',
    level: 'must',
    steps: [
      ...stored(TAG),
      confirm({ ...TAG, 'Cache-Control': 'max-age=5', 'X-A': '1' }),
      { advance: '6s' },
      confirm({ ...TAG, 'Cache-Control': 'max-age=5', 'X-B': '2' }, { 'X-A': '1', 'X-B': '2' }),
      { advance: '4s' },
      {
        request: {},
        expect: { asked: false, status: 200, body: 'stored', headers: { 'X-A': '1', 'X-B': '2', Age: '4' } },
      },
    ],
  },
]
