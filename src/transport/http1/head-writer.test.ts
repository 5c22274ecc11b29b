import { describe, expect, test } from 'vitest'
import { HeaderList } from '../../core/headers.ts'
import { REQUEST_DROPPED, RESPONSE_DROPPED, statusLine } from './head-writer.ts'
import { FieldLines } from './syntax.ts'

const FIELDS: readonly (readonly [string, string])[] = [
  ['x-First', '1'],
  ['Connection', 'close'],
  ['keep-alive', 'timeout=5'],
  ['TE', 'trailers'],
  ['Transfer-Encoding', 'chunked'],
  ['Upgrade', 'websocket'],
  ['HTTP2-Settings', 'AAMAAABk'],
  ['Proxy-Connection', 'close'],
  ['Proxy-Authenticate', 'Basic'],
  ['Proxy-Authorization', 'Basic YTpi'],
  ['Proxy-Authentication-Info', 'x'],
  ['Content-Length', '5'],
  ['Host', 'a'],
  ['Expect', '100-continue'],
  ['Forwarded', 'for=evil'],
  ['X-Forwarded-For', '127.0.0.1'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Host', 'evil'],
  ['X-Forwarded-Port', '1'],
  ['X-Real-IP', '127.0.0.1'],
  ['Via', '1.1 other'],
  ['Set-Cookie', 'a=1'],
  ['set-cookie', 'b=2'],
  ['X-Last', ''],
]

/** As a filter makes a list. */
function built(): HeaderList {
  return HeaderList.from(FIELDS)
}

/** As the parser makes one. */
function parsed(space = ' '): HeaderList {
  const text = `${FIELDS.map(([name, value]) => `${name}:${space}${value}\r\n`).join('')}\r\n`
  const lines = new FieldLines()
  lines.scan(Buffer.from(text, 'latin1'), 0, text.length, 100)
  return lines.list(text, 0)
}

/** As the parser makes one that a filter has then read. */
function read(): HeaderList {
  const list = parsed()
  list.get('x')
  return list
}

describe.each([
  ['built', built],
  ['parsed', () => parsed()],
  ['parsed, with odd white space', () => parsed('\t ')],
  ['parsed, without white space', () => parsed('')],
  ['parsed and then read', read],
])('what goes on of a list that was %s', (_, make) => {
  test('of a request: not what ends here or is ours to say; the rest in its order and case', () => {
    expect(make().lines(REQUEST_DROPPED)).toBe(
      'x-First: 1\r\nVia: 1.1 other\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Last: \r\n',
    )
  })

  test('of a response: not what ends here or frames it', () => {
    const kept = FIELDS.slice(12)
    expect(make().lines(RESPONSE_DROPPED)).toBe(
      ['x-First: 1', ...kept.map((it) => it.join(': ')), ''].join('\r\n'),
    )
  })
})

describe('statusLine', () => {
  test.each([
    [200, undefined, 'HTTP/1.1 200 OK\r\n'],
    [200, '', 'HTTP/1.1 200 OK\r\n'],
    [200, 'OK', 'HTTP/1.1 200 OK\r\n'],
    [200, 'Fine', 'HTTP/1.1 200 Fine\r\n'],
    // RFC 9112 section 4: the space stays where there is no reason.
    [299, undefined, 'HTTP/1.1 299 \r\n'],
    [299, 'Odd', 'HTTP/1.1 299 Odd\r\n'],
    [101, undefined, 'HTTP/1.1 101 Switching Protocols\r\n'],
  ])('writes %i %s', (status, reason, line) => {
    expect(statusLine(status, reason)).toBe(line)
    expect(statusLine(status, reason)).toBe(line)
  })
})
