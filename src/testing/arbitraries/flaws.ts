import type { MessageParts } from './message-parts.ts'

/** A flaw in the lines of a head, of either kind of message. */
export type HeadFlaw =
  | 'bare LF in head'
  | 'bare CR in head'
  | 'doubled CR in head'
  | 'folded line'
  | 'white space before first field'
  | 'white space before colon'
  | 'white space in name'
  | 'no colon'
  | 'empty name'
  | 'name that is no token'
  | 'control byte in value'
  | 'version that does not exist'
  | 'version in lower case'

/** A flaw in what says where the body ends, or in the framing of the body, of either kind of message. */
export type BodyFlaw =
  | 'two lengths'
  | 'list of lengths'
  | 'length that is no number'
  | 'length past every number'
  | 'length and chunked'
  | 'chunked twice'
  | 'coding that is not final'
  | 'coding nobody knows'
  | 'space before colon of coding'
  | 'chunked in HTTP/1.0'
  | 'chunk size that is no number'
  | 'chunk size past every number'
  | 'white space behind chunk size'
  | 'bare LF behind chunk size'
  | 'bare LF behind chunk'
  | 'chunk longer than its size'
  | 'malformed chunk extension'
  | 'framing field in trailers'
  | 'folded trailer'
  | 'bare LF in trailers'

/** How a flaw is worked into a valid message. `pick` chooses the place, or one of several ways: any natural number. */
export interface Flaw {
  /** How the message must be framed for it. */
  readonly framing?: 'length' | 'chunked'
  /** Gives the message anew; a string of latin1 where it cannot be put together from parts any more. */
  readonly spoil: (parts: MessageParts, pick: number) => MessageParts | string
}

export const HEAD_FLAWS: Readonly<Record<HeadFlaw, Flaw>> = {
  'bare LF in head': { spoil: (parts, pick) => withLineEnd(parts, pick, '\n') },
  'bare CR in head': { spoil: (parts, pick) => withLineEnd(parts, pick, '\r') },
  'doubled CR in head': { spoil: (parts, pick) => withLineEnd(parts, pick, '\r\r\n') },
  'folded line': {
    spoil: (parts, pick) => withField(parts, pick, among(pick, 'X: a\r\n b', 'X:\r\n\ta', 'X: a\r\n ')),
  },
  'white space before first field': {
    spoil: (parts, pick) => ({
      ...parts,
      fieldLines: [among(pick, ' X: 1', '\tX: 1', ' '), ...parts.fieldLines],
    }),
  },
  'white space before colon': {
    spoil: (parts, pick) => withField(parts, pick, among(pick, 'X : 1', 'X\t: 1')),
  },
  'white space in name': { spoil: (parts, pick) => withField(parts, pick, among(pick, 'X Y: 1', 'X\tY: 1')) },
  'no colon': { spoil: (parts, pick) => withField(parts, pick, 'X') },
  'empty name': { spoil: (parts, pick) => withField(parts, pick, ': 1') },
  'name that is no token': {
    spoil: (parts, pick) =>
      withField(
        parts,
        pick,
        `${among(pick, 'X\xe9', 'X\0', '"X"', 'X/Y', '[X]', ':path', 'X(Y)', '\vX')}: 1`,
      ),
  },
  'control byte in value': {
    spoil: (parts, pick) =>
      withField(parts, pick, `X: ${among(pick, 'a\0b', '\x07', 'a\vb', 'a\x7fb', '\x1b[31m', 'a\f')}`),
  },
  'version that does not exist': {
    spoil: (parts, pick) =>
      withVersion(parts, among(pick, 'HTTP/1.2', 'HTTP/2.0', 'HTTP/1.10', 'HTTP/1', 'HTTP/01.1')),
  },
  'version in lower case': { spoil: (parts) => withVersion(parts, 'http/1.1') },
}

export const BODY_FLAWS: Readonly<Record<BodyFlaw, Flaw>> = {
  'two lengths': {
    framing: 'length',
    spoil: (parts, pick) =>
      withField(parts, pick, `Content-Length: ${among(pick, lengthOf(parts), '0', '1')}`),
  },
  'list of lengths': {
    framing: 'length',
    spoil: (parts, pick) =>
      withFraming(parts, (n) => among(pick, `${n}, ${n}`, `${n},${n}`, `${n},`, `${n}, 0`)),
  },
  'length that is no number': {
    framing: 'length',
    spoil: (parts, pick) =>
      withFraming(parts, (n) =>
        among(
          pick,
          `+${n}`,
          `-${n}`,
          `0${n}`,
          `0x${n}`,
          `${n}.0`,
          `${n}_0`,
          `"${n}"`,
          `${n};a`,
          '',
          'five',
          `\xa0${n}`,
        ),
      ),
  },
  'length past every number': {
    framing: 'length',
    spoil: (parts, pick) => withFraming(parts, () => among(pick, '18446744073709551616', '9'.repeat(30))),
  },
  'length and chunked': {
    framing: 'chunked',
    spoil: (parts, pick) => withField(parts, pick, `Content-Length: ${among(pick, '0', '5')}`),
  },
  'chunked twice': {
    framing: 'chunked',
    spoil: (parts, pick) =>
      pick % 2 === 0
        ? withField(parts, pick, 'Transfer-Encoding: chunked')
        : withFraming(parts, () => 'chunked, chunked'),
  },
  'coding that is not final': {
    framing: 'chunked',
    spoil: (parts, pick) =>
      withFraming(parts, () => among(pick, 'chunked, gzip', 'identity', 'chunked, identity')),
  },
  'coding nobody knows': {
    framing: 'chunked',
    spoil: (parts, pick) =>
      withFraming(parts, () =>
        among(pick, 'xchunked', 'chunkedx', '"chunked"', 'chunked;q=1', 'chunked\xa0', '', 'cow'),
      ),
  },
  'space before colon of coding': {
    framing: 'chunked',
    spoil: (parts) => ({
      ...parts,
      fieldLines: parts.fieldLines.map((line) => (FRAMING.test(line) ? line.replace(':', ' :') : line)),
    }),
  },
  'chunked in HTTP/1.0': { framing: 'chunked', spoil: (parts) => withVersion(parts, 'HTTP/1.0') },
  'chunk size that is no number': {
    framing: 'chunked',
    spoil: (parts, pick) =>
      withChunk(
        parts,
        pick,
        `${among(pick, '0x5', '+5', '-5', '', '5g', '5.', '"5"', '5_', '\xb2')}\r\nhello\r\n`,
      ),
  },
  'chunk size past every number': {
    framing: 'chunked',
    spoil: (parts, pick) =>
      withChunk(parts, pick, `${among(pick, '10000000000000005', 'f'.repeat(16))}\r\nhello\r\n`),
  },
  'white space behind chunk size': {
    framing: 'chunked',
    spoil: (parts, pick) => withChunk(parts, pick, `${among(pick, '5 ', ' 5', '5\t', '5 ;a')}\r\nhello\r\n`),
  },
  'bare LF behind chunk size': {
    framing: 'chunked',
    spoil: (parts, pick) => withChunk(parts, pick, '5\nhello\r\n'),
  },
  'bare LF behind chunk': {
    framing: 'chunked',
    spoil: (parts, pick) => withChunk(parts, pick, '5\r\nhello\n'),
  },
  'chunk longer than its size': {
    framing: 'chunked',
    spoil: (parts, pick) => withChunk(parts, pick, among(pick, '5\r\nhello!\r\n', '5\r\nhello there\r\n')),
  },
  'malformed chunk extension': {
    framing: 'chunked',
    spoil: (parts, pick) =>
      withChunk(
        parts,
        pick,
        `5${among(pick, ';', ';a=', ';=b', ';a="b', ';a=b=c', ';a\0', ';a\nb')}\r\nhello\r\n`,
      ),
  },
  'framing field in trailers': {
    framing: 'chunked',
    spoil: (parts, pick) =>
      withTrailer(parts, among(pick, 'Content-Length: 5', 'Transfer-Encoding: chunked', 'Host: evil')),
  },
  'folded trailer': { framing: 'chunked', spoil: (parts) => withTrailer(parts, 'X: a\r\n b') },
  'bare LF in trailers': { framing: 'chunked', spoil: (parts) => withTrailer(parts, 'X: a\nY: b') },
}

/** One of some, by any natural number. */
export function among<T>(pick: number, first: T, ...others: readonly T[]): T {
  return [first, ...others][pick % (others.length + 1)]!
}

/** With one more field line, anywhere. */
export function withField(parts: MessageParts, pick: number, line: string): MessageParts {
  const fieldLines = [...parts.fieldLines]
  fieldLines.splice(pick % (fieldLines.length + 1), 0, line)
  return { ...parts, fieldLines }
}

const VERSION = /HTTP\/1\.1/

function withVersion(parts: MessageParts, version: string): MessageParts {
  return { ...parts, startLine: parts.startLine.replace(VERSION, version) }
}

/** One of the line ends of the head, but that of the empty line, is another. */
function withLineEnd(
  { startLine, fieldLines, pieces, end }: MessageParts,
  pick: number,
  lineEnd: string,
): string {
  const lines = [startLine, ...fieldLines]
  const spoilt = pick % lines.length
  const head = lines.map((line, i) => line + (i === spoilt ? lineEnd : '\r\n')).join('')
  return `${head}\r\n${pieces.join('')}${end}`
}

const FRAMING = /^(content-length|transfer-encoding):\s*(.*?)\s*$/i

function withFraming(parts: MessageParts, framed: (value: string) => string): MessageParts {
  const fieldLines = parts.fieldLines.map((line) => {
    const found = FRAMING.exec(line)
    return found === null ? line : `${found[1]}: ${framed(found[2]!)}`
  })
  return { ...parts, fieldLines }
}

function lengthOf({ pieces }: MessageParts): string {
  return String(pieces.join('').length)
}

function withChunk(parts: MessageParts, pick: number, chunk: string): MessageParts {
  const pieces = [...parts.pieces]
  pieces.splice(pick % (pieces.length + 1), 0, chunk)
  return { ...parts, pieces }
}

/** Behind the last chunk, before the trailers that are there. */
function withTrailer(parts: MessageParts, line: string): MessageParts {
  return { ...parts, end: parts.end.replace('\r\n', () => `\r\n${line}\r\n`) }
}
