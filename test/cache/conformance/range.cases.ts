import { at, type CacheCase, type Expected, type Fields, type Step } from './case.ts'
import { rows } from './steps.ts'

/** 1000 bytes, each of which tells where it is. */
const CONTENT = Array.from({ length: 250 }, (_, i) => String(i).padStart(3, '0').concat('.')).join('')
const LENGTH = CONTENT.length

function stored(fields: Fields = { ETag: '"1"' }): Step {
  return {
    request: {},
    origin: {
      headers: { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain', ...fields },
      body: CONTENT,
    },
    expect: { asked: true },
  }
}

const WHOLE: Expected = { status: 200, body: CONTENT, headers: { 'Content-Range': null } }

function part(first: number, last: number): Expected {
  return {
    status: 206,
    body: CONTENT.slice(first, last + 1),
    headers: {
      'Content-Range': `bytes ${first}-${last}/${LENGTH}`,
      'Content-Length': String(last - first + 1),
      'Content-Type': 'text/plain',
    },
  }
}

const UNSATISFIABLE: Expected = { status: 416, body: '', headers: { 'Content-Range': `bytes */${LENGTH}` } }

/** Asks for this range of what is stored. */
function answers(range: string, expected: Expected, more: Fields = {}, fields?: Fields): CacheCase['steps'] {
  return [
    stored(fields),
    { request: { headers: { Range: range, ...more } }, expect: { asked: false, ...expected } },
  ]
}

const row = rows('range-')

const OLD = { 'Last-Modified': at(-1_000), Date: at(0) }

export const cases: readonly CacheCase[] = [
  row(
    'first-bytes',
    '9110 14.1.2',
    'may',
    'A range of a stored response is answered from it.',
    answers('bytes=0-3', part(0, 3)),
  ),
  row(
    'middle',
    '9110 14.1.2',
    'must',
    'Both ends of a range belong to it.',
    answers('bytes=100-199', part(100, 199)),
  ),
  row('one-byte', '9110 14.1.2', 'must', 'A range may be of one byte.', answers('bytes=7-7', part(7, 7))),
  row(
    'open',
    '9110 14.1.2',
    'must',
    'A range without an end goes to the last byte.',
    answers('bytes=990-', part(990, 999)),
  ),
  row('all', '9110 14.1.2', 'must', 'A range of all bytes is a part too.', answers('bytes=0-', part(0, 999))),
  row(
    'clipped',
    '9110 14.1.2',
    'must',
    'A range that ends beyond the content ends with it.',
    answers('bytes=990-2000', part(990, 999)),
  ),
  row(
    'suffix',
    '9110 14.1.2',
    'must',
    'A suffix is so many bytes at the end.',
    answers('bytes=-10', part(990, 999)),
  ),
  row(
    'suffix-longer-than-content',
    '9110 14.1.2',
    'must',
    'A suffix that is longer than the content is all of it.',
    answers('bytes=-2000', part(0, 999)),
  ),
  row(
    'huge-numbers',
    '9110 14.1.2',
    'must',
    'Numbers that no machine has are read as far away.',
    answers('bytes=990-99999999999999999999999', part(990, 999)),
  ),
  row(
    'unit-case',
    '9110 14.1',
    'must',
    'The unit is compared without case.',
    answers('Bytes=0-3', part(0, 3)),
  ),
  row(
    'empty-elements',
    '9110 5.6.1',
    'must',
    'Empty elements of a list of ranges are passed over.',
    answers('bytes=, 0-3 ,', part(0, 3)),
  ),
  row(
    'beyond',
    '9110 15.5.17',
    'should',
    'A range that begins beyond the content is answered by 416 with its length.',
    answers('bytes=1000-', UNSATISFIABLE),
  ),
  row(
    'suffix-of-nothing',
    '9110 14.1.2',
    'must',
    'A suffix of no bytes cannot be satisfied.',
    answers('bytes=-0', UNSATISFIABLE),
  ),
  row(
    'one-of-two-beyond',
    '9110 15.3.7',
    'must',
    'Of several ranges, those that are there are sent.',
    answers('bytes=2000-2001,0-3', part(0, 3)),
  ),
  ...(
    [
      ['other-unit', 'lines=0-3'],
      ['no-range', 'bytes=a-b'],
      ['negative', 'bytes=--3'],
      ['last-before-first', 'bytes=3-1'],
      ['no-numbers', 'bytes=-'],
      ['one-malformed-of-two', 'bytes=0-3,x'],
      ['white-space-inside', 'bytes=0 - 3'],
      ['nothing', 'bytes='],
    ] as const
  ).map(([id, range]) =>
    row(
      `ignored-${id}`,
      '9110 14.2',
      'may',
      'A Range of another unit, or one that is malformed, counts for nothing.',
      answers(range, WHOLE),
    ),
  ),
  row(
    'too-many',
    '9110 17.15',
    'own',
    'A Range with more than 16 ranges counts for nothing.',
    answers(`bytes=${Array.from({ length: 17 }, (_, i) => `${i * 50}-${i * 50}`).join(',')}`, WHOLE),
  ),
  row(
    'overlapping',
    '9110 15.3.7.2',
    'may',
    'Ranges that overlap are sent as one.',
    answers('bytes=0-99,50-149', part(0, 149)),
  ),
  row(
    'touching',
    '9110 15.3.7.2',
    'may',
    'Ranges with little between them are sent as one.',
    answers('bytes=0-9,20-29', part(0, 29)),
  ),
  row(
    'several',
    '9110 15.3.7.2',
    'must',
    'Several ranges are sent as multipart/byteranges, each with its own.',
    [
      stored(),
      {
        request: { headers: { Range: 'bytes=0-3,500-503' } },
        expect: {
          asked: false,
          status: 206,
          headers: { 'Content-Type': /^multipart\/byteranges; boundary=\w+$/, 'Content-Range': null },
          body: /^--(\w+)\r\nContent-Type: text\/plain\r\nContent-Range: bytes 0-3\/1000\r\n\r\n000\.\r\n--\1\r\nContent-Type: text\/plain\r\nContent-Range: bytes 500-503\/1000\r\n\r\n125\.\r\n--\1--\r\n$/,
        },
      },
    ],
  ),
  row(
    'several-in-order-of-request',
    '9110 15.3.7.2',
    'should',
    'Parts are sent in the order of the request.',
    [
      stored(),
      {
        request: { headers: { Range: 'bytes=500-503,0-3' } },
        expect: { asked: false, status: 206, body: /bytes 500-503\/1000[\s\S]*bytes 0-3\/1000/ },
      },
    ],
  ),
  row('fields-of-206', '9110 15.3.7', 'must', 'A 206 has the fields that a 200 would have.', [
    stored({
      ETag: '"1"',
      Date: at(0),
      Expires: at(60),
      Vary: 'X-A',
      'Content-Location': '/b',
      'Last-Modified': at(-9),
    }),
    { advance: '5s' },
    {
      request: { headers: { Range: 'bytes=0-3' } },
      expect: {
        asked: false,
        status: 206,
        body: '000.',
        headers: {
          'Cache-Control': 'max-age=60',
          'Content-Location': '/b',
          Date: at(0),
          ETag: '"1"',
          Expires: at(60),
          'Last-Modified': at(-9),
          Vary: 'X-A',
          Age: '5',
        },
      },
    },
  ]),
  row(
    'if-range-same-tag',
    '9110 13.1.5',
    'must',
    'Where If-Range has the tag of the stored response, the range counts.',
    answers('bytes=0-3', part(0, 3), { 'If-Range': '"1"' }),
  ),
  row(
    'if-range-other-tag',
    '9110 13.1.5',
    'must',
    'Where If-Range has another tag, all of the response is sent.',
    answers('bytes=0-3', WHOLE, { 'If-Range': '"2"' }),
  ),
  row(
    'if-range-weak-of-client',
    '9110 13.1.5',
    'must',
    'If-Range compares strongly: a weak tag of the client matches nothing.',
    answers('bytes=0-3', WHOLE, { 'If-Range': 'W/"1"' }),
  ),
  row(
    'if-range-weak-stored',
    '9110 13.1.5',
    'must',
    'If-Range compares strongly: a response with a weak tag has none.',
    answers('bytes=0-3', WHOLE, { 'If-Range': 'W/"1"' }, { ETag: 'W/"1"' }),
  ),
  row(
    'if-range-same-date',
    '9110 13.1.5',
    'must',
    'Where If-Range has the Last-Modified of the stored response, the range counts.',
    answers('bytes=0-3', part(0, 3), { 'If-Range': at(-1_000) }, OLD),
  ),
  row(
    'if-range-later-date',
    '9110 13.1.5',
    'must',
    'A date in If-Range has to be the very same.',
    answers('bytes=0-3', WHOLE, { 'If-Range': at(-999) }, OLD),
  ),
  row(
    'if-range-weak-date',
    '9110 13.1.5',
    'must',
    'A date is no ground for a part where content can have changed within its second.',
    answers('bytes=0-3', WHOLE, { 'If-Range': at(0) }, { 'Last-Modified': at(0), Date: at(0) }),
  ),
  row(
    'if-range-malformed',
    '9110 13.1.5',
    'must',
    'An If-Range that is neither tag nor date matches nothing.',
    answers('bytes=0-3', WHOLE, { 'If-Range': '1' }),
  ),
  row(
    'if-range-stored-without-validator',
    '9110 13.1.5',
    'must',
    'A response without validators matches no If-Range.',
    answers('bytes=0-3', WHOLE, { 'If-Range': '"1"' }, {}),
  ),
  row(
    'after-none-match',
    '9110 13.2.2',
    'must',
    'Other conditions are judged before the range: who has the response gets 304.',
    answers('bytes=0-3', { status: 304, body: '' }, { 'If-None-Match': '"1"' }),
  ),
  row(
    'after-none-match-fails',
    '9110 13.2.2',
    'must',
    'Where the other conditions let it, the range counts.',
    answers('bytes=0-3', part(0, 3), { 'If-None-Match': '"2"' }),
  ),
  row('of-error', '9110 14.2', 'must', 'A range counts for a 200 alone.', [
    {
      request: {},
      origin: { status: 404, headers: { 'Cache-Control': 'max-age=60' }, body: 'nothing here' },
      expect: { asked: true },
    },
    {
      request: { headers: { Range: 'bytes=0-3' } },
      expect: { asked: false, status: 404, body: 'nothing here', headers: { 'Content-Range': null } },
    },
  ]),
  row('of-empty', '9110 14.1.2', 'must', 'Of an empty content no byte is there.', [
    {
      request: {},
      origin: { headers: { 'Cache-Control': 'max-age=60' }, body: '' },
      expect: { asked: true },
    },
    {
      request: { headers: { Range: 'bytes=0-3' } },
      expect: { asked: false, status: 416, body: '', headers: { 'Content-Range': 'bytes */0' } },
    },
  ]),
  row('leaves-whole', '9111 3.3', 'must', 'A part that was sent leaves the whole as it is stored.', [
    ...answers('bytes=0-3', part(0, 3)),
    { request: {}, expect: { asked: false, ...WHOLE } },
  ]),
  row(
    'on-miss-whole-answer',
    '9110 14.2',
    'may',
    'A service that passes over Range answers with all of it, which is stored.',
    [
      {
        request: { headers: { Range: 'bytes=0-3' } },
        origin: { headers: { 'Cache-Control': 'max-age=60' }, body: CONTENT },
        expect: { asked: true, status: 200, body: CONTENT },
      },
      { request: {}, expect: { asked: false, ...WHOLE } },
    ],
  ),
  row(
    'on-miss-is-sent-on',
    '9110 14.2',
    'must',
    'On a miss the range is asked for, and its 206 is passed on.',
    [
      {
        request: { headers: { Range: 'bytes=0-3' } },
        origin: {
          status: 206,
          headers: { 'Content-Range': `bytes 0-3/${LENGTH}`, 'Cache-Control': 'max-age=60' },
          body: '000.',
        },
        expect: {
          asked: { headers: { Range: 'bytes=0-3' } },
          status: 206,
          body: '000.',
          headers: { 'Content-Range': `bytes 0-3/${LENGTH}` },
        },
      },
      { request: {}, origin: { body: CONTENT }, expect: { asked: true, ...WHOLE } },
    ],
  ),
]
