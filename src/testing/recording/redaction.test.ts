import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pool, proxy } from '../../index.ts'
import { memoryNetwork } from '../network/memory-network.ts'
import { rawClient } from '../network/raw-client.ts'
import { seededRandom } from '../seeded-random.ts'
import { fakeUpstream } from '../upstream/fake-upstream.ts'
import { virtualClock } from '../virtual-clock.ts'
import { record } from './record.ts'
import { type Redaction, Redactor } from './redaction.ts'

const UNPACKED = 1_000_000
const redactor = new Redactor([], true)

function cleaned(text: string, type?: string, rules: readonly Redaction[] = []): string {
  const clean = new Redactor(rules, true).body(Buffer.from(text), type, undefined, UNPACKED)
  return 'omitted' in clean ? `omitted: ${clean.omitted}` : clean.bytes.toString('utf8')
}

describe('a field', () => {
  test.each([
    ['Authorization', 'Bearer abc', 'REDACTED'],
    ['X-Api-Key', 'abc', 'REDACTED'],
    ['x-my-SECRET-thing', 'abc', 'REDACTED'],
    ['Cookie', 'session=abc; theme=dark;bare', 'session=REDACTED; theme=REDACTED;REDACTED'],
    ['Set-Cookie', 'session=a=b; Path=/; HttpOnly; odd=abc', 'session=REDACTED; Path=/; HttpOnly'],
    [
      'Location',
      '/done?access_token=abc&x=1#id_token=d',
      '/done?access_token=REDACTED&x=1#id_token=REDACTED',
    ],
    ['Link', '</a?api%4bey=abc>; rel=next', '</a?api%4bey=REDACTED>; rel=next'],
    ['X-Report', '{"password":"abc"}', '{"password":"REDACTED"}'],
    ['Referer', 'https://me:abc@a.example/x', 'https://REDACTED@a.example/x'],
    ['Accept', 'text/html', 'text/html'],
  ])('%s: %s', (name, value, clean) => {
    expect(redactor.field(name, value)).toBe(clean)
  })
})

describe('a target', () => {
  test.each([
    ['/a', '/a'],
    ['/a?x=1&token=abc&y', '/a?x=1&token=REDACTED&y'],
    ['/a?tok%65n=abc;def', '/a?tok%65n=REDACTED'],
    ['/a?x=1;token=abc', '/a?x=1;token=REDACTED'],
    ['/a?next=/b?token=abc', '/a?next=/b?token=REDACTED'],
    ['/a?next=%2Fb%3Fx%3D1%26token%3Dabc', '/a?next=%2Fb%3Fx%3D1%26token%3DREDACTED'],
    ['/a?filter=%7B%22secret%22%3A%22abc%22%7D', '/a?filter=%7B%22secret%22%3A%22REDACTED%22%7D'],
    ['/search?keyword=shoes&x=%zz', '/search?keyword=shoes&x=%zz'],
  ])('%s', (target, clean) => {
    expect(redactor.target(target)).toBe(clean)
  })
})

describe('a body', () => {
  const json = 'application/json'
  test.each<[text: string, type: string | undefined, clean: string]>([
    ['{ "n": 1.0, "a": ["x"] }', json, '{ "n": 1.0, "a": ["x"] }'],
    ['{"user":{"password":"abc","id":1}}', json, '{"user":{"password":"REDACTED","id":1}}'],
    [
      '{"keys":[1,2],"hasToken":true,"secret":null}',
      json,
      '{"keys":"REDACTED","hasToken":true,"secret":null}',
    ],
    ['{"tok\\u0065n":5}', 'text/plain', '{"token":"REDACTED"}'],
    // The first of two members of one name is not in the value.
    ['{"a":{"token":"abc"},"a":1}', json, '{"a":1}'],
    ['{"inner":"{\\"token\\":\\"abc\\"}"}', json, '{"inner":"{\\"token\\":\\"REDACTED\\"}"}'],
    ['{"next":"/a?token=abc"}', json, '{"next":"/a?token=REDACTED"}'],
    // A padded base64 text is no form, whatever letters are in it.
    ['{"image":"aKEYb=="}', json, '{"image":"aKEYb=="}'],
    ['{"token":"abc"', json, 'omitted: its type says that it is JSON, and it is none'],
    ['{"a":1}\n{"token":"abc"}\n', 'application/x-ndjson', '{"a":1}\n{"token":"REDACTED"}\n'],
    ['\u001e{"token":"abc"}\n', 'application/json-seq', '\u001e{"token":"REDACTED"}\n'],
    [
      'id: 1\ndata: {"token":"abc"}\r\n\r\n',
      'text/event-stream',
      'id: 1\ndata: {"token":"REDACTED"}\r\n\r\n',
    ],
    ['var a = {"token": "a\\"bc", "x": 1}', 'text/javascript', 'var a = {"token": "REDACTED", "x": 1}'],
    ['{"token":"abc', 'text/plain', '{"token":"REDACTED"'],
    ['user=a&password=abc', 'application/x-www-form-urlencoded', 'user=a&password=REDACTED'],
    ['user=a&password=abc', undefined, 'user=a&password=REDACTED'],
    ['<a href="/x?token=abc&amp;y=1">', 'text/html', '<a href="/x?token=REDACTED&amp;y=1">'],
    [
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
      'multipart/form-data',
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
    ],
    [
      '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nabc',
      'multipart/form-data',
      'omitted: it has parts that may be secrets',
    ],
    [
      '--b\r\nContent-Type: application/json\r\n\r\n{"token":1}',
      'multipart/mixed',
      'omitted: it has parts that may be secrets',
    ],
    [
      '{"a":1}',
      'application/json; charset=utf-16',
      'omitted: its charset utf-16 cannot be looked into for secrets',
    ],
  ])('%s of %s', (text, type, clean) => {
    expect(cleaned(text, type)).toBe(clean)
  })

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['br, GZIP', (text: string) => gzipSync(brotliCompressSync(text))],
  ])('is looked into behind the coding %s', (coding, pack) => {
    const clean = redactor.body(pack('{"token":"abc"}'), 'application/json', coding, UNPACKED)
    expect(clean).toEqual({ bytes: Buffer.from('{"token":"REDACTED"}'), decoded: true })
    const without = pack('{"a":1}')
    expect(redactor.body(without, 'application/json', coding, UNPACKED)).toEqual({
      bytes: without,
      decoded: false,
    })
  })

  test('is omitted when it is nested too deeply to be looked into', () => {
    const deep = `${'['.repeat(200_000)}"token=abc"${']'.repeat(200_000)}`
    expect(cleaned(deep, json)).toBe('omitted: it cannot be looked into for secrets')
  })

  test('is omitted when it unpacks to more than may be looked into', () => {
    const bomb = gzipSync(Buffer.alloc(1_000))
    expect(redactor.body(bomb, 'text/plain', 'gzip', 999)).toEqual({
      omitted: 'it cannot be looked into for secrets',
    })
  })

  test('of bytes stays as it is, unless a rule finds something in it', () => {
    const bytes = Buffer.from([0xff, 0xd8, ...Buffer.from('token=abc')])
    expect(redactor.body(bytes, 'image/jpeg', undefined, UNPACKED)).toEqual({ bytes, decoded: false })
    expect(new Redactor([{ text: /abc/ }], true).body(bytes, 'image/jpeg', undefined, UNPACKED)).toEqual({
      omitted: 'it has a secret, and is no text',
    })
    expect(redactor.body(bytes, 'application/json', undefined, UNPACKED)).toHaveProperty('omitted')
  })
})

describe('a rule', () => {
  test('names a field, a parameter, a member or a path, whatever the case', () => {
    const rules: Redaction[] = [
      { header: 'x-user' },
      { header: /^x-internal-/i },
      { query: 'Email' },
      { json: 'iban' },
      { json: 'users.*.name' },
      { json: /^ssn/ },
    ]
    const with_ = new Redactor(rules, true)
    expect(with_.field('X-User', 'a')).toBe('REDACTED')
    expect(with_.field('X-Internal-Id', 'a')).toBe('REDACTED')
    expect(with_.field('X-Users', 'a')).toBe('a')
    expect(with_.target('/?email=a&mail=b')).toBe('/?email=REDACTED&mail=b')
    expect(cleaned('email=a&iban=b&name=c', undefined, rules)).toBe('email=REDACTED&iban=REDACTED&name=c')
    expect(cleaned('{"users":[{"name":"a","IBAN":true}],"name":"b","ssn2":1}', undefined, rules)).toBe(
      '{"users":[{"name":"REDACTED","IBAN":"REDACTED"}],"name":"b","ssn2":"REDACTED"}',
    )
  })

  test('of a text holds in paths, fields, members, names, numbers and text', () => {
    const rules: Redaction[] = [{ text: /47\d\d/ }]
    const with_ = new Redactor(rules, true)
    expect(with_.target('/card/4711?x=4712')).toBe('/card/REDACTED?x=REDACTED')
    expect(with_.field('X-A', 'a 4711, 4712')).toBe('a REDACTED, REDACTED')
    expect(cleaned('{"4711":4712,"a":["\\u00347 4713"]}', undefined, rules)).toBe(
      '{"REDACTED":"REDACTED","a":["47 REDACTED"]}',
    )
    expect(cleaned('so 4711 and 4712', 'text/plain', rules)).toBe('so REDACTED and REDACTED')
  })

  test('with a global or sticky expression holds each time', () => {
    const with_ = new Redactor([{ header: /^x-a/gy }, { text: /b/y }], false)
    for (let i = 0; i < 3; i++) {
      expect(with_.field('x-a', '1')).toBe('REDACTED')
      expect(with_.field('y', 'abb')).toBe('aREDACTEDREDACTED')
    }
  })
})

/** Names that are told apart by what they contain. */
const secretName = fc
  .tuple(
    fc.stringMatching(/^[a-z]{0,4}$/),
    fc.constantFrom('token', 'Secret', 'PASSWORD', 'api_key', 'Key', 'authorization', 'credential'),
    fc.constantFrom('', '_id', 'X', '-2'),
  )
  .map((parts) => parts.join(''))
/** Any text, that cannot stand in a recording by chance. */
const anySecret = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0x80, max: 0xd7ff })), {
    maxLength: 12,
  })
  .map((it) => `Zq9${String.fromCodePoint(...it)}9qZ`)
const plainSecret = fc.stringMatching(/^[\x21-\x7e]{0,12}$/).map((it) => `Zq9${it}9qZ`)
const cookieSecret = fc.stringMatching(/^[\w!#$%&'()*+./:<=>?@^`{|}~-]{0,12}$/).map((it) => `Zq9${it}9qZ`)

/** A value with the secret somewhere below a member whose name says so. */
const jsonWith = (secret: string): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      secretName,
      fc.constantFrom<unknown>(secret, [secret], { a: secret }, { [secret]: true }),
      fc.jsonValue({ maxDepth: 2 }),
      fc.array(fc.constantFrom('list', 'member', 'text'), { maxLength: 3 }),
    )
    .map(([name, value, beside, wraps]) =>
      wraps.reduce<unknown>(
        (it, wrap) =>
          wrap === 'list' ? [beside, it] : wrap === 'member' ? { it, beside } : JSON.stringify(it),
        { beside, [name]: value },
      ),
    )

interface Placed {
  readonly secret: string
  readonly request?: Partial<{
    target: string
    fields: [string, string][]
    type: string
    body: string | Buffer
  }>
  readonly response?: Partial<{
    fields: [string, string][]
    trailers: [string, string][]
    body: string | Buffer
  }>
}

const either = fc.boolean()

const placed: fc.Arbitrary<Placed> = fc.oneof(
  fc
    .tuple(plainSecret, secretName, fc.constantFrom('request', 'response', 'trailers'))
    .map(
      ([secret, name, where]): Placed =>
        where === 'request'
          ? { secret, request: { fields: [[name, secret]] } }
          : where === 'response'
            ? { secret, response: { fields: [[name, secret]] } }
            : { secret, response: { trailers: [[name, secret]] } },
    ),
  fc
    .tuple(plainSecret, fc.constantFrom('Authorization', 'X-Api-Key'))
    .map(([secret, name]): Placed => ({ secret, request: { fields: [[name, `Bearer ${secret}`]] } })),
  fc
    .tuple(cookieSecret, either)
    .map(
      ([secret, sets]): Placed =>
        sets
          ? { secret, response: { fields: [['Set-Cookie', `a=${secret}; Path=/`]] } }
          : { secret, request: { fields: [['Cookie', `a=1; b=${secret}`]] } },
    ),
  fc
    .tuple(anySecret, secretName, fc.constantFrom('target', 'location', 'form', 'nested'))
    .map(([secret, name, where]): Placed => {
      const pair = `a=1&${encodeURIComponent(name)}=${encodeURIComponent(secret)}`
      if (where === 'target') return { secret, request: { target: `/x?${pair}` } }
      if (where === 'nested')
        return { secret, request: { target: `/x?to=${encodeURIComponent(`/y?${pair}`)}` } }
      if (where === 'location') return { secret, response: { fields: [['Location', `/x?${pair}`]] } }
      return { secret, request: { type: 'application/x-www-form-urlencoded', body: pair } }
    }),
  anySecret.chain((secret) =>
    fc
      .tuple(
        jsonWith(secret),
        fc.constantFrom('application/json', 'text/plain', undefined),
        either,
        fc.nat(3),
      )
      .map(([value, type, asks, how]): Placed => {
        const text = JSON.stringify(value, undefined, how === 1 ? 2 : undefined)
        if (asks) return { secret, request: { body: text, ...(type !== undefined && { type }) } }
        const fields: [string, string][] = type === undefined ? [] : [['Content-Type', type]]
        if (how === 2)
          return {
            secret,
            response: { fields: [...fields, ['Content-Encoding', 'gzip']], body: gzipSync(text) },
          }
        return { secret, response: { fields, body: how === 3 ? `data: ${text}\n\ndata: 2\n\n` : text } }
      }),
  ),
  // Places that the rules below name.
  fc.tuple(anySecret, fc.constantFrom('json', 'query', 'path')).map(([secret, where]): Placed => {
    if (where === 'json') return { secret, response: { body: JSON.stringify({ user: [{ iban: secret }] }) } }
    if (where === 'query') return { secret, request: { target: `/x?email=${encodeURIComponent(secret)}` } }
    return { secret, response: { body: JSON.stringify({ at: { home: secret } }) } }
  }),
  fc.tuple(plainSecret, fc.constantFrom('header', 'path', 'text')).map(([secret, where]): Placed => {
    if (where === 'header') return { secret, request: { fields: [['X-User', secret]] } }
    const card = `Zq94711${secret.length}`
    if (where === 'path') return { secret: card, request: { target: `/cards/${card}` } }
    return { secret: card, response: { body: `your card is ${card}, keep it` } }
  }),
)

const RULES: readonly Redaction[] = [
  { header: 'x-user' },
  { query: /^e-?mail$/ },
  { json: 'iban' },
  { json: 'at.home' },
  { text: /Zq94711\d+/ },
]

test('a recording never holds a secret, wherever among the rules it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
  const to = join(folder, 'recording.json')
  try {
    await fc.assert(
      fc.asyncProperty(placed, fc.integer(), async ({ secret, request = {}, response = {} }, seed) => {
        const clock = virtualClock()
        const random = seededRandom(seed)
        const network = memoryNetwork({ clock, random })
        const { fields = [], trailers, body = 'x' } = response
        const upstream = await fakeUpstream({ network, clock, host: 'users', port: 80 })
          .reply({ headers: fields, body, ...(trailers !== undefined && { trailers }) })
          .start()
        const app = proxy()
          .listen({ host: 'gateway', port: 80 })
          .route('/', pool(['http://users']))
        const recording = record(app, { to, redact: RULES })
        const surroundings = { clock, network, random }
        const running = await recording.app.start({ signals: false, surroundings })
        const client = await clock.until(rawClient(network, running.url))
        const sent = Buffer.from(request.body ?? '')
        const lines = (request.fields ?? []).map(([name, value]) => `${name}: ${value}\r\n`)
        if (request.type !== undefined) lines.push(`Content-Type: ${request.type}\r\n`)
        await client.send(
          `POST ${request.target ?? '/'} HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n${lines.join('')}Content-Length: ${sent.length}\r\n\r\n`,
        )
        // In two parts, wherever the cut falls.
        const cut = Math.floor(random() * sent.length)
        await client.send(sent.subarray(0, cut))
        await client.send(sent.subarray(cut))
        const answer = await clock.until(client.response())
        expect(answer.status).toBe(200)
        await client.close()
        await clock.until(running.close())
        await recording.close()
        await upstream.close()
        expect(recording.exchanges).toBe(1)
        const text = readFileSync(to, 'utf8')
        for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
          expect(text).not.toContain(form)
        expect(text).not.toContain('Zq9')
      }),
      { numRuns: 100 },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 30_000)
