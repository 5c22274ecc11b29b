import { describe, expect, test } from 'vitest'
import { encodeBlock, type Field } from '../../../test/http2/field-lists.ts'
import type { FieldBlock } from './field-block.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'
import { declaredLength, requestFlaw, responseFlaw, trailersFlaw } from './message-rules.ts'

function blockOf(...fields: Field[]): FieldBlock {
  return new HpackDecoder({ listBytes: 16_384, fields: 100 }).decode(encodeBlock(new HpackEncoder(), fields))
}

const METHOD: Field = [':method', 'GET']
const SCHEME: Field = [':scheme', 'https']
const PATH: Field = [':path', '/']
const AUTHORITY: Field = [':authority', 'a.example']
const GET: Field[] = [METHOD, SCHEME, PATH, AUTHORITY]
const CONNECT: Field = [':method', 'CONNECT']
const PROTOCOL: Field = [':protocol', 'websocket']

describe('requestFlaw', () => {
  test.each<[string, Field[], string | undefined]>([
    ['a request', GET, undefined],
    ['a request of another scheme', [METHOD, [':scheme', 'coap'], PATH], undefined],
    ['Host in place of :authority', [METHOD, SCHEME, PATH, ['host', 'a.example']], undefined],
    ['no :method', [SCHEME, PATH, AUTHORITY], 'a request without :method, :scheme or :path'],
    ['no :scheme', [METHOD, PATH, AUTHORITY], 'a request without :method, :scheme or :path'],
    ['no :path', [METHOD, SCHEME, AUTHORITY], 'a request without :method, :scheme or :path'],
    ['nothing', [], 'a request without :method, :scheme or :path'],
    ['no host', [METHOD, SCHEME, PATH], 'neither :authority nor Host'],
    ['no host, http', [METHOD, [':scheme', 'http'], PATH], 'neither :authority nor Host'],
    ['a status', [...GET, [':status', '200']], ':status in a request'],
    [
      'what a field already has',
      [...GET, ['Connection', 'x']],
      'a field name that is no token in lower case',
    ],
    ['* of OPTIONS', [[':method', 'OPTIONS'], SCHEME, [':path', '*'], AUTHORITY], undefined],
    [
      '* of GET',
      [METHOD, SCHEME, [':path', '*'], AUTHORITY],
      'the path "*" with a method other than OPTIONS',
    ],
    ['CONNECT', [CONNECT, [':authority', 'a:443']], undefined],
    ['CONNECT without authority', [CONNECT], 'CONNECT without :authority'],
    ['CONNECT with a scheme', [CONNECT, AUTHORITY, SCHEME], 'CONNECT with :scheme or :path'],
    ['CONNECT with a path', [CONNECT, AUTHORITY, PATH], 'CONNECT with :scheme or :path'],
    ['a Host that agrees', [...GET, ['host', 'a.example']], undefined],
    ['a Host that agrees but for its case', [...GET, ['host', 'A.Example']], undefined],
    ['a Host that agrees but for the usual port', [...GET, ['host', 'a.example:443']], undefined],
    ['a Host that agrees but for an empty port', [...GET, ['host', 'a.example:']], undefined],
    ['a Host that differs', [...GET, ['host', 'b.example']], 'a Host that differs from :authority'],
    ['a Host with another port', [...GET, ['host', 'a.example:80']], 'a Host that differs from :authority'],
    [
      'a Host with the usual port of another scheme',
      [METHOD, [':scheme', 'http'], PATH, AUTHORITY, ['host', 'a.example:443']],
      'a Host that differs from :authority',
    ],
    ['an empty Host', [...GET, ['host', '']], 'a Host that differs from :authority'],
    ['two of Host', [...GET, ['host', 'a.example'], ['host', 'a.example']], 'more than one Host'],
    ['two of Host alone', [METHOD, SCHEME, PATH, ['host', 'a'], ['host', 'a']], 'more than one Host'],
    [
      'a Host that differs, of CONNECT',
      [CONNECT, AUTHORITY, ['host', 'b']],
      'a Host that differs from :authority',
    ],
    ['a length', [...GET, ['content-length', '12']], undefined],
    [
      'a length twice',
      [...GET, ['content-length', '1'], ['content-length', '1']],
      'more than one Content-Length',
    ],
    ['a length that is none', [...GET, ['content-length', '+1']], 'a Content-Length that is no plain number'],
    ['two lengths in one', [...GET, ['content-length', '1, 1']], 'a Content-Length that is no plain number'],
  ])('of %s', (_, fields, flaw) => {
    expect(requestFlaw(blockOf(...fields), false)).toBe(flaw)
    expect(requestFlaw(blockOf(...fields), true)).toBe(flaw)
  })

  test.each<[string, Field[], string | undefined]>([
    ['extended CONNECT', [CONNECT, PROTOCOL, SCHEME, PATH, AUTHORITY], undefined],
    ['GET with :protocol', [...GET, PROTOCOL], ':protocol with a method other than CONNECT'],
    ['no scheme', [CONNECT, PROTOCOL, PATH, AUTHORITY], 'a request without :method, :scheme or :path'],
    ['no path', [CONNECT, PROTOCOL, SCHEME, AUTHORITY], 'a request without :method, :scheme or :path'],
    ['no authority', [CONNECT, PROTOCOL, SCHEME, PATH, ['host', 'a']], 'CONNECT without :authority'],
  ])('of %s, where it was offered', (_, fields, flaw) => {
    expect(requestFlaw(blockOf(...fields), true)).toBe(flaw)
    expect(requestFlaw(blockOf(...fields), false)).toBe(':protocol, which was not offered')
  })
})

describe('responseFlaw', () => {
  test.each<[string, Field[], string | undefined]>([
    [
      'a response',
      [
        [':status', '200'],
        ['server', 'x'],
      ],
      undefined,
    ],
    ['an interim response', [[':status', '103']], undefined],
    ['no status', [['server', 'x']], 'a response with pseudo-header fields other than one :status'],
    ['a method', [[':status', '200'], METHOD], 'a response with pseudo-header fields other than one :status'],
    ['101', [[':status', '101']], 'the status 101'],
    [
      'two statuses',
      [
        [':status', '200'],
        [':status', '204'],
      ],
      'more than one :status',
    ],
    ['a bad status', [[':status', '2xx']], 'a bad :status'],
    [
      'two lengths',
      [
        [':status', '200'],
        ['content-length', '1'],
        ['content-length', '2'],
      ],
      'more than one Content-Length',
    ],
  ])('of %s', (_, fields, flaw) => {
    expect(responseFlaw(blockOf(...fields))).toBe(flaw)
  })
})

describe('trailersFlaw', () => {
  test.each<[string, Field[], string | undefined]>([
    ['trailers', [['grpc-status', '0']], undefined],
    ['none', [], undefined],
    ['a status', [[':status', '200']], 'a pseudo-header field in a trailer section'],
    ['a bad name', [['A', '']], 'a field name that is no token in lower case'],
  ])('of %s', (_, fields, flaw) => {
    expect(trailersFlaw(blockOf(...fields))).toBe(flaw)
  })
})

describe('declaredLength', () => {
  test('is that of Content-Length', () => {
    expect(declaredLength(blockOf(['a', '1'], ['content-length', '42'], ['b', '2']))).toBe(42)
    expect(declaredLength(blockOf(['content-length', '0']))).toBe(0)
    expect(declaredLength(blockOf(['a', '1']))).toBe(-1)
  })
})
