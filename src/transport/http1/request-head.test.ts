import { describe, expect, test } from 'vitest'
import { parseRequestHead, type RequestHead } from './request-head.ts'
import { SyntaxFault } from './syntax.ts'

// What is refused stands in malformed.test.ts; here, what an accepted head says.

const LIMITS = { headBytes: 16_384, headers: 100, targetBytes: 8_192 }

function parse(text: string): RequestHead {
  const bytes = Buffer.from(text, 'latin1')
  const head = parseRequestHead(bytes, 0, bytes.length, LIMITS)
  if (head === undefined) throw new Error('incomplete')
  return head
}

function withFields(...fields: string[]): RequestHead {
  return parse(`GET / HTTP/1.1\r\nHost: a\r\n${fields.map((it) => `${it}\r\n`).join('')}\r\n`)
}

describe('parseRequestHead', () => {
  test('reads a head from the middle of a chunk', () => {
    const bytes = Buffer.from('xxPATCH /a?b HTTP/1.1\r\nHost: A.example\r\nX-y:\t1 \r\n\r\nbody', 'latin1')
    const head = parseRequestHead(bytes, 2, bytes.length, LIMITS)!
    expect(head).toMatchObject({
      method: 'PATCH',
      target: '/a?b',
      minor: 1,
      host: 'a.example',
      chunked: false,
    })
    expect([...head.headers]).toEqual([
      ['Host', 'A.example'],
      ['X-y', '1'],
    ])
    expect(bytes.toString('latin1', head.end)).toBe('body')
  })

  test('returns undefined for every beginning of a head', () => {
    const bytes = Buffer.from('\r\nGET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n')
    for (let i = 0; i < bytes.length; i++) expect(parseRequestHead(bytes, 0, i, LIMITS)).toBe(undefined)
    expect(parseRequestHead(bytes, 0, bytes.length, LIMITS)?.end).toBe(bytes.length)
  })

  test('does not look past its limit, wherever the head begins', () => {
    const text = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
    const bytes = Buffer.from(`xx${text}GET`)
    const exact = { ...LIMITS, headBytes: text.length }
    expect(parseRequestHead(bytes, 2, bytes.length, exact)?.end).toBe(2 + text.length)
    const less = { ...LIMITS, headBytes: text.length - 1 }
    expect(parseRequestHead(bytes, 2, 2 + less.headBytes, less)).toBe(undefined)
    for (const available of [2 + text.length, bytes.length]) {
      expect(() => parseRequestHead(bytes, 2, available, less)).toThrow(
        new SyntaxFault('too-large', 'a head that is larger than the limit'),
      )
    }
  })

  test.each([
    ['GET /a/b?c=d HTTP/1.1\r\nHost: a', 'origin', 'a', '/a/b?c=d'],
    ['GET //b/c HTTP/1.1\r\nHost: a', 'origin', 'a', '//b/c'],
    ['GET http://b/c?d HTTP/1.1\r\nHost: a', 'absolute', 'b', '/c?d'],
    ['GET http://b HTTP/1.1\r\nHost: a', 'absolute', 'b', '/'],
    ['GET HTTPS://B:8443?c/d HTTP/1.1\r\nHost: a', 'absolute', 'b:8443', '/?c/d'],
    ['GET http://[::1]/?u=http://c HTTP/1.1\r\nHost: a', 'absolute', '[::1]', '/?u=http://c'],
    ['GET http://b/@ HTTP/1.1\r\nHost: a', 'absolute', 'b', '/@'],
    ['OPTIONS * HTTP/1.1\r\nHost: a', 'asterisk', 'a', '*'],
    ['OPTIONS http://b HTTP/1.1\r\nHost: a', 'absolute', 'b', '*'],
    ['OPTIONS http://b/ HTTP/1.1\r\nHost: a', 'absolute', 'b', '/'],
    ['CONNECT B:443 HTTP/1.1\r\nHost: a', 'authority', 'b:443', 'B:443'],
    ['GET / HTTP/1.0', 'origin', '', '/'],
    ['GET / HTTP/1.1\r\nHost: ', 'origin', '', '/'],
  ])('reads the target of "%s"', (text, form, host, pathAndQuery) => {
    expect(parse(`${text}\r\n\r\n`)).toMatchObject({ form, host, pathAndQuery })
  })

  test('reads the framing', () => {
    expect(withFields()).toMatchObject({ contentLength: -1, chunked: false })
    expect(withFields('content-LENGTH: 0')).toMatchObject({ contentLength: 0, chunked: false })
    expect(withFields('Content-Length: 120 ')).toMatchObject({ contentLength: 120, chunked: false })
    expect(withFields('Transfer-ENCODING: CHUNKED')).toMatchObject({ contentLength: -1, chunked: true })
  })

  test('reads whether the connection stays open', () => {
    expect(withFields().keepAlive).toBe(true)
    expect(withFields('Connection: close').keepAlive).toBe(false)
    expect(parse('GET / HTTP/1.0\r\n\r\n').keepAlive).toBe(false)
    expect(parse('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').keepAlive).toBe(true)
    expect(withFields('Connection: x-own', 'Connection: close, X-Other').nominated).toEqual([
      'x-own',
      'x-other',
    ])
    expect(withFields('Proxy-Connection: close').keepAlive).toBe(true)
  })

  test('offers an upgrade only when Connection names it, and not to HTTP/1.0', () => {
    expect(withFields('Upgrade: websocket').upgrade).toBe(undefined)
    expect(withFields('Connection: upgrade').upgrade).toBe(undefined)
    expect(withFields('Upgrade: websocket', 'Connection: keep-alive, Upgrade').upgrade).toBe('websocket')
    expect(withFields('Connection: upgrade', 'Upgrade: a', 'Upgrade: b').upgrade).toBe('a, b')
    expect(parse('GET / HTTP/1.0\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n').upgrade).toBe(undefined)
  })

  test('reads Expect and TE', () => {
    expect(withFields()).toMatchObject({
      expectsContinue: false,
      unknownExpectation: false,
      acceptsTrailers: false,
    })
    expect(withFields('Expect: 100-Continue')).toMatchObject({
      expectsContinue: true,
      unknownExpectation: false,
    })
    expect(withFields('Expect: 100-continue, x').unknownExpectation).toBe(true)
    // RFC 9110 section 10.1.1: from HTTP/1.0 it is ignored.
    expect(parse('GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n')).toMatchObject({
      expectsContinue: false,
      unknownExpectation: false,
    })
    for (const te of ['trailers', 'Trailers', 'gzip;q=0.5,\ttrailers ,']) {
      expect(withFields(`TE: ${te}`).acceptsTrailers).toBe(true)
    }
    for (const te of ['trailer', 'gzip', 'xtrailers', 'trailers\xa0']) {
      expect(withFields(`TE: ${te}`).acceptsTrailers).toBe(false)
    }
  })
})
