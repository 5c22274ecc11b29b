import type { ErrorCode } from '../../src/transport/http2/error-codes.ts'
import { Flag, FrameType } from '../../src/transport/http2/frame-types.ts'
import { CLIENT_START, frame, padded, SETTINGS, setting, uint32 } from './recorded-frames.ts'

/** Frames that break a rule, the section that has it, and what is made of it. */
export interface FrameCase {
  readonly name: string
  readonly rfc: string
  readonly code: keyof typeof ErrorCode
  /** The stream whose fault it is; 0 for the connection. */
  readonly streamId: number
  readonly side: 'server' | 'client'
  readonly bytes: Buffer
}

const { DATA, HEADERS, PRIORITY, RST_STREAM, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } =
  FrameType
const { END_HEADERS, END_STREAM, PADDED, ACK } = Flag
const UNKNOWN = 0x42
const EIGHT = Buffer.alloc(8)

type Row = readonly [name: string, rfc: string, code: keyof typeof ErrorCode, ...bytes: Buffer[]]

/** Faults of the connection, whichever side we are. They follow the SETTINGS that begin it. */
const FRAMES: readonly Row[] = [
  ['a frame larger than the limit', '9113 4.2', 'FRAME_SIZE_ERROR', frame(DATA, 0, 1, '', 16_385)],
  [
    'an unknown frame larger than the limit',
    '9113 4.2',
    'FRAME_SIZE_ERROR',
    frame(UNKNOWN, 0, 1, '', 16_385),
  ],
  ['a frame of 16 MiB', '9113 4.2', 'FRAME_SIZE_ERROR', frame(UNKNOWN, 0, 0, '', 0xff_ffff)],
  ['DATA of no stream', '9113 6.1', 'PROTOCOL_ERROR', frame(DATA, 0, 0, 'x')],
  ['DATA of a stream with an even number', '9113 5.1', 'PROTOCOL_ERROR', frame(DATA, 0, 2, 'x')],
  ['padded DATA without a pad length', '9113 4.2', 'FRAME_SIZE_ERROR', frame(DATA, PADDED, 1)],
  ['DATA that is all padding and one more', '9113 6.1', 'PROTOCOL_ERROR', frame(DATA, PADDED, 1, '\x01')],
  [
    'DATA with padding as long as the frame',
    '9113 6.1',
    'PROTOCOL_ERROR',
    frame(DATA, PADDED, 1, '\x06hello'),
  ],
  [
    'DATA with padding longer than the frame',
    '9113 6.1',
    'PROTOCOL_ERROR',
    frame(DATA, PADDED, 1, '\xffhello'),
  ],
  [
    'DATA with padding that is not zero',
    '9113 6.1',
    'PROTOCOL_ERROR',
    padded(DATA, 0, 1, 'hello', Buffer.from([0, 0, 1])),
  ],
  ['HEADERS of no stream', '9113 6.2', 'PROTOCOL_ERROR', frame(HEADERS, END_HEADERS, 0, '\x82')],
  [
    'HEADERS of a stream with an even number',
    '9113 5.1.1',
    'PROTOCOL_ERROR',
    frame(HEADERS, END_HEADERS, 2, '\x82'),
  ],
  [
    'padded HEADERS without a pad length',
    '9113 4.2',
    'FRAME_SIZE_ERROR',
    frame(HEADERS, PADDED | END_HEADERS, 1),
  ],
  [
    'HEADERS with a priority that is cut off',
    '9113 4.2',
    'FRAME_SIZE_ERROR',
    frame(HEADERS, Flag.PRIORITY | END_HEADERS, 1, '\0\0\0\0'),
  ],
  [
    'padded HEADERS with a priority that is cut off',
    '9113 4.2',
    'FRAME_SIZE_ERROR',
    frame(HEADERS, Flag.PRIORITY | PADDED | END_HEADERS, 1, '\0\0\0\0\0'),
  ],
  [
    'HEADERS with padding as long as the frame',
    '9113 6.2',
    'PROTOCOL_ERROR',
    frame(HEADERS, PADDED | END_HEADERS, 1, '\x02\x82'),
  ],
  [
    'HEADERS with padding that reaches into the priority',
    '9113 6.2',
    'PROTOCOL_ERROR',
    frame(HEADERS, Flag.PRIORITY | PADDED | END_HEADERS, 1, '\x02\0\0\0\0\0\0'),
  ],
  [
    'HEADERS with padding that is not zero',
    '9113 6.2',
    'PROTOCOL_ERROR',
    padded(HEADERS, END_HEADERS, 1, '\x82', Buffer.from('x')),
  ],
  ['PRIORITY of no stream', '9113 6.3', 'PROTOCOL_ERROR', frame(PRIORITY, 0, 0, '\0\0\0\0\0')],
  ['RST_STREAM of no stream', '9113 6.4', 'PROTOCOL_ERROR', frame(RST_STREAM, 0, 0, uint32(8))],
  [
    'RST_STREAM of a stream with an even number',
    '9113 5.1',
    'PROTOCOL_ERROR',
    frame(RST_STREAM, 0, 4, uint32(8)),
  ],
  ['RST_STREAM of three bytes', '9113 6.4', 'FRAME_SIZE_ERROR', frame(RST_STREAM, 0, 1, '\0\0\0')],
  ['RST_STREAM of five bytes', '9113 6.4', 'FRAME_SIZE_ERROR', frame(RST_STREAM, 0, 1, '\0\0\0\0\0')],
  ['SETTINGS of a stream', '9113 6.5', 'PROTOCOL_ERROR', frame(FrameType.SETTINGS, 0, 1)],
  ['SETTINGS of five bytes', '9113 6.5', 'FRAME_SIZE_ERROR', frame(FrameType.SETTINGS, 0, 0, '\0\x03\0\0\0')],
  [
    'SETTINGS of seven bytes',
    '9113 6.5',
    'FRAME_SIZE_ERROR',
    frame(FrameType.SETTINGS, 0, 0, '\0\x03\0\0\0\0\0'),
  ],
  [
    'an acknowledgement with settings',
    '9113 6.5',
    'FRAME_SIZE_ERROR',
    frame(FrameType.SETTINGS, ACK, 0, setting(3, 1)),
  ],
  ['an acknowledgement of a stream', '9113 6.5', 'PROTOCOL_ERROR', frame(FrameType.SETTINGS, ACK, 1)],
  ['ENABLE_PUSH of 2', '9113 6.5.2', 'PROTOCOL_ERROR', frame(FrameType.SETTINGS, 0, 0, setting(2, 2))],
  [
    'INITIAL_WINDOW_SIZE of 2^31',
    '9113 6.5.2',
    'FLOW_CONTROL_ERROR',
    frame(FrameType.SETTINGS, 0, 0, setting(4, 2 ** 31)),
  ],
  [
    'MAX_FRAME_SIZE of 16383',
    '9113 6.5.2',
    'PROTOCOL_ERROR',
    frame(FrameType.SETTINGS, 0, 0, setting(5, 16_383)),
  ],
  [
    'MAX_FRAME_SIZE of 2^24',
    '9113 6.5.2',
    'PROTOCOL_ERROR',
    frame(FrameType.SETTINGS, 0, 0, setting(5, 2 ** 24)),
  ],
  [
    'ENABLE_CONNECT_PROTOCOL of 2',
    '8441 3',
    'PROTOCOL_ERROR',
    frame(FrameType.SETTINGS, 0, 0, setting(8, 2)),
  ],
  [
    'ENABLE_CONNECT_PROTOCOL taken back',
    '8441 3',
    'PROTOCOL_ERROR',
    frame(FrameType.SETTINGS, 0, 0, setting(8, 1)),
    frame(FrameType.SETTINGS, 0, 0, setting(8, 0)),
  ],
  [
    'NO_RFC7540_PRIORITIES of 2',
    '9218 2.1',
    'PROTOCOL_ERROR',
    frame(FrameType.SETTINGS, 0, 0, setting(9, 2)),
  ],
  [
    'a bad setting behind good ones',
    '9113 6.5.2',
    'PROTOCOL_ERROR',
    frame(FrameType.SETTINGS, 0, 0, Buffer.concat([setting(3, 7), setting(0xabcd, 1), setting(2, 9)])),
  ],
  [
    'more settings than the limit',
    '9113 10.5',
    'ENHANCE_YOUR_CALM',
    frame(FrameType.SETTINGS, 0, 0, Buffer.concat(Array<Buffer>(33).fill(setting(3, 1)))),
  ],
  [
    'PUSH_PROMISE',
    '9113 8.4',
    'PROTOCOL_ERROR',
    frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.from('\0\0\0\x02\x82')),
  ],
  ['PUSH_PROMISE of no stream', '9113 6.6', 'PROTOCOL_ERROR', frame(PUSH_PROMISE, END_HEADERS, 0, uint32(2))],
  ['PING of a stream', '9113 6.7', 'PROTOCOL_ERROR', frame(PING, 0, 1, EIGHT)],
  ['PING of seven bytes', '9113 6.7', 'FRAME_SIZE_ERROR', frame(PING, 0, 0, EIGHT.subarray(1))],
  ['PING of nine bytes', '9113 6.7', 'FRAME_SIZE_ERROR', frame(PING, ACK, 0, Buffer.alloc(9))],
  ['GOAWAY of a stream', '9113 6.8', 'PROTOCOL_ERROR', frame(GOAWAY, 0, 1, EIGHT)],
  ['GOAWAY of seven bytes', '9113 6.8', 'FRAME_SIZE_ERROR', frame(GOAWAY, 0, 0, EIGHT.subarray(1))],
  ['WINDOW_UPDATE of three bytes', '9113 6.9', 'FRAME_SIZE_ERROR', frame(WINDOW_UPDATE, 0, 0, '\0\0\x01')],
  ['WINDOW_UPDATE of five bytes', '9113 6.9', 'FRAME_SIZE_ERROR', frame(WINDOW_UPDATE, 0, 1, '\0\0\0\0\x01')],
  ['WINDOW_UPDATE of nothing', '9113 6.9', 'PROTOCOL_ERROR', frame(WINDOW_UPDATE, 0, 0, uint32(0))],
  [
    'WINDOW_UPDATE of nothing but the reserved bit',
    '9113 6.9',
    'PROTOCOL_ERROR',
    frame(WINDOW_UPDATE, 0, 0, uint32(2 ** 31)),
  ],
  [
    'WINDOW_UPDATE of a stream with an even number',
    '9113 5.1',
    'PROTOCOL_ERROR',
    frame(WINDOW_UPDATE, 0, 2, uint32(1)),
  ],
  ['CONTINUATION of nothing', '9113 6.10', 'PROTOCOL_ERROR', frame(CONTINUATION, END_HEADERS, 1, '\x82')],
  ['CONTINUATION of no stream', '9113 6.10', 'PROTOCOL_ERROR', frame(CONTINUATION, END_HEADERS, 0, '\x82')],
  [
    'CONTINUATION behind a block that is over',
    '9113 6.10',
    'PROTOCOL_ERROR',
    frame(HEADERS, END_HEADERS, 1, '\x82'),
    frame(CONTINUATION, END_HEADERS, 1, '\x82'),
  ],
  [
    'CONTINUATION of another stream',
    '9113 6.10',
    'PROTOCOL_ERROR',
    frame(HEADERS, 0, 1, '\x82'),
    frame(CONTINUATION, END_HEADERS, 3, '\x84'),
  ],
  ...['DATA', 'HEADERS', 'PRIORITY', 'RST_STREAM', 'SETTINGS', 'PING', 'GOAWAY', 'WINDOW_UPDATE'].map(
    (name): Row => [
      `${name} in the middle of a field block`,
      '9113 4.3',
      'PROTOCOL_ERROR',
      frame(HEADERS, END_STREAM, 1, '\x82'),
      frame(FrameType[name as keyof typeof FrameType], 0, 1, EIGHT),
    ],
  ),
  [
    'an unknown frame in the middle of a field block',
    '9113 5.5',
    'PROTOCOL_ERROR',
    frame(HEADERS, 0, 1, '\x82'),
    frame(CONTINUATION, 0, 1, '\x84'),
    frame(UNKNOWN, 0, 1, 'x'),
  ],
  [
    'a ninth CONTINUATION',
    '9113 10.5',
    'ENHANCE_YOUR_CALM',
    frame(HEADERS, 0, 1, '\x82'),
    ...Array<Buffer>(8).fill(frame(CONTINUATION, 0, 1)),
    frame(CONTINUATION, END_HEADERS, 1),
  ],
  [
    'a field block larger than the limit',
    '9113 10.5.1',
    'ENHANCE_YOUR_CALM',
    frame(HEADERS, 0, 1, Buffer.alloc(16_384)),
    ...Array<Buffer>(3).fill(frame(CONTINUATION, 0, 1, Buffer.alloc(16_384))),
    frame(CONTINUATION, END_HEADERS, 1, '\x82'),
  ],
]

const OF_A_CLIENT: readonly Row[] = [
  ['no preface', '9113 3.4', 'PROTOCOL_ERROR', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  [
    'a preface with one byte changed',
    '9113 3.4',
    'PROTOCOL_ERROR',
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\rX'),
  ],
  [
    'a preface that is followed by HEADERS',
    '9113 3.4',
    'PROTOCOL_ERROR',
    CLIENT_START.subarray(0, 24),
    frame(HEADERS, END_HEADERS, 1, '\x82'),
  ],
  [
    'a preface that is followed by an acknowledgement',
    '9113 3.4',
    'PROTOCOL_ERROR',
    CLIENT_START.subarray(0, 24),
    frame(FrameType.SETTINGS, ACK, 0),
  ],
  [
    'PRIORITY_UPDATE of a stream',
    '9218 7.1',
    'PROTOCOL_ERROR',
    CLIENT_START,
    frame(FrameType.PRIORITY_UPDATE, 0, 1, Buffer.concat([uint32(1), Buffer.from('u=1')])),
  ],
  [
    'PRIORITY_UPDATE for the connection',
    '9218 7.1',
    'PROTOCOL_ERROR',
    CLIENT_START,
    frame(FrameType.PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(0), Buffer.from('u=1')])),
  ],
  [
    'PRIORITY_UPDATE for a pushed stream',
    '9218 7.1',
    'PROTOCOL_ERROR',
    CLIENT_START,
    frame(FrameType.PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(2), Buffer.from('u=1')])),
  ],
  [
    'PRIORITY_UPDATE of three bytes',
    '9113 4.2',
    'FRAME_SIZE_ERROR',
    CLIENT_START,
    frame(FrameType.PRIORITY_UPDATE, 0, 0, '\0\0\0'),
  ],
]

const OF_A_SERVER: readonly Row[] = [
  ['no SETTINGS', '9113 3.4', 'PROTOCOL_ERROR', frame(PING, 0, 0, EIGHT)],
  ['HTTP/1.1', '9113 3.4', 'FRAME_SIZE_ERROR', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['ENABLE_PUSH of 1', '9113 6.5.2', 'PROTOCOL_ERROR', frame(FrameType.SETTINGS, 0, 0, setting(2, 1))],
  [
    'PRIORITY_UPDATE',
    '9218 7.1',
    'PROTOCOL_ERROR',
    SETTINGS,
    frame(FrameType.PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=1')])),
  ],
]

/** Reading goes on behind them. */
const OF_A_STREAM: readonly Row[] = [
  ['PRIORITY of four bytes', '9113 6.3', 'FRAME_SIZE_ERROR', frame(PRIORITY, 0, 5, '\0\0\0\0')],
  ['PRIORITY of six bytes', '9113 6.3', 'FRAME_SIZE_ERROR', frame(PRIORITY, 0, 5, '\0\0\0\0\0\0')],
  ['PRIORITY of nothing', '9113 6.3', 'FRAME_SIZE_ERROR', frame(PRIORITY, 0, 5)],
  [
    'WINDOW_UPDATE of nothing for a stream',
    '9113 6.9',
    'PROTOCOL_ERROR',
    frame(WINDOW_UPDATE, 0, 5, uint32(0)),
  ],
]

function cases(
  rows: readonly Row[],
  side: FrameCase['side'],
  start: Buffer | undefined,
  streamId = 0,
): FrameCase[] {
  return rows.map(([name, rfc, code, ...bytes]) => ({
    name,
    rfc,
    code,
    streamId,
    side,
    bytes: Buffer.concat(start === undefined ? bytes : [start, ...bytes]),
  }))
}

export const MALFORMED_FRAMES: readonly FrameCase[] = [
  ...cases(FRAMES, 'server', CLIENT_START),
  ...cases(FRAMES, 'client', SETTINGS),
  ...cases(OF_A_CLIENT, 'server', undefined),
  ...cases(OF_A_SERVER, 'client', undefined),
  ...cases(OF_A_STREAM, 'server', CLIENT_START, 5),
  ...cases(OF_A_STREAM, 'client', SETTINGS, 5),
]
