import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splits } from '../arbitraries/index.ts'
import { type SimpleMessage, SimpleReader } from './simple-http1.ts'

function read(kind: 'request' | 'response', pieces: readonly string[], end = false): SimpleMessage[] {
  const messages: SimpleMessage[] = []
  const reader = new SimpleReader({ kind, onMessage: (message) => messages.push(message) > 0 })
  for (const piece of pieces) reader.push(Buffer.from(piece, 'latin1'))
  if (end) reader.end()
  return messages
}

const PIPELINE =
  'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc' +
  '\r\nPUT /b HTTP/1.1\r\nX-Case:  kept \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\nX-T: 1\r\n\r\n' +
  'GET /c HTTP/1.0\n\n'

test('SimpleReader reads messages of every framing, as they stand', () => {
  const [first, second, third] = read('request', [PIPELINE])
  expect(first).toEqual({
    startLine: 'POST /a HTTP/1.1',
    head: 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n',
    headers: [
      ['Host', 'a'],
      ['Content-Length', '3'],
    ],
    body: Buffer.from('abc'),
    trailers: [],
    framing: 'length',
    chunkSizes: [],
    complete: true,
  })
  expect(second).toMatchObject({
    framing: 'chunked',
    chunkSizes: [2, 1],
    trailers: [['X-T', '1']],
    complete: true,
  })
  expect(second!.headers[0]).toEqual(['X-Case', 'kept'])
  expect(second!.body.toString()).toBe('def')
  expect(third).toMatchObject({ startLine: 'GET /c HTTP/1.0', framing: 'none', complete: true })
})

test('SimpleReader reads the same however the bytes are split', () => {
  const expected = read('request', [PIPELINE])
  fc.assert(
    fc.property(splits(Buffer.from(PIPELINE, 'latin1')), (pieces) => {
      expect(read('request', pieces.map(String))).toEqual(expected)
    }),
    { numRuns: 100 },
  )
  expect(read('request', PIPELINE.split(''))).toEqual(expected)
})

test('SimpleReader reads a response without a length until the close', () => {
  expect(read('response', ['HTTP/1.1 200 OK\r\n\r\nab', 'cd'])).toEqual([])
  expect(read('response', ['HTTP/1.1 200 OK\r\n\r\nab', 'cd'], true)[0]).toMatchObject({
    framing: 'close',
    body: Buffer.from('abcd'),
    complete: true,
  })
  const bodiless = read('response', [
    'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
  ])
  expect(bodiless.map(({ framing }) => framing)).toEqual(['none', 'none'])
})

test('SimpleReader shows a message that broke off', () => {
  const [cut] = read('response', ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc'], true)
  expect(cut).toMatchObject({ body: Buffer.from('abc'), complete: false })
  expect(read('response', ['HTTP/1.1 200 OK\r\n'], true)).toEqual([])
})

test('SimpleReader throws on what makes no sense', () => {
  expect(() => read('response', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'])).toThrow(
    'no chunk size: "zz"',
  )
  expect(() => read('response', ['HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n'])).toThrow(
    'no content length: "-5"',
  )
})
