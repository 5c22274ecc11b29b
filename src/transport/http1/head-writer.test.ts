import { describe, expect, test } from 'vitest'
import { HeaderList } from '../../core/headers.ts'
import { fieldLines, REQUEST_DROPPED, RESPONSE_DROPPED, statusLine } from './head-writer.ts'

const EVERYTHING = HeaderList.from([
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
])

describe('fieldLines', () => {
  test('writes a request on without what ends here or is ours to say; the rest in its order and case', () => {
    expect(fieldLines(EVERYTHING, REQUEST_DROPPED)).toBe(
      'x-First: 1\r\nVia: 1.1 other\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Last: \r\n',
    )
  })

  test('writes a response on without what ends here or frames it', () => {
    expect(
      fieldLines(EVERYTHING, RESPONSE_DROPPED)
        .split('\r\n')
        .map((line) => line.split(':')[0]),
    ).toEqual([
      'x-First',
      'Host',
      'Expect',
      'Forwarded',
      'X-Forwarded-For',
      'X-Forwarded-Proto',
      'X-Forwarded-Host',
      'X-Forwarded-Port',
      'X-Real-IP',
      'Via',
      'Set-Cookie',
      'set-cookie',
      'X-Last',
      '',
    ])
  })

  test('writes nothing for an empty list', () => {
    expect(fieldLines(new HeaderList(), REQUEST_DROPPED)).toBe('')
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
