import fc from 'fast-check'

/** A message as its bytes (latin1), and the places at which it is cut. */
export interface Sample {
  readonly bytes: string
  /** Fractions of its length; more than six stand for "byte by byte". */
  readonly cuts: readonly number[]
}

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'QUERY', 'M-SEARCH', 'TRACE']
const TARGETS = [
  '/',
  '/a',
  '/a/b?c=d&e=%20',
  '//evil',
  '/..;/x',
  '*',
  'http://b/',
  'http://b:80?x',
  'HTTPS://[::1]:443/a?b',
  'http://u@b/',
  'b:443',
  '[::1]:443',
  '/?a[]={1}|^`',
  '/a#b',
  '/~!$&*()',
]
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1']
const HOSTS = ['a', 'a.example:8080', '[::1]', '[::1]:80', '', 'A', 'a b', 'a@b', 'a:99999', 'a,b', '%41']
const NAMES = ['X', 'x-a', 'Cookie', 'Set-Cookie', "!#$%&'*+-.^_`|~", 'Transfer_Encoding', 'A'.repeat(40)]
const VALUES = ['', '1', 'a b', 'a, b', '"q\\"', '\x80\xff', 'a\tb', 'a\xa0', '\xa0a', 'x'.repeat(300), ': :']
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
  ['Host', HOSTS],
  ['Keep-Alive', ['timeout=5', 'timeout="x"']],
  ['Proxy-Connection', ['close', 'keep-alive']],
  ['Trailer', ['X', 'Content-Length']],
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

/** Mostly the first, which is the plain one, so that most messages are near to being valid. */
function mostly<T>(plain: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.nat(8 * others.length - 1).map((i) => others[i - 7 * others.length] ?? plain)
}

const whiteSpace = mostly(' ', '', '\t', '  ', ' \t ')

const ordinaryField = fc
  .tuple(fc.constantFrom(...NAMES), whiteSpace, fc.constantFrom(...VALUES), mostly('', ' ', '\t'))
  .map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`)

const meantField = fc
  .tuple(fc.constantFrom(...MEANT), fc.nat(), whiteSpace, fc.boolean())
  .map(
    ([[name, values], which, before, lower]) =>
      `${lower ? name.toLowerCase() : name}:${before}${values[which % values.length]}\r\n`,
  )

const fieldSection = fc
  .tuple(
    fc.array(ordinaryField, { maxLength: 4 }),
    fc.array(meantField, { maxLength: 2, size: 'max' }),
    fc.nat(3),
  )
  // A field that means something makes most messages invalid, so half of them have none.
  .map(([ordinary, meant, when]) => ordinary.join('') + (when < 2 ? meant.join('') : ''))

const chunkExtension = mostly('', ';a', ';a=b', ';a="b;c"', ';a="\\"";d', '; a', ';', ';a=', ';"a"')

const chunkedBody = fc
  .tuple(
    fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), chunkExtension, fc.boolean()), {
      maxLength: 3,
    }),
    mostly('0\r\n', '00\r\n', '0;a\r\n', ''),
    mostly('', 'X: 1\r\n', 'X-A: b\r\nX-C:  \td \r\n', 'Content-Length: 5\r\n', 'Host: b\r\n'),
    mostly('\r\n', '', '\n', '\r'),
  )
  .map(([chunks, last, trailers, end]) => {
    const bytes = chunks.map(([data, extension, capitals]) => {
      const latin1 = Buffer.from(data, 'utf8').toString('latin1')
      const size = latin1.length.toString(16)
      return `${capitals ? `0${size.toUpperCase()}` : size}${extension}\r\n${latin1}\r\n`
    })
    return bytes.join('') + last + trailers + end
  })

/** Field lines that frame the body, and the body. */
const framedBody: fc.Arbitrary<readonly [fields: string, body: string]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(['', ''] as const) },
  { weight: 1, arbitrary: fc.constant(['', 'hello'] as const) },
  {
    weight: 3,
    arbitrary: chunkedBody.map((body) => ['Transfer-Encoding: chunked\r\n', body] as const),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(40), fc.nat(2))
      .map(
        ([length, less]) =>
          [`Content-Length: ${length}\r\n`, 'x\0\r\n\xff'.repeat(9).slice(0, length - less)] as const,
      ),
  },
)

const requestLine = fc
  .tuple(
    mostly('GET', ...METHODS, 'get', 'X-Y', ''),
    mostly('/', ...TARGETS),
    mostly('HTTP/1.1', ...VERSIONS),
  )
  .map((parts) => `${parts.join(' ')}\r\n`)

const host = mostly('Host: a\r\n', ...HOSTS.map((it) => `Host: ${it}\r\n`), '', 'host:a\r\n')

const requestText = fc
  .tuple(mostly('', '\r\n'), requestLine, host, fieldSection, framedBody)
  .map(([empty, line, hostLine, section, [framing, body]]) => [
    empty,
    line,
    hostLine,
    section,
    framing,
    '\r\n',
    body,
  ])

const STATUSES = [
  '200 OK',
  '200 ',
  '200',
  '204 No Content',
  '304 Not Modified',
  '404 N\xf6',
  '101 S',
  '103 E',
  '99 X',
]

const responseText = fc
  .tuple(
    mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2'),
    mostly('200 OK', ...STATUSES, '600 X', '2000 X', '200 a\rb'),
    fieldSection,
    framedBody,
  )
  .map(([version, status, section, [framing, body]]) => [
    `${version} ${status}\r\n`,
    section,
    framing,
    '\r\n',
    body,
  ])

const mutation = fc.tuple(fc.nat(4), fc.nat(65_535), fc.nat(7), fc.constantFrom(...DISTURBANCES))
// Half of all messages are left as they are.
const mutations = fc
  .tuple(fc.boolean(), fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([none, list]) => (none ? [] : list))

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 7 })

function sample(text: fc.Arbitrary<readonly string[]>): fc.Arbitrary<Sample> {
  return fc.tuple(text, mutations, cuts).map(([parts, changes, places]) => {
    let bytes = parts.join('')
    for (const [kind, at, length, disturbance] of changes)
      bytes = mutated(bytes, kind, at, length, disturbance)
    return { bytes, cuts: places }
  })
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
