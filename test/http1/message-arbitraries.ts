import fc from 'fast-check'
import {
  malformedRequests,
  malformedResponses,
  requests,
  responses,
  splits,
} from '../../src/testing/arbitraries/index.ts'

/** A message, valid or not, as its bytes (latin1), and as the pieces that they come in. */
export interface Sample {
  readonly bytes: string
  readonly pieces: readonly Buffer[]
}

const METHODS = ['CONNECT', 'M-SEARCH', 'TRACE', 'get', 'X-Y', '']
const TARGETS = ['//evil', '/..;/x', '*', 'http://u@b/', 'b:443', '[::1]:443', '/?a[]={1}|^`', '/a#b']
const VERSIONS = ['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1']
const HOSTS = ['', 'a b', 'a@b', 'a:99999', 'a,b', '%41']
const STATUS_LINES = [
  'HTTP/1.0 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/2 200 OK',
  'HTTP/1.1 200',
  'HTTP/1.1 101 S',
  'HTTP/1.1 103 E',
  'HTTP/1.1 99 X',
  'HTTP/1.1 600 X',
  'HTTP/1.1 2000 X',
  'HTTP/1.1 200 a\rb',
]
/** Fields that mean something to a parser, and what clever people write into them. */
const MEANT: readonly [name: string, values: readonly string[]][] = [
  [
    'Content-Length',
    ['0', '3', '5', '+5', '05', '5, 5', '0x5', '', '18446744073709551621', '99999999999', '5 '],
  ],
  [
    'Transfer-Encoding',
    ['chunked', 'Chunked', 'xchunked', 'chunked, chunked', 'gzip, chunked', 'identity', ''],
  ],
  ['Connection', ['close', 'keep-alive', 'upgrade', 'Keep-Alive, X', 'te, close', 'close\xa0', ',', 'a b']],
  ['Upgrade', ['websocket', 'h2c', 'TLS/1.0, websocket']],
  ['Expect', ['100-continue', '100-Continue', 'x']],
  ['TE', ['trailers', 'gzip;q=0.5, trailers']],
  ['Host', ['a', ...HOSTS]],
  ['Keep-Alive', ['timeout=5', 'timeout="x"']],
  ['Proxy-Connection', ['close', 'keep-alive']],
  ['Trailer', ['X', 'Content-Length']],
  ['Transfer_Encoding', ['chunked', 'a b']],
]
/** What a mutation inserts or puts in place of something. */
const DISTURBANCES = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\r\n\r\n',
    '\0',
    ' ',
    '\t',
    '\v',
    '\f',
    '\x7f',
    '\x80',
    '\xa0',
    ':',
    ';',
    ',',
    '"',
    '\\',
  ],
  ...['0', '5', 'a', 'G', '-', '+', '=', '/', '?', '#', '@', '[', ']', '%', '*', '{', '(', '<'],
  ...['\r\n ', '\n\r', '\r\r\n', ' :', 'HTTP/1.1', '0\r\n\r\n', 'Host: a\r\n', 'Content-Length: 5\r\n'],
  ...['Transfer-Encoding: chunked\r\n', 'GET / HTTP/1.1\r\n', ';a="b"', ';a', 'ffffffffffffffff'],
]

/** Mostly nothing, so that most messages stay near to being valid. */
function seldom<T>(...oddities: readonly T[]): fc.Arbitrary<T | undefined> {
  return fc.nat(8 * oddities.length - 1).map((i) => oddities[i - 7 * oddities.length])
}

const meantField = fc
  .tuple(fc.constantFrom(...MEANT), fc.nat(), fc.boolean())
  .map(
    ([[name, values], which, lower]) =>
      `${lower ? name.toLowerCase() : name}: ${values[which % values.length]}`,
  )

/** A field that means something makes most messages invalid, so half of them have none. */
const meantFields = fc
  .tuple(fc.array(meantField, { maxLength: 2, size: 'max' }), fc.boolean())
  .map(([fields, none]) => (none ? [] : fields))

/** A valid message with other lines in place of its own and among them, and with less of its end. */
function altered(
  bytes: Buffer,
  startLine: (line: string) => string,
  host: string | undefined,
  more: readonly string[],
  less: number,
): string {
  const text = bytes.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...fields] = text.slice(0, end).split('\r\n')
  const lines = host === undefined ? fields : fields.map((line) => line.replace(/^host:.*/i, host))
  const head = [startLine(first), ...lines.filter((line) => line !== ''), ...more].join('\r\n')
  return head + text.slice(end, Math.max(end + 4, text.length - less))
}

/** How many bytes of the body are missing. */
const missing = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4)

const requestText = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        requests({ maxHeaders: 4, maxBodyBytes: 64 }),
        fc.tuple(seldom(...METHODS), seldom(...TARGETS), seldom(...VERSIONS)),
        seldom(...HOSTS.map((it) => `Host: ${it}`), ''),
        meantFields,
        missing,
        seldom('\r\n', 'hello'),
      )
      .map(([{ bytes, method, target }, [odd, oddTarget, version = 'HTTP/1.1'], host, more, less, extra]) => {
        const line = () => [odd ?? method, oddTarget ?? target, version].join(' ')
        const text = altered(bytes, line, host, more, less)
        return extra === '\r\n' ? extra + text : text + (extra ?? '')
      }),
  },
  { weight: 1, arbitrary: malformedRequests().map(({ bytes }) => bytes.toString('latin1')) },
)

const responseText = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        responses({ maxHeaders: 4, maxBodyBytes: 64, maxInformational: 0 }),
        seldom(...STATUS_LINES),
        meantFields,
        missing,
      )
      .map(([{ bytes }, status, more, less]) =>
        altered(bytes, (line) => status ?? line, undefined, more, less),
      ),
  },
  {
    weight: 1,
    arbitrary: malformedResponses().map(({ bytes }) => bytes.toString('latin1')),
  },
)

const mutation = fc.tuple(fc.nat(4), fc.nat(65_535), fc.nat(7), fc.constantFrom(...DISTURBANCES))
// Half of all messages are left as they are.
const mutations = fc
  .tuple(fc.boolean(), fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([none, list]) => (none ? [] : list))

function sample(text: fc.Arbitrary<string>): fc.Arbitrary<Sample> {
  return fc
    .tuple(text, mutations)
    .map(([valid, changes]) => {
      let bytes = valid
      for (const [kind, at, length, disturbance] of changes)
        bytes = mutated(bytes, kind, at, length, disturbance)
      return bytes
    })
    .chain((bytes) => splits(Buffer.from(bytes, 'latin1')).map((pieces) => ({ bytes, pieces })))
}

function mutated(bytes: string, kind: number, at: number, length: number, disturbance: string): string {
  const from = at % (bytes.length + 1)
  const before = bytes.slice(0, from)
  switch (kind) {
    case 0:
      return before + disturbance + bytes.slice(from)
    case 1:
      return before + disturbance + bytes.slice(from + 1)
    case 2:
      return before + bytes.slice(from + 1 + length)
    case 3:
      return before + bytes.slice(from, from + 1 + length) + bytes.slice(from)
    default:
      return before + String.fromCharCode(bytes.charCodeAt(from) ^ (1 << length)) + bytes.slice(from + 1)
  }
}

export const requestSample: fc.Arbitrary<Sample> = sample(requestText)
export const responseSample: fc.Arbitrary<Sample> = sample(responseText)
