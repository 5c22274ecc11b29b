import { at, type CacheCase, type Expected, type Fields, type Step } from './case.ts'

const NOT_MODIFIED: Expected = { status: 304, body: '' }
const WHOLE: Expected = { status: 200, body: 'stored' }

const stored = (fields: Fields): Step => ({
  request: {},
  origin: { headers: { 'Cache-Control': 'max-age=60', ...fields }, body: 'stored' },
  expect: { asked: true },
})

/** Answers a conditional request from what is stored with these fields. */
function answers(response: Fields, request: Fields, expected: Expected): CacheCase['steps'] {
  return [stored(response), { request: { headers: request }, expect: { asked: false, ...expected } }]
}

function goesPast(request: Fields): CacheCase['steps'] {
  return [
    stored({ ETag: '"1"', 'Last-Modified': at(-100) }),
    {
      request: { headers: request },
      origin: { status: 412, body: 'no' },
      expect: { asked: { headers: { ...request } as Record<string, string> }, status: 412, body: 'no' },
    },
    { request: {}, expect: { asked: false, ...WHOLE } },
  ]
}

const MODIFIED = { 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' }

export const cases: readonly CacheCase[] = [
  {
    id: 'received-none-match-same',
    rfc: '9111 4.3.2',
    requires: 'Who has the tag of the stored response in If-None-Match gets 304.',
    level: 'should',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': '"1"' }, NOT_MODIFIED),
  },
  {
    id: 'received-none-match-other',
    rfc: '9111 4.3.2',
    requires: 'Who has other tags gets the stored response.',
    level: 'must',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': '"2"' }, WHOLE),
  },
  {
    id: 'received-none-match-list',
    rfc: '9110 13.1.2',
    requires: 'Any tag of a list may be the one.',
    level: 'must',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': '"3", W/"2" ,"1"' }, NOT_MODIFIED),
  },
  {
    id: 'received-none-match-list-empty-elements',
    rfc: '9110 5.6.1',
    requires: 'Empty elements of a list of tags are passed over.',
    level: 'must',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': ', "2",, "1",' }, NOT_MODIFIED),
  },
  {
    id: 'received-none-match-several-lines',
    rfc: '9110 5.3',
    requires: 'Tags on several lines are one list.',
    level: 'must',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': ['"2"', '"1"'] }, NOT_MODIFIED),
  },
  {
    id: 'received-none-match-comma-in-tag',
    rfc: '9110 8.8.3',
    requires: 'A comma between quotes is a part of the tag.',
    level: 'must',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': '"2,"1",3"' }, WHOLE),
  },
  {
    id: 'received-none-match-star',
    rfc: '9110 13.1.2',
    requires: 'A star matches whatever is stored.',
    level: 'must',
    steps: answers({}, { 'If-None-Match': '*' }, NOT_MODIFIED),
  },
  {
    id: 'received-none-match-weak-against-strong',
    rfc: '9110 13.1.2',
    requires: 'Tags are compared weakly: a weak one of the client matches the strong one.',
    level: 'must',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': 'W/"1"' }, NOT_MODIFIED),
  },
  {
    id: 'received-none-match-strong-against-weak',
    rfc: '9110 13.1.2',
    requires: 'Tags are compared weakly: a strong one of the client matches the weak one.',
    level: 'must',
    steps: answers({ ETag: 'W/"1"' }, { 'If-None-Match': '"1"' }, NOT_MODIFIED),
  },
  {
    id: 'received-none-match-case',
    rfc: '9110 8.8.3',
    requires: 'Tags are compared with case.',
    level: 'must',
    steps: answers({ ETag: '"a"' }, { 'If-None-Match': '"A"' }, WHOLE),
  },
  {
    id: 'received-none-match-lower-case-w',
    rfc: '9110 8.8.3',
    requires: 'The mark of a weak tag is a capital.',
    level: 'must',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': 'w/"1"' }, WHOLE),
  },
  {
    id: 'received-none-match-without-quotes',
    rfc: '9110 8.8.3',
    requires: 'What is no tag matches none.',
    level: 'own',
    steps: answers({ ETag: '"1"' }, { 'If-None-Match': '1' }, WHOLE),
  },
  {
    id: 'received-none-match-stored-without-tag',
    rfc: '9111 4.3.2',
    requires: 'A response without a tag matches no tag.',
    level: 'must',
    steps: answers({ 'Last-Modified': at(-100) }, { 'If-None-Match': '"1"' }, WHOLE),
  },
  {
    id: 'received-none-match-before-date-whole',
    rfc: '9110 13.2.2',
    requires:
      'Beside If-None-Match, If-Modified-Since counts for nothing: what has changed by its tag is sent.',
    level: 'must',
    steps: answers(
      { ETag: '"1"', 'Last-Modified': at(-100) },
      { 'If-None-Match': '"2"', 'If-Modified-Since': at(-100) },
      WHOLE,
    ),
  },
  {
    id: 'received-none-match-before-date-304',
    rfc: '9110 13.2.2',
    requires:
      'Beside If-None-Match, If-Modified-Since counts for nothing: what is the same by its tag is not sent.',
    level: 'must',
    steps: answers(
      { ETag: '"1"', 'Last-Modified': at(-100) },
      { 'If-None-Match': '"1"', 'If-Modified-Since': at(-200) },
      NOT_MODIFIED,
    ),
  },
  {
    id: 'received-none-match-head',
    rfc: '9111 4.3.2',
    requires: 'Conditions count for HEAD as they do for GET.',
    level: 'should',
    steps: [
      stored({ ETag: '"1"' }),
      {
        request: { method: 'HEAD', headers: { 'If-None-Match': '"1"' } },
        expect: { asked: false, status: 304 },
      },
    ],
  },
  {
    id: 'received-none-match-on-miss',
    rfc: '9111 4.3.2',
    requires:
      'On a miss the whole response is asked for, so that it can be stored; the client that has it gets 304.',
    level: 'own',
    steps: [
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: 'stored' },
        expect: { asked: { headers: { 'If-None-Match': null } }, ...NOT_MODIFIED },
      },
      { request: {}, expect: { asked: false, ...WHOLE } },
    ],
  },
  {
    id: 'received-none-match-not-stored-yet',
    rfc: '9110 13.1.2',
    requires:
      'Who has the tag of an answer that is not stored gets 304, though the service was asked without conditions.',
    level: 'own',
    steps: [
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        origin: { headers: { 'Cache-Control': 'private', ETag: '"1"', 'Content-Type': 'text/plain' } },
        expect: { asked: true, ...NOT_MODIFIED, headers: { ETag: '"1"', 'Content-Type': null } },
      },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'received-none-match-not-stored-other',
    rfc: '9110 13.1.2',
    requires: 'Who has another tag gets the answer that is not stored.',
    level: 'must',
    steps: [
      {
        request: { headers: { 'If-None-Match': '"2"' } },
        origin: { headers: { 'Cache-Control': 'private', ETag: '"1"' }, body: 'mine' },
        expect: { asked: true, body: 'mine' },
      },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'received-none-match-never-stored',
    rfc: '9111 4.3.2',
    requires: 'Where answers are for one client alone, conditions are sent on, and the 304 is passed back.',
    level: 'own',
    steps: [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'private', ETag: '"1"' } },
        expect: { asked: true },
      },
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        origin: { status: 304, headers: { 'Cache-Control': 'private', ETag: '"1"' } },
        expect: { asked: { headers: { 'If-None-Match': '"1"' } }, ...NOT_MODIFIED },
      },
    ],
  },
  {
    id: 'received-part-with-condition',
    rfc: '9111 4.3.4',
    requires: 'A 304 to conditions of the client alone updates nothing that is stored.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=10' }, body: 'stored' },
        expect: { asked: true },
      },
      { advance: '20s' },
      {
        request: { headers: { Range: 'bytes=0-0', 'If-None-Match': '"2"' } },
        origin: { status: 304, headers: { 'Cache-Control': 'max-age=60' } },
        expect: { asked: { headers: { 'If-None-Match': '"2"' } }, ...NOT_MODIFIED },
      },
      { request: {}, origin: { body: 'new' }, expect: { asked: true, status: 200, body: 'new' } },
    ],
  },
  {
    id: 'received-none-match-not-on-errors',
    rfc: '9110 13.2.1',
    requires: 'Conditions are judged for what would be a success alone.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: { status: 404, headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: 'none' },
        expect: { asked: true },
      },
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        expect: { asked: false, status: 404, body: 'none' },
      },
    ],
  },
  {
    id: 'received-since-same',
    rfc: '9111 4.3.2',
    requires: 'Who has the response of the same Last-Modified gets 304.',
    level: 'should',
    steps: answers(MODIFIED, { 'If-Modified-Since': MODIFIED['Last-Modified'] }, NOT_MODIFIED),
  },
  {
    id: 'received-since-later',
    rfc: '9110 13.1.3',
    requires: 'A date after Last-Modified gets 304 too.',
    level: 'must',
    steps: answers(MODIFIED, { 'If-Modified-Since': 'Mon, 07 Nov 1994 08:49:37 GMT' }, NOT_MODIFIED),
  },
  {
    id: 'received-since-earlier',
    rfc: '9110 13.1.3',
    requires: 'A date before Last-Modified gets the response.',
    level: 'must',
    steps: answers(MODIFIED, { 'If-Modified-Since': 'Sun, 06 Nov 1994 08:49:36 GMT' }, WHOLE),
  },
  {
    id: 'received-since-rfc850',
    rfc: '9110 5.6.7',
    requires: 'A date of the format of RFC 850 is read.',
    level: 'must',
    steps: answers(MODIFIED, { 'If-Modified-Since': 'Sunday, 06-Nov-94 08:49:37 GMT' }, NOT_MODIFIED),
  },
  {
    id: 'received-since-rfc850-earlier',
    rfc: '9110 5.6.7',
    requires: 'A date of the format of RFC 850 is compared as the other formats are.',
    level: 'must',
    steps: answers(MODIFIED, { 'If-Modified-Since': 'Sunday, 06-Nov-94 08:49:36 GMT' }, WHOLE),
  },
  {
    id: 'received-since-asctime',
    rfc: '9110 5.6.7',
    requires: 'A date of the format of asctime is read.',
    level: 'must',
    steps: answers(MODIFIED, { 'If-Modified-Since': 'Sun Nov  6 08:49:37 1994' }, NOT_MODIFIED),
  },
  {
    id: 'received-since-asctime-earlier',
    rfc: '9110 5.6.7',
    requires: 'A date of the format of asctime is compared as the other formats are.',
    level: 'must',
    steps: answers(MODIFIED, { 'If-Modified-Since': 'Sun Nov  6 08:49:36 1994' }, WHOLE),
  },
  ...[
    ['no-date', 'yesterday'],
    ['other-zone', 'Mon, 07 Nov 1994 08:49:37 CET'],
    ['impossible', 'Wed, 31 Feb 1996 08:49:37 GMT'],
    ['number', '784198177'],
  ].map(
    ([name, value]): CacheCase => ({
      id: `received-since-${name}`,
      rfc: '9110 13.1.3',
      requires: 'An If-Modified-Since that is no HTTP date counts for nothing.',
      level: 'must',
      steps: answers(MODIFIED, { 'If-Modified-Since': value! }, WHOLE),
    }),
  ),
  {
    id: 'received-since-date-of-stored',
    rfc: '9111 4.3.2',
    requires:
      'A stored response without Last-Modified is compared by its Date: who has it since then has it.',
    level: 'must',
    steps: answers({ Date: at(0) }, { 'If-Modified-Since': at(0) }, NOT_MODIFIED),
  },
  {
    id: 'received-since-before-date-of-stored',
    rfc: '9111 4.3.2',
    requires:
      'A stored response without Last-Modified is compared by its Date: who asks since before gets it.',
    level: 'must',
    steps: answers({ Date: at(0) }, { 'If-Modified-Since': at(-1) }, WHOLE),
  },
  {
    id: 'received-304-head',
    rfc: '9110 15.4.5',
    requires:
      'A 304 has what the client goes by: Cache-Control, Content-Location, Date, ETag, Expires, Vary.',
    level: 'must',
    steps: [
      stored({
        ETag: '"1"',
        'Content-Location': '/b',
        Date: at(0),
        Expires: at(60),
        Vary: 'X-A',
        'Content-Type': 'text/plain',
      }),
      { advance: '5s' },
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        expect: {
          asked: false,
          ...NOT_MODIFIED,
          headers: {
            'Cache-Control': 'max-age=60',
            'Content-Location': '/b',
            Date: at(0),
            ETag: '"1"',
            Expires: at(60),
            Vary: 'X-A',
            Age: '5',
          },
        },
      },
    ],
  },
  {
    id: 'received-304-without-fields-of-content',
    rfc: '9110 15.4.5',
    requires: 'A 304 does not describe the content that it does not have.',
    level: 'should',
    steps: [
      stored({
        ETag: '"1"',
        'Content-Type': 'text/plain',
        'Content-Language': 'de',
        'Content-Encoding': 'x-one',
      }),
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        expect: {
          asked: false,
          ...NOT_MODIFIED,
          headers: { 'Content-Type': null, 'Content-Language': null, 'Content-Encoding': null },
        },
      },
    ],
  },
  {
    id: 'received-304-leaves-stored',
    rfc: '9111 4.3.2',
    requires: 'A 304 for one client leaves the stored response whole for others.',
    level: 'must',
    steps: [
      ...answers({ ETag: '"1"', 'Content-Type': 'text/plain' }, { 'If-None-Match': '"1"' }, NOT_MODIFIED),
      { request: {}, expect: { asked: false, ...WHOLE, headers: { 'Content-Type': 'text/plain' } } },
    ],
  },
  {
    id: 'received-not-from-stale',
    rfc: '9111 4.3.2',
    requires: 'A stale response is not the ground for a 304 before it was validated.',
    level: 'must',
    steps: [
      stored({ ETag: '"1"' }),
      { advance: '61s' },
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"2"' }, body: 'new' },
        expect: { asked: true, status: 200, body: 'new' },
      },
    ],
  },
  {
    id: 'received-304-when-confirmed',
    rfc: '9111 4.3.3',
    requires: 'Who has the tag of a stale response that is confirmed gets 304.',
    level: 'should',
    steps: [
      stored({ ETag: '"1"' }),
      { advance: '61s' },
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        origin: { status: 304, headers: { ETag: '"1"', 'Cache-Control': 'max-age=60' } },
        expect: { asked: true, ...NOT_MODIFIED },
      },
      { request: {}, expect: { asked: false, ...WHOLE } },
    ],
  },
  {
    id: 'received-304-for-new-response',
    rfc: '9111 4.3.3',
    requires:
      'Who has the tag of the response that takes the place of a stale one gets 304, and it is stored.',
    level: 'own',
    steps: [
      stored({ ETag: '"1"' }),
      { advance: '61s' },
      {
        request: { headers: { 'If-None-Match': '"2"' } },
        origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"2"' }, body: 'new' },
        expect: { asked: true, ...NOT_MODIFIED, headers: { ETag: '"2"' } },
      },
      { request: {}, expect: { asked: false, status: 200, body: 'new' } },
    ],
  },
  {
    id: 'received-if-match',
    rfc: '9111 4.3.2',
    requires: 'If-Match is for the service to judge: the request goes past the cache.',
    level: 'must',
    steps: goesPast({ 'If-Match': '"1"' }),
  },
  {
    id: 'received-if-unmodified-since',
    rfc: '9111 4.3.2',
    requires: 'If-Unmodified-Since is for the service to judge: the request goes past the cache.',
    level: 'must',
    steps: goesPast({ 'If-Unmodified-Since': at(-100) }),
  },
  {
    id: 'received-if-match-with-others',
    rfc: '9111 4.3.2',
    requires: 'A request with If-Match goes past the cache with all of its conditions.',
    level: 'must',
    steps: goesPast({ 'If-Match': '"1"', 'If-None-Match': '"1"' }),
  },
]
