import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CLIENT_START,
  type FrameEvent,
  FrameRecorder,
  frame,
  padded,
  readFrames,
  SETTINGS,
  setting,
  uint32,
} from '../../../test/http2/recorded-frames.ts'
import type { MemoryUse } from '../../core/network.ts'
import { splits } from '../../testing/arbitraries/index.ts'
import { ErrorCode, Http2Fault } from './error-codes.ts'
import type { FrameHandler } from './frame-handler.ts'
import { CLIENT_PREFACE, Flag, FrameType } from './frame-head.ts'
import { FrameReader } from './frame-reader.ts'

const { DATA, HEADERS, PRIORITY, RST_STREAM, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } = FrameType
const { END_HEADERS, END_STREAM, ACK } = Flag
const UNKNOWN = 0x42

/** What a client reads behind the server's SETTINGS. */
function read(...frames: Buffer[]): readonly FrameEvent[] {
  const { events, fault } = readFrames([Buffer.concat([SETTINGS, ...frames])])
  expect(fault).toBe(undefined)
  expect(events[0]).toEqual(['settings'])
  return events.slice(1)
}

describe('FrameReader', () => {
  test.each<[string, Buffer[], FrameEvent[]]>([
    [
      'DATA',
      [frame(DATA, 0, 1, 'hello'), frame(DATA, END_STREAM, 1, '!')],
      [
        ['data-start', 1, 5, false],
        ['data', 1, 'hello'],
        ['data-end', 1, false],
        ['data-start', 1, 1, true],
        ['data', 1, '!'],
        ['data-end', 1, true],
      ],
    ],
    [
      'DATA that only ends its stream',
      [frame(DATA, END_STREAM, 1)],
      [
        ['data-start', 1, 0, true],
        ['data-end', 1, true],
      ],
    ],
    [
      'DATA without data',
      [frame(DATA, 0, 1)],
      [
        ['data-start', 1, 0, false],
        ['idle', DATA],
        ['data-end', 1, false],
      ],
    ],
    [
      'padded DATA, whose padding counts',
      [padded(DATA, END_STREAM, 1, 'hello', Buffer.alloc(10)), padded(DATA, 0, 3, 'x', Buffer.alloc(0))],
      [
        ['data-start', 1, 16, true],
        ['data', 1, 'hello'],
        ['data-end', 1, true],
        ['data-start', 3, 2, false],
        ['data', 3, 'x'],
        ['data-end', 3, false],
      ],
    ],
    [
      'DATA that is all padding',
      [padded(DATA, 0, 1, '', Buffer.alloc(255)), padded(DATA, END_STREAM, 1, '', Buffer.alloc(0))],
      [
        ['data-start', 1, 256, false],
        ['idle', DATA],
        ['data-end', 1, false],
        ['data-start', 1, 1, true],
        ['data-end', 1, true],
      ],
    ],
    ['HEADERS', [frame(HEADERS, END_HEADERS, 1, 'block')], [['headers', 1, 'block', false]]],
    [
      'HEADERS that ends its stream',
      [frame(HEADERS, END_HEADERS | END_STREAM, 1)],
      [['headers', 1, '', true]],
    ],
    [
      'HEADERS with padding and a priority',
      [
        padded(HEADERS, END_HEADERS, 1, 'block', Buffer.alloc(3)),
        frame(HEADERS, END_HEADERS | Flag.PRIORITY, 1, '\x80\0\0\x01\xffblock'),
        padded(HEADERS, END_HEADERS | Flag.PRIORITY, 1, '\0\0\0\0\0block', Buffer.alloc(200)),
        padded(HEADERS, END_HEADERS | Flag.PRIORITY, 1, '\0\0\0\0\0', Buffer.alloc(0)),
      ],
      [
        ['headers', 1, 'block', false],
        ['headers', 1, 'block', false],
        ['headers', 1, 'block', false],
        ['headers', 1, '', false],
      ],
    ],
    [
      'HEADERS that goes on, and ends its stream where the block is over',
      [
        padded(HEADERS, END_STREAM, 1, 'a', Buffer.alloc(3)),
        frame(CONTINUATION, 0, 1, 'b'),
        frame(CONTINUATION, 0, 1),
        frame(CONTINUATION, END_HEADERS, 1, 'c'),
        frame(HEADERS, 0, 3),
        frame(CONTINUATION, END_HEADERS, 3, 'd'),
      ],
      [
        ['headers', 1, 'abc', true],
        ['headers', 3, 'd', false],
      ],
    ],
    ['PRIORITY, of any stream', [frame(PRIORITY, 0, 2, '\0\0\0\0\0')], [['idle', PRIORITY]]],
    [
      'RST_STREAM, with any code',
      [frame(RST_STREAM, 0xff, 1, uint32(8)), frame(RST_STREAM, 0, 2 ** 31 + 1, uint32(2 ** 32 - 1))],
      [
        ['rst-stream', 1, 8],
        ['rst-stream', 1, 2 ** 32 - 1],
      ],
    ],
    [
      'SETTINGS, in their order, and none that is unknown',
      [
        frame(
          FrameType.SETTINGS,
          0,
          0,
          Buffer.concat([
            setting(1, 0),
            setting(1, 2 ** 32 - 1),
            setting(0xffff, 1),
            setting(0, 1),
            setting(7, 1),
            setting(2, 0),
            setting(3, 100),
            setting(4, 2 ** 31 - 1),
            setting(5, 2 ** 24 - 1),
            setting(6, 65_536),
            setting(8, 1),
            setting(9, 1),
          ]),
        ),
        frame(FrameType.SETTINGS, ACK, 0),
        frame(FrameType.SETTINGS, 0, 0, Buffer.concat([setting(4, 0), setting(8, 1)])),
      ],
      [
        ['setting', 1, 0, 4096],
        ['setting', 1, 2 ** 32 - 1, 0],
        ['setting', 2, 0, 1],
        ['setting', 3, 100, Number.POSITIVE_INFINITY],
        ['setting', 4, 2 ** 31 - 1, 65_535],
        ['setting', 5, 2 ** 24 - 1, 16_384],
        ['setting', 6, 65_536, Number.POSITIVE_INFINITY],
        ['setting', 8, 1, 0],
        ['setting', 9, 1, 0],
        ['settings'],
        ['settings-ack'],
        ['setting', 4, 0, 2 ** 31 - 1],
        ['setting', 8, 1, 1],
        ['settings'],
      ],
    ],
    [
      'PING',
      [frame(PING, 0, 0, 'question'), frame(PING, ACK, 0, 'response')],
      [
        ['ping', Buffer.from('question').toString('hex'), false],
        ['ping', Buffer.from('response').toString('hex'), true],
      ],
    ],
    [
      'GOAWAY',
      [
        frame(GOAWAY, 0, 0, Buffer.concat([uint32(2 ** 32 - 1), uint32(2)])),
        frame(GOAWAY, 0, 0, Buffer.concat([uint32(7), uint32(0xdead), Buffer.from('why')])),
      ],
      [
        ['goaway', 2 ** 31 - 1, 2, ''],
        ['goaway', 7, 0xdead, 'why'],
      ],
    ],
    [
      'WINDOW_UPDATE',
      [frame(WINDOW_UPDATE, 0, 0, uint32(1)), frame(WINDOW_UPDATE, 0, 5, uint32(2 ** 32 - 1))],
      [
        ['window-update', 0, 1],
        ['window-update', 5, 2 ** 31 - 1],
      ],
    ],
    [
      'frames of unknown types, of any stream',
      [frame(UNKNOWN, 0xff, 0, 'x'), frame(0xff, 0, 2, Buffer.alloc(16_384)), frame(0x0a, 0, 1)],
      [
        ['idle', UNKNOWN],
        ['idle', 0xff],
        ['idle', 0x0a],
      ],
    ],
  ])('reads %s', (_, frames, events) => {
    expect(read(...frames)).toEqual(events)
  })

  test('reads the preface of a client, and PRIORITY_UPDATE', () => {
    const { events, fault } = readFrames(
      [
        Buffer.concat([
          CLIENT_START,
          frame(FrameType.PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(7), Buffer.from('u=1, i')])),
          frame(FrameType.PRIORITY_UPDATE, 0, 0, uint32(9)),
        ]),
      ],
      'server',
    )
    expect([events, fault]).toEqual([
      [['settings'], ['priority-update', 7, 'u=1, i'], ['priority-update', 9, '']],
      undefined,
    ])
  })

  test('knows what the peer has told of itself', () => {
    const reader = new FrameReader(new FrameRecorder(), 'client')
    expect([reader.peer.maxFrameSize, reader.peer.initialWindowSize]).toEqual([16_384, 65_535])
    reader.read(frame(FrameType.SETTINGS, 0, 0, Buffer.concat([setting(5, 20_000), setting(4, 10)])))
    expect([reader.peer.maxFrameSize, reader.peer.initialWindowSize]).toEqual([20_000, 10])
  })

  test('starts to read where it is told', () => {
    const recorder = new FrameRecorder()
    new FrameReader(recorder, 'client').read(Buffer.concat([Buffer.from('xyz'), SETTINGS]), 3)
    expect(recorder.events).toEqual([['settings']])
  })

  test('hands DATA out as it comes, without a copy', () => {
    const recorder = new FrameRecorder()
    const given: Buffer[] = []
    recorder.onDataPiece = (_, chunk) => {
      given.push(chunk)
      return true
    }
    const reader = new FrameReader(recorder, 'client')
    const first = Buffer.concat([SETTINGS, frame(DATA, 0, 1, 'abc', 10)])
    const second = Buffer.from('defgh')
    const third = Buffer.concat([Buffer.from('ij'), frame(DATA, END_STREAM, 1, 'k')])
    for (const chunk of [first, second, third]) reader.read(chunk)
    expect(given.map(String)).toEqual(['abc', 'defgh', 'ij', 'k'])
    expect(given[0]!.buffer).toBe(first.buffer)
    expect(given[1]).toBe(second)
    expect([given[2]!.buffer, given[3]!.buffer]).toEqual([third.buffer, third.buffer])
    expect(reader.heldBytes).toBe(0)
  })

  test('tells what became of the memory of a chunk: it is as free as its least free part', () => {
    const uses: MemoryUse[] = [true, false, undefined]
    for (const one of uses) {
      for (const other of uses) {
        const recorder = new FrameRecorder()
        const answers = [one, other]
        recorder.onDataPiece = () => answers.shift()
        const reader = new FrameReader(recorder, 'client')
        expect(reader.read(SETTINGS)).toBe(true)
        const use = reader.read(
          Buffer.concat([frame(DATA, 0, 1, 'a'), frame(PING, 0, 0, '12345678'), frame(DATA, 0, 1, 'b')]),
        )
        expect([one, other, use]).toEqual([
          one,
          other,
          uses[Math.max(uses.indexOf(one), uses.indexOf(other))],
        ])
        // What is held back is a copy.
        expect(reader.read(frame(PING, 0, 0, '1234', 8))).toBe(true)
      }
    }
  })

  test('gives a field block out where it lies, and lets go of one that it put together', () => {
    const recorder = new FrameRecorder()
    const given: Buffer[] = []
    recorder.onHeaders = (_, block) => given.push(block)
    const reader = new FrameReader(recorder, 'client')
    const whole = Buffer.concat([SETTINGS, frame(HEADERS, END_HEADERS, 1, 'block')])
    reader.read(whole)
    expect(given[0]!.buffer).toBe(whole.buffer)
    reader.read(
      Buffer.concat([frame(HEADERS, 0, 3, 'x'.repeat(1000)), frame(CONTINUATION, END_HEADERS, 3, 'y', 9)]),
    )
    expect(reader.heldBytes).toBe(1001)
    reader.read(Buffer.from('yyyyyyyy'))
    expect([given[1]!.length, reader.heldBytes]).toEqual([1009, 0])
  })

  test('holds no more than its limits, whatever is begun and not ended', () => {
    const recorder = new FrameRecorder()
    const reader = new FrameReader(recorder, 'server', { blockBytes: 40_000 })
    reader.read(CLIENT_START)
    let most = 0
    const feed = (bytes: Buffer): void => {
      for (let at = 0; at < bytes.length; at += 100) {
        reader.read(bytes.subarray(at, at + 100))
        most = Math.max(most, reader.heldBytes)
      }
    }
    feed(frame(GOAWAY, 0, 0, Buffer.alloc(16_384)))
    feed(frame(FrameType.PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(1), Buffer.alloc(16_380)])))
    // Not held at all.
    feed(frame(UNKNOWN, 0, 0, Buffer.alloc(16_384)))
    // Of the last chunk of a frame nothing is left when it has been read.
    expect([most, reader.heldBytes]).toEqual([16_291, 0])
    feed(frame(HEADERS, 0, 1, Buffer.alloc(16_384)))
    feed(frame(CONTINUATION, 0, 1, Buffer.alloc(16_384)))
    expect(() => feed(frame(CONTINUATION, 0, 1, Buffer.alloc(16_384)))).toThrow(
      'a field block of more than 40000 bytes',
    )
    expect(most).toBeLessThanOrEqual(40_000)
    expect(reader.heldBytes).toBe(0)
  })

  test.each([
    ['without bytes', 0],
    ['of one byte', 1],
    ['as large as they may be', 16_384],
  ])('ends a flood of CONTINUATION frames %s', (_, size) => {
    const reader = new FrameReader(new FrameRecorder(), 'server')
    reader.read(Buffer.concat([CLIENT_START, frame(HEADERS, 0, 1, '\x82')]))
    const one = frame(CONTINUATION, 0, 1, Buffer.alloc(size))
    let frames = 0
    let most = 0
    const flood = (): void => {
      for (; frames < 100_000; frames++) {
        reader.read(one)
        most = Math.max(most, reader.heldBytes)
      }
    }
    expect(flood).toThrow(Http2Fault)
    expect([frames, most]).toEqual(size === 16_384 ? [3, 1 + 3 * size] : [8, 1 + 8 * size])
  })

  test('takes other limits', () => {
    const limits = { frameBytes: 20_000, blockBytes: 100, continuations: 1, settings: 1 }
    const fault = (...frames: Buffer[]): number | undefined =>
      readFrames([Buffer.concat([SETTINGS, ...frames])], 'client', limits).fault?.code
    expect(fault(frame(DATA, 0, 1, Buffer.alloc(20_000)))).toBe(undefined)
    expect(fault(frame(DATA, 0, 1, Buffer.alloc(20_001)))).toBe(ErrorCode.FRAME_SIZE_ERROR)
    expect(fault(frame(HEADERS, END_HEADERS, 1, Buffer.alloc(100)))).toBe(undefined)
    expect(fault(frame(HEADERS, END_HEADERS, 1, Buffer.alloc(101)))).toBe(ErrorCode.ENHANCE_YOUR_CALM)
    expect(fault(frame(HEADERS, 0, 1), frame(CONTINUATION, END_HEADERS, 1, Buffer.alloc(100)))).toBe(
      undefined,
    )
    expect(fault(frame(HEADERS, 0, 1, 'x'), frame(CONTINUATION, END_HEADERS, 1, Buffer.alloc(100)))).toBe(
      ErrorCode.ENHANCE_YOUR_CALM,
    )
    expect(fault(frame(HEADERS, 0, 1), frame(CONTINUATION, 0, 1), frame(CONTINUATION, END_HEADERS, 1))).toBe(
      ErrorCode.ENHANCE_YOUR_CALM,
    )
    expect(fault(frame(FrameType.SETTINGS, 0, 0, setting(3, 1)))).toBe(undefined)
    expect(fault(frame(FrameType.SETTINGS, 0, 0, Buffer.concat([setting(3, 1), setting(3, 1)])))).toBe(
      ErrorCode.ENHANCE_YOUR_CALM,
    )
    // Each block is counted anew.
    const block = [
      frame(HEADERS, 0, 1, Buffer.alloc(60)),
      frame(CONTINUATION, END_HEADERS, 1, Buffer.alloc(40)),
    ]
    expect(fault(...block, ...block, ...block)).toBe(undefined)
  })

  describe('when its handler ends it', () => {
    const frames = [
      padded(DATA, 0, 1, 'hello', Buffer.alloc(3)),
      padded(DATA, 0, 1, '', Buffer.alloc(3)),
      frame(DATA, 0, 1),
      frame(HEADERS, END_HEADERS, 3, 'block'),
      frame(HEADERS, 0, 3, 'block'),
      frame(CONTINUATION, END_HEADERS, 3, 'block'),
      frame(PRIORITY, 0, 1, '\0\0\0\0\0'),
      frame(PRIORITY, 0, 1, '\0'),
      frame(RST_STREAM, 0, 1, uint32(8)),
      frame(FrameType.SETTINGS, 0, 0, Buffer.concat([setting(3, 1), setting(4, 1)])),
      frame(FrameType.SETTINGS, ACK, 0),
      frame(PING, 0, 0, '12345678'),
      frame(GOAWAY, 0, 0, '12345678'),
      frame(WINDOW_UPDATE, 0, 1, uint32(1)),
      frame(WINDOW_UPDATE, 0, 1, uint32(0)),
      frame(FrameType.PRIORITY_UPDATE, 0, 0, uint32(1)),
      frame(UNKNOWN, 0, 1, 'x'),
    ]
    const bytes = Buffer.concat([CLIENT_START, ...frames])
    const all = readFrames([Buffer.from(bytes)], 'server').events

    /** A handler that does something when it is told of the event at this place. */
    function acting(recorder: FrameRecorder, place: number, act: () => void): FrameHandler {
      return new Proxy(recorder, {
        get(target, name) {
          const told = Reflect.get(target, name) as (...args: unknown[]) => unknown
          return (...args: unknown[]) => {
            const answer = told.apply(target, args)
            if (target.events.length === place + 1) act()
            return answer
          }
        },
      })
    }

    test('tells it nothing more, whatever it was told last', () => {
      expect(all).toHaveLength(25)
      for (let place = 0; place < all.length; place++) {
        for (const pieces of [[bytes], [...bytes].map((byte) => Buffer.from([byte]))]) {
          const recorder = new FrameRecorder()
          const handler = acting(recorder, place, () => reader.stop())
          const reader = new FrameReader(handler, 'server')
          for (const piece of pieces) reader.read(piece)
          expect(recorder.events).toHaveLength(place + 1)
          expect(recorder.events.slice(0, -1)).toEqual(all.slice(0, place))
          expect(recorder.events.at(-1)![0]).toBe(all[place]![0])
          expect(reader.heldBytes).toBe(0)
        }
      }
    })

    test('passes on what it throws, and reads no more', () => {
      for (let place = 0; place < all.length; place++) {
        const recorder = new FrameRecorder()
        const handler = acting(recorder, place, () => {
          throw new Http2Fault(ErrorCode.COMPRESSION_ERROR, 'of the handler')
        })
        const reader = new FrameReader(handler, 'server')
        expect(() => reader.read(bytes)).toThrow('of the handler')
        reader.read(bytes)
        expect(recorder.events).toHaveLength(place + 1)
      }
    })
  })
})

describe('the same frames in any pieces', () => {
  const streamId = fc.constantFrom(1, 3, 2 ** 31 - 1)
  const text = (maxLength: number): fc.Arbitrary<string> =>
    fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  const flags = fc.constantFrom(0, END_STREAM, END_HEADERS, END_HEADERS | END_STREAM)
  const padding = fc.nat(20).map((length) => Buffer.alloc(length))
  const wellFormed = fc.oneof(
    fc
      .tuple(fc.constantFrom(0, END_STREAM), streamId, text(40))
      .map(([f, id, data]) => frame(DATA, f, id, data)),
    fc
      .tuple(fc.constantFrom(0, END_STREAM), streamId, text(10), padding)
      .map(([f, id, data, pad]) => padded(DATA, f, id, data, pad)),
    fc.tuple(streamId, text(20)).map(([id, block]) => frame(HEADERS, END_HEADERS, id, block)),
    fc
      .tuple(streamId, fc.array(text(10), { minLength: 1, maxLength: 4 }), padding)
      .map(([id, parts, pad]) =>
        Buffer.concat([
          padded(HEADERS, END_STREAM, id, parts[0]!, pad),
          ...parts.slice(1).map((part) => frame(CONTINUATION, 0, id, part)),
          frame(CONTINUATION, END_HEADERS, id, 'end'),
        ]),
      ),
    fc.constantFrom(
      frame(PING, 0, 0, '12345678'),
      frame(GOAWAY, 0, 0, '12345678why'),
      frame(WINDOW_UPDATE, 0, 1, uint32(7)),
      frame(WINDOW_UPDATE, 0, 1, uint32(0)),
      frame(RST_STREAM, 0, 1, uint32(8)),
      frame(PRIORITY, 0, 1, '\0\0\0\0\0'),
      frame(PRIORITY, 0, 1, '\0\0\0\0'),
      frame(UNKNOWN, 0, 1, 'unknown'),
      frame(FrameType.SETTINGS, 0, 0, Buffer.concat([setting(3, 7), setting(99, 1)])),
      frame(FrameType.SETTINGS, ACK, 0),
    ),
  )
  const doubtful = fc
    .tuple(
      fc.oneof(fc.nat(10), fc.nat(255)),
      fc.oneof(flags, fc.nat(255)),
      fc.constantFrom(0, 1, 2, 3),
      text(20),
      fc.boolean(),
    )
    .map(([type, f, id, payload, cutOff]) => frame(type, f, id, payload, payload.length + (cutOff ? 5 : 0)))
  const sequence = fc
    .array(fc.oneof({ weight: 12, arbitrary: wellFormed }, { weight: 1, arbitrary: doubtful }), {
      maxLength: 12,
    })
    .map((frames) => Buffer.concat([SETTINGS, ...frames]))

  test('give the same events and the same fault', { timeout: 60_000 }, () => {
    let events = 0
    let faults = 0
    fc.assert(
      fc.property(
        sequence.chain((bytes) => fc.tuple(fc.constant(bytes), splits(bytes))),
        ([bytes, pieces]) => {
          const whole = readFrames([Buffer.from(bytes)])
          expect(readFrames(pieces)).toEqual(whole)
          expect(readFrames([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole)
          events += whole.events.length
          if (whole.fault !== undefined) faults++
        },
      ),
      { numRuns: 800 },
    )
    expect(events).toBeGreaterThan(2000)
    expect(faults).toBeGreaterThan(20)
  })

  test('of random bytes cause nothing but faults', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(SETTINGS, CLIENT_PREFACE, CLIENT_START),
        fc.uint8Array({ maxLength: 200 }),
        (start, bytes) => {
          for (const side of ['server', 'client'] as const) {
            const all = Buffer.concat([start, bytes])
            const whole = readFrames([Buffer.from(all)], side)
            expect(
              readFrames(
                [...all].map((byte) => Buffer.from([byte])),
                side,
              ),
            ).toEqual(whole)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
