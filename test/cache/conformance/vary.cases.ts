import type { CacheCase, Fields } from './case.ts'

function varied(body: string, vary: string | readonly string[] = 'X-A') {
  return { headers: { 'Cache-Control': 'max-age=60', Vary: vary }, body }
}

/** One response is stored for the first fields; the second do not match it. Both are kept, each for its own. */
function apart(vary: string | readonly string[], first: Fields, second: Fields): CacheCase['steps'] {
  return [
    { request: { headers: first }, origin: varied('one', vary), expect: { asked: true, body: 'one' } },
    { request: { headers: second }, origin: varied('two', vary), expect: { asked: true, body: 'two' } },
    { request: { headers: first }, expect: { asked: false, body: 'one' } },
    { request: { headers: second }, expect: { asked: false, body: 'two' } },
  ]
}

/** The second fields match what is stored for the first. */
function same(vary: string | readonly string[], first: Fields, second: Fields): CacheCase['steps'] {
  return [
    { request: { headers: first }, origin: varied('one', vary), expect: { asked: true, body: 'one' } },
    { request: { headers: second }, origin: varied('two', vary), expect: { asked: false, body: 'one' } },
  ]
}

/** Every request is asked for. */
function never(vary: string | readonly string[]): CacheCase['steps'] {
  return [
    { request: { headers: { 'X-A': '1' } }, origin: varied('one', vary), expect: { asked: true } },
    {
      request: { headers: { 'X-A': '1' } },
      origin: varied('two', vary),
      expect: { asked: true, body: 'two' },
    },
  ]
}

const codings = ['br', 'gzip']
const coded = (coding: string) => ({
  headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Encoding', 'Content-Encoding': coding },
  body: coding,
})

export const cases: readonly CacheCase[] = [
  {
    id: 'vary-match',
    rfc: '9111 4.1',
    requires:
      'A stored response answers a request that has the same values in the fields that its Vary names.',
    level: 'may',
    steps: same('X-A', { 'X-A': '1' }, { 'X-A': '1' }),
  },
  {
    id: 'vary-no-match',
    rfc: '9111 4.1',
    requires:
      'A stored response does not answer a request that has another value in a field that its Vary names.',
    level: 'must',
    steps: apart('X-A', { 'X-A': '1' }, { 'X-A': '2' }),
  },
  {
    id: 'vary-field-not-named',
    rfc: '9111 4.1',
    requires: 'Fields that Vary does not name play no part.',
    level: 'may',
    steps: same('X-A', { 'X-A': '1', 'X-B': '1' }, { 'X-A': '1', 'X-B': '2' }),
  },
  {
    id: 'vary-absent-in-second',
    rfc: '9111 4.1',
    requires: 'A field that was there matches only where it is there.',
    level: 'must',
    steps: apart('X-A', { 'X-A': '1' }, {}),
  },
  {
    id: 'vary-absent-in-first',
    rfc: '9111 4.1',
    requires: 'A field that was absent matches only where it is absent.',
    level: 'must',
    steps: apart('X-A', {}, { 'X-A': '1' }),
  },
  {
    id: 'vary-absent-in-both',
    rfc: '9111 4.1',
    requires: 'A field that is absent from both requests matches.',
    level: 'must',
    steps: same('X-A', {}, {}),
  },
  {
    id: 'vary-absent-against-empty',
    rfc: '9111 4.1',
    requires: 'A field that is absent is something else than one that is empty.',
    level: 'must',
    steps: apart('X-A', {}, { 'X-A': '' }),
  },
  {
    id: 'vary-two-fields-match',
    rfc: '9111 4.1',
    requires: 'Where Vary names several fields, a request that has all their values is answered.',
    level: 'may',
    steps: same('X-A, X-B', { 'X-A': '1', 'X-B': '2' }, { 'X-B': '2', 'X-A': '1' }),
  },
  {
    id: 'vary-two-fields-one-differs',
    rfc: '9111 4.1',
    requires: 'Where Vary names several fields, all of them have to match.',
    level: 'must',
    steps: apart('X-A, X-B', { 'X-A': '1', 'X-B': '2' }, { 'X-A': '1', 'X-B': '3' }),
  },
  {
    id: 'vary-two-fields-swapped',
    rfc: '9111 4.1',
    requires: 'Each field is compared with itself alone.',
    level: 'must',
    steps: apart('X-A, X-B', { 'X-A': '1', 'X-B': '2' }, { 'X-A': '2', 'X-B': '1' }),
  },
  {
    id: 'vary-two-lines',
    rfc: '9111 4.1',
    requires: 'Names on several lines of Vary count together.',
    level: 'must',
    steps: apart(['X-A', 'X-B'], { 'X-A': '1', 'X-B': '2' }, { 'X-A': '1', 'X-B': '3' }),
  },
  {
    id: 'vary-name-case',
    rfc: '9111 4.1',
    requires: 'Names in Vary are compared without case.',
    level: 'must',
    steps: apart('x-a', { 'X-A': '1' }, { 'X-A': '2' }),
  },
  {
    id: 'vary-empty',
    rfc: '9110 12.5.5',
    requires: 'A Vary that names nothing depends on nothing.',
    level: 'may',
    steps: same('', { 'X-A': '1' }, { 'X-A': '2' }),
  },
  {
    id: 'vary-empty-elements',
    rfc: '9110 5.6.1',
    requires: 'Empty elements of Vary are passed over.',
    level: 'must',
    steps: same(', X-A,, ', { 'X-A': '1' }, { 'X-A': '1' }),
  },
  {
    id: 'vary-star',
    rfc: '9111 4.1',
    requires: 'A response with Vary: * answers no other request.',
    level: 'must',
    steps: never('*'),
  },
  {
    id: 'vary-star-in-list',
    rfc: '9111 4.1',
    requires: 'A star among other names counts as much as one alone.',
    level: 'must',
    steps: never('X-A, *'),
  },
  {
    id: 'vary-star-on-second-line',
    rfc: '9111 4.1',
    requires: 'A star on any line of Vary counts.',
    level: 'must',
    steps: never(['X-A', '*']),
  },
  {
    id: 'vary-star-leaves-others',
    rfc: '9111 4.1',
    requires: 'A response with Vary: * does not take the place of one that was stored.',
    level: 'own',
    steps: [
      { request: { headers: { 'X-A': '1' } }, origin: varied('one'), expect: { asked: true } },
      { request: { headers: { 'X-A': '2' } }, origin: varied('all', '*'), expect: { asked: true } },
      { request: { headers: { 'X-A': '1' } }, expect: { asked: false, body: 'one' } },
    ],
  },
  {
    id: 'vary-malformed',
    rfc: '9110 12.5.5',
    requires: 'A Vary that cannot be read counts as a star.',
    level: 'own',
    steps: never('X-A X-B'),
  },
  {
    id: 'vary-too-many',
    rfc: '9110 12.5.5',
    requires: 'A Vary with more than 32 names counts as a star.',
    level: 'own',
    steps: never(Array.from({ length: 33 }, (_, i) => `X-${i}`).join(', ')),
  },
  ...['X-Forwarded-For', 'Forwarded'].map(
    (name): CacheCase => ({
      id: `vary-${name.toLowerCase()}`,
      rfc: '9111 4.1',
      requires: 'A field that the proxy writes of each client counts as a star: the cache cannot compare it.',
      level: 'must',
      steps: never(`X-A, ${name}`),
    }),
  ),
  {
    id: 'vary-value-case',
    rfc: '9111 4.1',
    requires: 'Values of fields of which nothing is known are compared with case.',
    level: 'must',
    steps: apart('X-A', { 'X-A': 'v' }, { 'X-A': 'V' }),
  },
  {
    id: 'vary-value-white-space',
    rfc: '9111 4.1',
    requires: 'White space in a list of which nothing is known counts.',
    level: 'own',
    steps: apart('X-A', { 'X-A': '1,2' }, { 'X-A': '1, 2' }),
  },
  {
    id: 'vary-value-several-lines',
    rfc: '9111 4.1',
    requires: 'A field on several lines matches the same values on one line.',
    level: 'may',
    steps: same('X-A', { 'X-A': ['1', '2'] }, { 'X-A': '1, 2' }),
  },
  {
    id: 'vary-value-other-order',
    rfc: '9111 4.1',
    requires: 'The order of the values in a list counts.',
    level: 'must',
    steps: apart('Accept-Language', { 'Accept-Language': 'de, en' }, { 'Accept-Language': 'en, de' }),
  },
  {
    id: 'vary-normal-white-space',
    rfc: '9111 4.1',
    requires: 'White space in a field whose lists are known does not count.',
    level: 'may',
    steps: same(
      'Accept-Language',
      { 'Accept-Language': 'de, en;q=0.5' },
      { 'Accept-Language': 'de,en; q=0.5' },
    ),
  },
  {
    id: 'vary-normal-case',
    rfc: '9111 4.1',
    requires: 'Codings and languages are compared without case.',
    level: 'may',
    steps: same('Accept-Encoding', { 'Accept-Encoding': 'GZIP' }, { 'Accept-Encoding': 'gzip' }),
  },
  {
    id: 'vary-normal-accept-quoted',
    rfc: '9111 4.1',
    requires: 'Nothing is changed in a value that has quoted strings in it.',
    level: 'must',
    steps: apart('Accept', { Accept: 'text/plain;x="a b"' }, { Accept: 'text/plain;x="ab"' }),
  },
  {
    id: 'vary-three-variants',
    rfc: '9111 4.1',
    requires: 'Several responses of one URI are stored beside each other.',
    level: 'may',
    steps: [
      ...['1', '2', '3'].map((value): CacheCase['steps'][number] => ({
        request: { headers: { 'X-A': value } },
        origin: varied(value),
        expect: { asked: true, body: value },
      })),
      ...['2', '1', '3'].map((value): CacheCase['steps'][number] => ({
        request: { headers: { 'X-A': value } },
        expect: { asked: false, body: value },
      })),
    ],
  },
  {
    id: 'vary-most-recent-of-two',
    rfc: '9111 4.1',
    requires: 'Of several stored responses that match, the most recent one by its Date is used.',
    level: 'must',
    steps: [
      {
        request: { headers: { 'X-A': '1', 'X-B': '1' } },
        origin: {
          headers: { 'Cache-Control': 'max-age=600', Vary: 'X-A', Date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
          body: 'by A',
        },
        expect: { asked: true },
      },
      { advance: '10s' },
      {
        request: { headers: { 'X-A': '2', 'X-B': '2' } },
        origin: {
          headers: { 'Cache-Control': 'max-age=600', Vary: 'X-B', Date: 'Thu, 01 Jan 2026 00:00:10 GMT' },
          body: 'by B',
        },
        expect: { asked: true },
      },
      { request: { headers: { 'X-A': '1', 'X-B': '2' } }, expect: { asked: false, body: 'by B' } },
    ],
  },
  {
    id: 'vary-older-comes-later',
    rfc: '9111 4.1',
    requires: 'It is the Date of responses that says which is more recent, not when they came.',
    level: 'must',
    steps: [
      {
        request: { headers: { 'X-A': '1', 'X-B': '1' } },
        origin: {
          headers: { 'Cache-Control': 'max-age=600', Vary: 'X-A', Date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
          body: 'newer',
        },
        expect: { asked: true },
      },
      {
        request: { headers: { 'X-A': '2', 'X-B': '2' } },
        origin: {
          headers: { 'Cache-Control': 'max-age=600', Vary: 'X-B', Date: 'Wed, 31 Dec 2025 23:59:00 GMT' },
          body: 'older',
        },
        expect: { asked: true },
      },
      { request: { headers: { 'X-A': '1', 'X-B': '2' } }, expect: { asked: false, body: 'newer' } },
    ],
  },
  {
    id: 'vary-gone',
    rfc: '9111 4.1',
    requires: 'A stored response without Vary answers whoever asks, also where others of its URI have one.',
    level: 'may',
    steps: [
      { request: { headers: { 'X-A': '1' } }, origin: varied('one'), expect: { asked: true } },
      { advance: '1s' },
      {
        request: { headers: { 'X-A': '2' } },
        origin: { headers: { 'Cache-Control': 'max-age=60' }, body: 'for all' },
        expect: { asked: true },
      },
      { request: { headers: { 'X-A': '3' } }, expect: { asked: false, body: 'for all' } },
    ],
  },
  {
    id: 'vary-added-later',
    rfc: '9111 4.1',
    requires: 'What Vary says is taken from each stored response, not from the last one.',
    level: 'must',
    steps: [
      { request: { headers: { 'X-A': '1' } }, origin: varied('one'), expect: { asked: true } },
      {
        request: { headers: { 'X-A': '2', 'X-B': '2' } },
        origin: varied('two', 'X-A, X-B'),
        expect: { asked: true },
      },
      { request: { headers: { 'X-A': '1', 'X-B': '9' } }, expect: { asked: false, body: 'one' } },
      {
        request: { headers: { 'X-A': '2', 'X-B': '9' } },
        origin: varied('three', 'X-A, X-B'),
        expect: { asked: true },
      },
    ],
  },
  {
    id: 'vary-one-stale',
    rfc: '9111 4.1',
    requires: 'Each variant has a lifetime of its own.',
    level: 'must',
    steps: [
      {
        request: { headers: { 'X-A': '1' } },
        origin: { headers: { 'Cache-Control': 'max-age=10', Vary: 'X-A' }, body: 'short' },
        expect: { asked: true },
      },
      { request: { headers: { 'X-A': '2' } }, origin: varied('long'), expect: { asked: true } },
      { advance: '20s' },
      { request: { headers: { 'X-A': '2' } }, expect: { asked: false, body: 'long' } },
      { request: { headers: { 'X-A': '1' } }, origin: varied('anew'), expect: { asked: true, body: 'anew' } },
    ],
  },
  {
    id: 'vary-cookie',
    rfc: '9111 4.1',
    requires: 'A response that depends on the cookie is for those with the same cookie.',
    level: 'must',
    steps: apart('Cookie', { Cookie: 'user=1' }, { Cookie: 'user=2' }),
  },
  {
    id: 'vary-range-fields-stay',
    rfc: '9111 4.1',
    requires: 'The stored Vary is sent with each answer.',
    level: 'must',
    steps: [
      { request: { headers: { 'X-A': '1' } }, origin: varied('one'), expect: { asked: true } },
      { request: { headers: { 'X-A': '1' } }, expect: { asked: false, headers: { Vary: 'X-A' } } },
    ],
  },
  {
    id: 'vary-many-variants-bounded',
    rfc: '9111 4.1',
    requires: 'Of one URI, the 32 newest variants are kept.',
    level: 'own',
    steps: [
      ...Array.from({ length: 33 }, (_, i): CacheCase['steps'][number] => ({
        request: { headers: { 'X-A': String(i) } },
        origin: varied(String(i)),
        expect: { asked: true },
      })),
      { request: { headers: { 'X-A': '32' } }, expect: { asked: false, body: '32' } },
      { request: { headers: { 'X-A': '1' } }, expect: { asked: false, body: '1' } },
      {
        request: { headers: { 'X-A': '0' } },
        origin: varied('again'),
        expect: { asked: true, body: 'again' },
      },
    ],
  },
  {
    id: 'codings-preferred',
    rfc: '9111 4.1',
    requires:
      'With the option, the service is asked for the one coding that the cache prefers of those that the client takes.',
    level: 'may',
    options: { codings },
    steps: [
      {
        request: { headers: { 'Accept-Encoding': 'gzip, deflate, br' } },
        origin: coded('br'),
        expect: { asked: { headers: { 'Accept-Encoding': 'br' } }, body: 'br' },
      },
      { request: { headers: { 'Accept-Encoding': 'br;q=0.1, gzip' } }, expect: { asked: false, body: 'br' } },
    ],
  },
  {
    id: 'codings-second-choice',
    rfc: '9111 4.1',
    requires: 'A client that does not take the preferred coding gets the next one.',
    level: 'may',
    options: { codings },
    steps: [
      {
        request: { headers: { 'Accept-Encoding': 'br' } },
        origin: coded('br'),
        expect: { asked: { headers: { 'Accept-Encoding': 'br' } } },
      },
      {
        request: { headers: { 'Accept-Encoding': 'gzip' } },
        origin: coded('gzip'),
        expect: { asked: { headers: { 'Accept-Encoding': 'gzip' } }, body: 'gzip' },
      },
      {
        request: { headers: { 'Accept-Encoding': 'deflate, gzip' } },
        expect: { asked: false, body: 'gzip' },
      },
    ],
  },
  {
    id: 'codings-refused',
    rfc: '9110 12.5.3',
    requires: 'A coding with the weight 0 is not sent to the client.',
    level: 'must',
    options: { codings },
    steps: [
      { request: { headers: { 'Accept-Encoding': 'br' } }, origin: coded('br'), expect: { asked: true } },
      {
        request: { headers: { 'Accept-Encoding': 'br;q=0, gzip;q=0' } },
        origin: { headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Encoding' }, body: 'plain' },
        expect: { asked: { headers: { 'Accept-Encoding': 'identity' } }, body: 'plain' },
      },
    ],
  },
  {
    id: 'codings-absent',
    rfc: '9110 12.5.3',
    requires: 'A client that says nothing of codings gets none.',
    level: 'own',
    options: { codings },
    steps: [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Encoding' }, body: 'plain' },
        expect: { asked: { headers: { 'Accept-Encoding': 'identity' } }, body: 'plain' },
      },
      { request: { headers: { 'Accept-Encoding': 'identity' } }, expect: { asked: false, body: 'plain' } },
    ],
  },
  {
    id: 'codings-off',
    rfc: '9111 4.1',
    requires: 'Without the option, what the client says of codings is sent on as it is.',
    level: 'own',
    steps: [
      {
        request: { headers: { 'Accept-Encoding': 'gzip, br' } },
        origin: coded('br'),
        expect: { asked: { headers: { 'Accept-Encoding': 'gzip, br' } } },
      },
      {
        request: { headers: { 'Accept-Encoding': 'br, gzip' } },
        origin: coded('gzip'),
        expect: { asked: true, body: 'gzip' },
      },
    ],
  },
]
