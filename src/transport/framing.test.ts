import { describe, expect, test } from 'vitest'
import {
  incomingRequestFraming,
  incomingResponseFraming,
  outgoingRequestFraming,
  outgoingResponseFraming,
  responseHasNoBody,
} from './framing.ts'

const BARE = { contentLength: -1, chunked: false }
const EMPTY = { contentLength: 0, chunked: false }
const LENGTH = { contentLength: 5, chunked: false }
const CHUNKED = { contentLength: -1, chunked: true }

test('incomingRequestFraming takes a request without length and coding for one without a body', () => {
  expect([BARE, EMPTY, LENGTH, CHUNKED].map(incomingRequestFraming)).toEqual([
    'none',
    'none',
    'length',
    'chunked',
  ])
})

describe('incomingResponseFraming', () => {
  test('goes by coding, then length, then the end of the connection', () => {
    const framings = [BARE, EMPTY, LENGTH, CHUNKED].map((head) =>
      incomingResponseFraming({ ...head, status: 200 }, 'GET'),
    )
    expect(framings).toEqual(['close', 'none', 'length', 'chunked'])
  })

  // RFC 9112 section 6.3, rule 1.
  test.each([
    [200, 'HEAD'],
    [404, 'HEAD'],
    [204, 'GET'],
    [304, 'GET'],
    [100, 'POST'],
    [103, 'GET'],
    [199, 'GET'],
  ])('knows that %i to %s has no body, whatever its fields say', (status, method) => {
    for (const head of [BARE, EMPTY, LENGTH, CHUNKED]) {
      expect(incomingResponseFraming({ ...head, status }, method)).toBe('none')
    }
    expect(responseHasNoBody(status, method)).toBe(true)
  })

  test.each([
    [205, 'GET'],
    [200, 'head'],
    [200, 'OPTIONS'],
    [500, 'TRACE'],
  ])('expects a body of %i to %s', (status, method) => {
    expect(incomingResponseFraming({ ...LENGTH, status }, method)).toBe('length')
    expect(responseHasNoBody(status, method)).toBe(false)
  })
})

test.each([
  ['GET', 0, 'none'],
  ['DELETE', 0, 'none'],
  // RFC 9110 section 8.6: these say that they have no content.
  ['POST', 0, 'length'],
  ['PUT', 0, 'length'],
  ['PATCH', 0, 'length'],
  ['QUERY', 0, 'length'],
  ['GET', 5, 'length'],
  ['POST', 5, 'length'],
  ['GET', undefined, 'chunked'],
  ['DELETE', undefined, 'chunked'],
  ['POST', undefined, 'chunked'],
] as const)('outgoingRequestFraming of %s with length %s is %s', (method, length, framing) => {
  expect(outgoingRequestFraming(method, length)).toBe(framing)
})

test.each([
  [200, 'GET', 0, 1, 'length'],
  [200, 'GET', 5, 1, 'length'],
  [200, 'GET', 5, 0, 'length'],
  [200, 'GET', undefined, 1, 'chunked'],
  // RFC 9112 section 7: HTTP/1.0 knows no transfer codings.
  [200, 'GET', undefined, 0, 'close'],
  [200, 'HEAD', 5, 1, 'none'],
  [200, 'HEAD', undefined, 0, 'none'],
  [204, 'GET', undefined, 1, 'none'],
  [304, 'GET', 5, 1, 'none'],
  [103, 'GET', undefined, 1, 'none'],
] as const)(
  'outgoingResponseFraming of %i to %s with length %s to HTTP/1.%i is %s',
  (status, method, length, minor, framing) => {
    expect(outgoingResponseFraming(status, method, length, minor)).toBe(framing)
  },
)
