import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
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
    ['X-Error-Code', 'abc', 'abc'],
    ['X-Code', 'abc', 'REDACTED'],
    ['Accept', 'text/html', 'text/html'],
    ['WWW-Authenticate', 'Bearer realm="a", error="b"', 'Bearer realm="a", error="b"'],
    ['Location', 'http://auth:8080/a', 'http://auth:8080/a'],
    ['Set-Cookie', 'a=b; Path=/api/v1/u-4711', 'a=REDACTED; Path=/api/v1/REDACTED'],
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
    ['/a?next=/b%3Ftoken%3Dabc', '/a?next=%2Fb%3Ftoken%3DREDACTED'],
    ['/a?next=%2Fb%253Ftoken%253Dabc', '/a?next=%2Fb%253Ftoken%253DREDACTED'],
    ['/a/https%3A%2F%2Fb%3Ftoken%3Dabc/c', '/a/https%3A%2F%2Fb%3Ftoken%3DREDACTED/c'],
    // Written in an unusual way, it would not be found again.
    ['/a/%62%3ftoken=abc/c', '/a/REDACTED/c'],
    ['/a%20b/c:d?e=f+g%20h&i=%41%C3%A4', '/a%20b/c:d?e=f+g%20h&i=%41%C3%A4'],
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
    // What is not near a name stays to the letter.
    [
      '# a title\n\n- see <b>http://auth:8080/x?y=1</b>, or "this: that"\n',
      'text/markdown',
      '# a title\n\n- see <b>http://auth:8080/x?y=1</b>, or "this: that"\n',
    ],
    [
      '{"statusCode":"a","hasToken":true,"id":"b: c"}',
      json,
      '{"statusCode":"a","hasToken":true,"id":"b: c"}',
    ],
    [
      '{"name":"password","value":"abc","type":"text"}',
      json,
      '{"name":"password","value":"REDACTED","type":"text"}',
    ],
    ['[["Accept","a"],["X-Api-Key","abc"]]', json, '[["Accept","a"],["X-Api-Key","REDACTED"]]'],
    ['{"query":"{ a(pwd: \\"abc\\", b: 1) }"}', json, '{"query":"{ a(pwd: \\"REDACTED\\", b: 1) }"}'],
    ['user: ann\npassword: a b c\nlast: 1\n', 'application/yaml', 'user: ann\npassword: REDACTED\nlast: 1\n'],
    ['a: 1\ntokens:\n- abc\n- d\nb: 2\n', 'application/yaml', 'a: 1\ntokens: REDACTED\nb: 2\n'],
    [
      '<a><Token id="1"><b>abc</b></Token><c/></a>',
      'application/xml',
      '<a><Token id="1">REDACTED</Token><c/></a>',
    ],
    ['<a pwd="abc" b="c"/>', 'application/soap+xml', '<a pwd="REDACTED" b="c"/>'],
    ['<input name=csrf value=abc><p>x</p>', 'text/html', '<input name=csrf value="REDACTED"><p>x</p>'],
    [
      'abc',
      'application/octet-stream',
      'omitted: its type application/octet-stream cannot be looked into for secrets',
    ],
    ['a\u0001b', undefined, 'omitted: what is no text cannot be looked into for secrets'],
    ['{"token":"abc"}', 'image/png', '{"token":"REDACTED"}'],
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

test('a body of a type that is to be kept is not looked into, but for the text rules', () => {
  const keeping = new Redactor([{ text: /4711/ }], true, ['application/GRPC', 'model/*'])
  const body = (text: string, type: string) => keeping.body(Buffer.from(text), type, undefined, UNPACKED)
  for (const type of ['application/grpc', 'Application/gRPC; v=1', 'model/obj']) {
    expect(body('\0token=abc', type)).toEqual({ bytes: Buffer.from('\0token=abc'), decoded: false })
    expect(body('\0 4711', type)).toEqual({ omitted: 'it has a secret, and is no text' })
  }
  expect(body('\0', 'application/grpc+proto')).toHaveProperty('omitted')
  expect(body('\0', 'models/obj')).toHaveProperty('omitted')
})

test('a body that is packed is no picture', () => {
  const packed = gzipSync('{"token":"abc"}')
  expect(redactor.body(packed, 'image/png', undefined, UNPACKED)).toHaveProperty('omitted')
  expect(redactor.body(packed, undefined, undefined, UNPACKED)).toHaveProperty('omitted')
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
