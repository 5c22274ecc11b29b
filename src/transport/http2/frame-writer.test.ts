import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FrameEvent, frame, readFrames, SETTINGS } from '../../../test/http2/recorded-frames.ts'
import { RecordingWire } from '../../../test/http2/recording-wire.ts'
import { ErrorCode } from './error-codes.ts'
import { CLIENT_PREFACE, Flag, FrameType } from './frame-types.ts'
import { FrameWriter } from './frame-writer.ts'
import { SettingId } from './settings.ts'

/** What comes of what was written, at a peer that takes frames as large as this. */
function read(bytes: Buffer, frameBytes = 16_384): readonly FrameEvent[] {
  const { events, fault } = readFrames([Buffer.concat([SETTINGS, bytes])], 'client', {
    frameBytes,
    blockBytes: 1_000_000,
    continuations: 100_000,
  })
  expect(fault).toBe(undefined)
  return events.slice(1)
}

function written(write: (writer: FrameWriter) => void): Buffer {
  const wire = new RecordingWire()
  const writer = new FrameWriter(wire)
  write(writer)
  expect(wire.sent).toEqual([])
  writer.flush()
  expect(wire.sent).toHaveLength(1)
  return wire.bytes
}

function writeHeaders(writer: FrameWriter, streamId: number, block: string, endStream: boolean): void {
  const out = writer.beginHeaders()
  out.reserve(block.length)
  out.length += out.bytes.write(block, out.length, 'latin1')
  writer.endHeaders(streamId, endStream)
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')

describe('FrameWriter', () => {
  test.each<[string, (writer: FrameWriter) => void, FrameEvent[]]>([
    [
      'SETTINGS',
      (writer) =>
        writer.settings([
          [SettingId.initialWindowSize, 2 ** 31 - 1],
          [SettingId.headerTableSize, 0],
        ]),
      [['setting', 4, 2 ** 31 - 1, 65_535], ['setting', 1, 0, 4096], ['settings']],
    ],
    ['SETTINGS without any', (writer) => writer.settings([]), [['settings']]],
    ['an acknowledgement', (writer) => writer.settingsAck(), [['settings-ack']]],
    ['PING', (writer) => writer.ping(bytesOf('question'), false), [['ping', '7175657374696f6e', false]]],
    [
      'an answer to PING',
      (writer) => writer.ping(bytesOf('question'), true),
      [['ping', '7175657374696f6e', true]],
    ],
    [
      'RST_STREAM',
      (writer) => writer.rstStream(2 ** 31 - 1, ErrorCode.CANCEL),
      [['rst-stream', 2 ** 31 - 1, 8]],
    ],
    ['GOAWAY', (writer) => writer.goaway(7, ErrorCode.NO_ERROR), [['goaway', 7, 0, '']]],
    [
      'GOAWAY with a reason',
      (writer) => writer.goaway(2 ** 31 - 1, 0xffff_ffff, 'x'.repeat(1000)),
      [['goaway', 2 ** 31 - 1, 0xffff_ffff, 'x'.repeat(256)]],
    ],
    [
      'WINDOW_UPDATE',
      (writer) => {
        writer.windowUpdate(0, 1)
        writer.windowUpdate(3, 2 ** 31 - 1)
      },
      [
        ['window-update', 0, 1],
        ['window-update', 3, 2 ** 31 - 1],
      ],
    ],
    [
      'HEADERS',
      (writer) => {
        writeHeaders(writer, 1, 'block', false)
        writeHeaders(writer, 3, '', true)
      },
      [
        ['headers', 1, 'block', false],
        ['headers', 3, '', true],
      ],
    ],
    [
      'DATA',
      (writer) => {
        writer.data(1, bytesOf('hello'), false)
        writer.data(1, bytesOf(''), true)
      },
      [
        ['data-start', 1, 5, false],
        ['data', 1, 'hello'],
        ['data-end', 1, false],
        ['data-start', 1, 0, true],
        ['data-end', 1, true],
      ],
    ],
  ])('writes %s', (_, write, events) => {
    expect(read(written(write))).toEqual(events)
  })

  test('writes the preface of a client', () => {
    const bytes = written((writer) => {
      writer.preface()
      writer.settings([])
    })
    expect(bytes).toEqual(Buffer.concat([CLIENT_PREFACE, SETTINGS]))
  })

  test('sets no flag and no bit that has no meaning', () => {
    const bytes = written((writer) => {
      writer.rstStream(1, 8)
      writer.windowUpdate(1, 1)
      writer.goaway(1, 0)
      writeHeaders(writer, 1, 'x', true)
      writer.data(1, bytesOf('x'), true)
    })
    expect(bytes).toEqual(
      Buffer.concat([
        frame(FrameType.RST_STREAM, 0, 1, '\0\0\0\x08'),
        frame(FrameType.WINDOW_UPDATE, 0, 1, '\0\0\0\x01'),
        frame(FrameType.GOAWAY, 0, 0, '\0\0\0\x01\0\0\0\0'),
        frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, 'x'),
        frame(FrameType.DATA, Flag.END_STREAM, 1, 'x'),
      ]),
    )
  })

  test('sends a head, a body and the end of the stream in one write', () => {
    const wire = new RecordingWire()
    const writer = new FrameWriter(wire)
    writeHeaders(writer, 1, 'head', false)
    expect(writer.data(1, Buffer.alloc(16_384, 'b'), false)).toBe(true)
    writeHeaders(writer, 1, 'trailers', true)
    expect([wire.sent.length, writer.collectedBytes > 16_384]).toEqual([0, true])
    expect(writer.flush()).toBe(true)
    expect([wire.sent.length, writer.collectedBytes]).toEqual([1, 0])
    expect(read(wire.bytes).map(([name]) => name)).toEqual([
      'headers',
      'data-start',
      'data',
      'data-end',
      'headers',
    ])
    expect([writer.flush(), wire.sent.length]).toEqual([true, 1])
  })

  test('goes on with CONTINUATION where a block is larger than a frame may be', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.string({ unit: 'binary-ascii', maxLength: 100 }),
        fc.boolean(),
        fc.string({ maxLength: 30 }),
        (max, block, endStream, before) => {
          const bytes = written((writer) => {
            writer.goaway(0, 0, before)
            writer.maxFrameBytes = max
            writeHeaders(writer, 5, block, endStream)
            writer.ping(bytesOf('behind..'), false)
          })
          const frames: [type: number, size: number][] = []
          for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3))
            frames.push([bytes[at + 3]!, bytes.readUIntBE(at, 3)])
          const parts = frames.slice(1, -1)
          expect(parts.every(([, size]) => size <= max)).toBe(true)
          expect(parts).toHaveLength(Math.max(1, Math.ceil(block.length / max)))
          expect(read(bytes).slice(1)).toEqual([
            ['headers', 5, block, endStream],
            ['ping', bytesOf('behind..').toString('hex'), false],
          ])
        },
      ),
    )
  })

  test('cuts a body into frames as large as they may be, copied or not', () => {
    for (const size of [0, 1, 9, 10, 11, 99, 16_384, 16_385, 50_000]) {
      for (const max of [10, 1000, 16_384, 20_000]) {
        const wire = new RecordingWire()
        const writer = new FrameWriter(wire)
        writer.maxFrameBytes = max
        const body = Buffer.from(Array.from({ length: size }, (_, i) => i % 251))
        writer.data(7, body, true)
        writer.flush()
        const events = read(wire.bytes, max < 16_384 ? 16_384 : max)
        const starts = events.filter(([name]) => name === 'data-start')
        expect(starts.map(([, , length]) => length)).toEqual(
          size === 0
            ? [0]
            : Array.from({ length: Math.ceil(size / max) }, (_, i) => Math.min(max, size - i * max)),
        )
        expect(starts.map(([, , , endStream]) => endStream)).toEqual(
          starts.map((_, i) => i === starts.length - 1),
        )
        const data = events.filter(([name]) => name === 'data').map(([, , bytes]) => bytes)
        expect(data.join('') === body.toString('latin1')).toBe(true)
      }
    }
  })

  test('copies a small piece of a body, whose memory is free at once', () => {
    const wire = new RecordingWire({ keeps: true })
    const writer = new FrameWriter(wire)
    const piece = bytesOf('hello')
    expect(writer.data(1, piece, false)).toBe(true)
    piece.fill(0)
    writer.flush()
    wire.send()
    expect(read(wire.bytes)[1]).toEqual(['data', 1, 'hello'])
  })

  test('does not copy a large piece, and sends it behind what was collected', () => {
    const wire = new RecordingWire({ keeps: true })
    const writer = new FrameWriter(wire)
    const piece = Buffer.alloc(40_000, 'x')
    writeHeaders(writer, 1, 'head', false)
    expect(writer.data(1, piece, true)).toBe(false)
    expect(wire.kept.filter(({ buffer }) => buffer === piece.buffer)).toHaveLength(3)
    expect([writer.collectedBytes, writer.flush()]).toEqual([0, false])
    wire.send()
    expect(wire.sent).toHaveLength(1)
    expect(read(wire.bytes).map(([name]) => name)).toEqual([
      'headers',
      ...[
        'data-start',
        'data',
        'data-end',
        'data-start',
        'data',
        'data-end',
        'data-start',
        'data',
        'data-end',
      ],
    ])

    const fast = new RecordingWire()
    const other = new FrameWriter(fast)
    writeHeaders(other, 1, 'head', false)
    expect([other.data(1, piece, true), fast.sent.length, other.flush()]).toEqual([true, 1, true])
  })

  test('tells when the wire wants to be written to no more', () => {
    const wire = new RecordingWire({ keeps: true })
    const writer = new FrameWriter(wire)
    writer.data(1, Buffer.alloc(10_000), false)
    expect(writer.flush()).toBe(true)
    writer.data(1, Buffer.alloc(10_000), false)
    expect(writer.flush()).toBe(false)
    // Nothing was written since.
    expect(writer.flush()).toBe(true)
    wire.send()
    writer.data(1, Buffer.alloc(10_000), false)
    expect(writer.flush()).toBe(true)
  })

  test('does not collect without end', () => {
    const wire = new RecordingWire()
    const writer = new FrameWriter(wire)
    let most = 0
    for (let i = 0; i < 100; i++) {
      writer.data(1, Buffer.alloc(10_000), false)
      most = Math.max(most, writer.collectedBytes)
    }
    expect(most).toBeLessThan(70_000)
    expect(wire.sent.length).toBeGreaterThan(10)
  })

  test('writes into memory again once it was sent, and never into what a wire still has', () => {
    const wires = [false, true, false, true].map((keeps) => new RecordingWire({ keeps }))
    const writers = wires.map((wire) => new FrameWriter(wire))
    const texts = wires.map(() => '')
    const step = fc.record({
      which: fc.nat(3),
      size: fc.constantFrom(1, 100, 5000, 16_384, 16_385, 40_000),
      act: fc.constantFrom('write', 'flush', 'send', 'change'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        for (const { which, size, act } of steps) {
          const wire = wires[which]!
          const writer = writers[which]!
          const letter = String.fromCharCode(0x61 + ((texts[which]!.length + which) % 26))
          if (act === 'write') {
            // Lent memory is not used again here: that is for whoever lends it.
            writer.data(1, Buffer.alloc(size, letter), false)
            texts[which] += letter.repeat(size)
          } else if (act === 'flush') writer.flush()
          else if (act === 'send') wire.send()
          else wire.keeps = size > 100
        }
        writers.forEach((writer, i) => {
          writer.flush()
          wires[i]!.send()
          const data = read(wires[i]!.bytes).filter(([name]) => name === 'data')
          expect(data.map(([, , bytes]) => bytes).join('') === texts[i]).toBe(true)
          wires[i]!.sent.length = 0
          texts[i] = ''
        })
      }),
      { numRuns: 200 },
    )
  })

  test('uses the same memory for one write after another', () => {
    const buffers = new Set<ArrayBufferLike>()
    const wire = new RecordingWire()
    const write = wire.write.bind(wire)
    wire.write = (data) => {
      if (typeof data !== 'string') buffers.add(data.buffer)
      return write(data)
    }
    const writer = new FrameWriter(wire)
    for (let i = 0; i < 1000; i++) {
      writer.data(1, Buffer.alloc(10), false)
      writer.flush()
    }
    expect(buffers.size).toBe(1)
  })
})
