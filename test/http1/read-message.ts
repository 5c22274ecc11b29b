import { FieldKind } from '../../src/core/field-name.ts'
import { HeaderList } from '../../src/core/headers.ts'
import { type Framing, incomingRequestFraming, incomingResponseFraming } from '../../src/transport/framing.ts'
import { BodyDecoder, type BodyLimits } from '../../src/transport/http1/body-decoder.ts'
import { HeadBuffer } from '../../src/transport/http1/head-buffer.ts'
import {
  type HeadLimits,
  parseRequestHead,
  type RequestHead,
} from '../../src/transport/http1/request-head.ts'
import { parseResponseHead, type ResponseHead } from '../../src/transport/http1/response-head.ts'
import { SyntaxFault } from '../../src/transport/http1/syntax.ts'

/** `incomplete`: nothing is wrong yet, and the message is not over. In a proxy a timeout or the end of the connection decides. */
export type Verdict = 'accept' | 'incomplete' | SyntaxFault['kind']

/** All that was read of one message. Two readings of the same bytes must be equal, however the bytes came. */
export interface Reading {
  readonly verdict: Verdict
  readonly fault: string | undefined
  /** Where it was found. */
  readonly part: 'head' | 'body'
  readonly start: readonly (string | number)[]
  readonly headers: readonly string[]
  /** The field lines as they would go to the next hop: as the parser left them, and once their fields were told apart. */
  readonly written: string
  readonly rewritten: string
  readonly framing: Framing | undefined
  /** Everything else that the head says. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly body: string
  readonly trailers: readonly string[]
  /** Bytes of the message. -1 when it did not end. */
  readonly length: number
}

export interface MessageLimits extends HeadLimits, BodyLimits {}

/** Two kinds, so that lines of both sorts stand between others. */
const DROPPED = FieldKind.hopByHop | FieldKind.host

/** The defaults of `limits()`, but for a body that tests can pass. */
export const LIMITS: MessageLimits = {
  headBytes: 16_384,
  headers: 100,
  targetBytes: 8_192,
  bodyBytes: 65_536,
  chunkExtensionBytes: 256,
  trailerBytes: 8_192,
  trailers: 64,
}

/** Reads one request that comes in these pieces. They are overwritten once read, as a socket's buffer is. */
export function readRequest(pieces: readonly Buffer[], limits: MessageLimits = LIMITS): Reading {
  return readMessage(
    pieces,
    limits,
    (bytes, start, available) => parseRequestHead(bytes, start, available, limits),
    incomingRequestFraming,
    ({ method, target, minor }) => [method, target, minor],
    ({ form, host, pathAndQuery, contentLength, chunked, keepAlive, expectsContinue, ...head }) => ({
      form,
      host,
      pathAndQuery,
      contentLength,
      chunked,
      keepAlive,
      expectsContinue,
      unknownExpectation: head.unknownExpectation,
      upgrade: head.upgrade,
      acceptsTrailers: head.acceptsTrailers,
      nominated: head.nominated,
    }),
    false,
  )
}

/** Reads one response to `method`, after which the connection closes. */
export function readResponse(
  pieces: readonly Buffer[],
  { method = 'GET', limits = LIMITS }: { method?: string; limits?: MessageLimits } = {},
): Reading {
  return readMessage(
    pieces,
    limits,
    (bytes, start, available) => parseResponseHead(bytes, start, available, limits),
    (head) => incomingResponseFraming(head, method),
    ({ status, reason, minor }) => [status, reason, minor],
    ({ contentLength, chunked, keepAlive, keepAliveMs, upgrade, nominated }) => ({
      contentLength,
      chunked,
      keepAlive,
      keepAliveMs,
      upgrade,
      nominated,
    }),
    true,
  )
}

function readMessage<H extends RequestHead | ResponseHead>(
  pieces: readonly Buffer[],
  limits: MessageLimits,
  parse: (bytes: Buffer, start: number, available: number) => H | undefined,
  framingOf: (head: H) => Framing,
  startOf: (head: H) => (string | number)[],
  factsOf: (head: H) => Record<string, unknown>,
  closes: boolean,
): Reading {
  const heads = new HeadBuffer()
  let head: H | undefined
  let framing: Framing | undefined
  let body = ''
  let trailers: string[] = []
  let length = 0
  let ended = false
  const decoder = new BodyDecoder(
    {
      onBodyChunk(chunk) {
        body += chunk.toString('latin1')
        return true
      },
      onBodyEnd(found) {
        if (ended) throw new Error('a body ended twice')
        ended = true
        trailers = found === undefined ? [] : [...found].flat()
      },
    },
    limits,
  )
  const reading = (verdict: Verdict, fault?: SyntaxFault): Reading => ({
    written: head?.headers.lines(DROPPED) ?? '',
    verdict,
    fault: fault?.message,
    part: head === undefined ? 'head' : 'body',
    start: head === undefined ? [] : startOf(head),
    headers: head === undefined ? [] : [...head.headers].flat(),
    rewritten: head === undefined ? '' : HeaderList.from([...head.headers]).lines(DROPPED),
    framing,
    facts: head === undefined ? {} : factsOf(head),
    body,
    trailers,
    length: verdict === 'accept' ? length : -1,
  })
  try {
    for (const piece of pieces) {
      let at = 0
      if (head === undefined) {
        head = heads.read(piece, 0, limits.headBytes, parse)
        at = head === undefined ? piece.length : heads.rest
        if (head !== undefined) {
          framing = framingOf(head)
          if (framing === 'length') decoder.expectLength(head.contentLength)
          else if (framing === 'chunked') decoder.expectChunked()
          else if (framing === 'close') decoder.expectUntilClose()
          else ended = true
        }
      }
      if (head !== undefined && !ended) at = decoder.feed(piece, at)
      length += at
      piece.fill(0xff)
      if (ended) return reading('accept')
    }
    if (closes && framing === 'close' && decoder.closed()) return reading('accept')
    return reading('incomplete')
  } catch (thrown) {
    if (thrown instanceof SyntaxFault) return reading(thrown.kind, thrown)
    throw thrown
  }
}

/** The bytes of a latin1 string, cut at these places. */
export function cutAt(bytes: string, places: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  for (const place of [...places].sort((a, b) => a - b)) {
    if (place <= from || place >= bytes.length) continue
    pieces.push(Buffer.from(bytes.slice(from, place), 'latin1'))
    from = place
  }
  pieces.push(Buffer.from(bytes.slice(from), 'latin1'))
  return pieces
}

export function everyByte(bytes: string): Buffer[] {
  return Array.from(Buffer.from(bytes, 'latin1'), (byte) => Buffer.of(byte))
}
