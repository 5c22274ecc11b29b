import { describe, expect, test } from 'vitest'
import { parseResponseHead, type ResponseHead } from './response-head.ts'

// What is refused stands in malformed.test.ts; here, what an accepted head says.

const LIMITS = { headBytes: 16_384, headers: 100 }

function parse(text: string): ResponseHead {
  const bytes = Buffer.from(text, 'latin1')
  const head = parseResponseHead(bytes, 0, bytes.length, LIMITS)
  if (head === undefined) throw new Error('incomplete')
  return head
}

function withFields(...fields: string[]): ResponseHead {
  return parse(`HTTP/1.1 200 OK\r\n${fields.map((it) => `${it}\r\n`).join('')}\r\n`)
}

describe('parseResponseHead', () => {
  test('reads a head from the middle of a chunk', () => {
    const bytes = Buffer.from('xxHTTP/1.1 404 Not Found\r\nX-y:\t1 \r\nx-Y: 2\r\n\r\nbody', 'latin1')
    const head = parseResponseHead(bytes, 2, bytes.length, LIMITS)!
    expect(head).toMatchObject({
      status: 404,
      reason: 'Not Found',
      minor: 1,
      contentLength: -1,
      chunked: false,
    })
    expect([...head.headers]).toEqual([
      ['X-y', '1'],
      ['x-Y', '2'],
    ])
    expect(bytes.toString('latin1', head.end)).toBe('body')
  })

  test('returns undefined for every beginning of a head', () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nX: 1\r\n\r\n')
    for (let i = 0; i < bytes.length; i++) expect(parseResponseHead(bytes, 0, i, LIMITS)).toBe(undefined)
    expect(parseResponseHead(bytes, 0, bytes.length, LIMITS)?.end).toBe(bytes.length)
  })

  test.each([
    ['HTTP/1.1 200 OK', 200, 'OK', 1],
    ['HTTP/1.0 599 Out of  words ', 599, 'Out of  words ', 0],
    ['HTTP/1.1 100 ', 100, '', 1],
    ['HTTP/1.1 299', 299, '', 1],
    ['HTTP/1.1 418 \xe9\t"', 418, '\xe9\t"', 1],
  ])('reads the status line "%s"', (line, status, reason, minor) => {
    expect(parse(`${line}\r\n\r\n`)).toMatchObject({ status, reason, minor })
  })

  test('reads framing and connection', () => {
    expect(withFields('CONTENT-length: 12')).toMatchObject({
      contentLength: 12,
      chunked: false,
      keepAlive: true,
    })
    expect(withFields('Transfer-Encoding: Chunked')).toMatchObject({ contentLength: -1, chunked: true })
    expect(withFields('Connection: close').keepAlive).toBe(false)
    expect(parse('HTTP/1.0 200 OK\r\n\r\n').keepAlive).toBe(false)
    expect(parse('HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n').keepAlive).toBe(true)
    expect(withFields('Connection: X-Own, close', 'Connection: upgrade', 'Upgrade: websocket')).toMatchObject(
      {
        nominated: ['x-own'],
        upgrade: 'websocket',
      },
    )
    expect(withFields('Upgrade: h2c').upgrade).toBe(undefined)
  })

  test.each([
    ['timeout=5', 5_000],
    ['max=100, timeout=7', 7_000],
    ['Timeout = "9", max=1', 9_000],
    ['timeout=0', 0],
    ['max=5', -1],
    ['xtimeout=5', -1],
    ['timeout=soon', -1],
    ['timeout=-5', -1],
  ])('takes the hint "Keep-Alive: %s"', (value, ms) => {
    expect(withFields(`Keep-Alive: ${value}`).keepAliveMs).toBe(ms)
  })
})
