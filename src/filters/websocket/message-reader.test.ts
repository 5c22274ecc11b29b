import { constants, deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Agreement } from './compression.ts'
import { type Frame, type FrameTaker, MessageReader } from './message-reader.ts'
import { wsParts } from './ws-parts.ts'

const ws = wsParts()
const DEFLATE = 'permessage-deflate'

class Taker implements FrameTaker {
  readonly frames: Frame[] = []
  readonly broken: Error[] = []
  readonly #max: number
  full = false
  reads = 0

  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max
  }

  onFrame(frame: Frame): void {
    this.frames.push(frame)
    this.full = this.frames.length >= this.#max
  }

  onBroken(error: Error): void {
    this.broken.push(error)
  }

  onRead(): void {
    this.reads++
  }
}

function reader(taker: Taker, extensions?: string): MessageReader {
  const maxMessageBytes = 1_048_576
  const deflate = new Agreement(ws, extensions, extensions).deflate(false, maxMessageBytes)
  return new MessageReader(ws, taker, { isServer: false, deflate, maxMessageBytes })
}

/** A frame of a service: of fewer than 126 bytes, or of fewer than 64 KiB. */
function frame(first: number, data: Buffer): Buffer {
  if (data.length < 126) return Buffer.concat([Buffer.of(first, data.length), data])
  return Buffer.concat([Buffer.of(first, 126, data.length >> 8, data.length & 0xff), data])
}

const COMPRESSED_BINARY = 0xc2
const BINARY = 0x82
const TEXT = 0x81

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('MessageReader', () => {
  test('makes the same of bytes however they are cut', () => {
    const bytes = Buffer.concat([frame(TEXT, Buffer.from('grüße')), frame(BINARY, Buffer.alloc(300, 7))])
    for (let at = 0; at <= bytes.length; at++) {
      const taker = new Taker()
      const one = reader(taker)
      one.push(bytes.subarray(0, at))
      one.push(bytes.subarray(at))
      expect(taker.frames).toEqual([
        { kind: 'text', data: Buffer.from('grüße') },
        { kind: 'binary', data: Buffer.alloc(300, 7) },
      ])
      one.stop()
    }
  })

  test('keeps nothing of the memory that it is given', () => {
    const taker = new Taker()
    const bytes = frame(BINARY, Buffer.alloc(100, 7))
    reader(taker).push(bytes)
    bytes.fill(0)
    expect(taker.frames[0]!.data).toEqual(Buffer.alloc(100, 7))
  })

  test('stops where its taker is full, but for the rest of a slice, and goes on', () => {
    const taker = new Taker(1)
    const one = reader(taker)
    one.push(Buffer.concat(Array.from({ length: 64 }, () => frame(BINARY, Buffer.alloc(1020)))))
    expect(taker.frames).toHaveLength(4)
    expect(one.behind).toBe(true)
    taker.full = false
    one.read()
    expect(taker.frames).toHaveLength(8)
    one.stop()
  })

  test('expands no more than there is room for', async () => {
    const taker = new Taker(1)
    const one = reader(taker, DEFLATE)
    const bomb = frame(
      COMPRESSED_BINARY,
      deflateRawSync(Buffer.alloc(1_000_000), { finishFlush: constants.Z_FULL_FLUSH }).subarray(0, -4),
    )
    one.push(Buffer.concat(Array.from({ length: 50 }, () => bomb)))
    while (taker.frames.length === 0) await turn()
    for (let i = 0; i < 100; i++) await turn()
    expect(taker.frames).toHaveLength(1)
    expect(one.behind).toBe(true)
    one.stop()
  })

  test('says when all was read, also where a fragment made no message', async () => {
    const taker = new Taker()
    const one = reader(taker, DEFLATE)
    const whole = deflateRawSync(Buffer.alloc(1000, 7))
    one.push(frame(COMPRESSED_BINARY & 0x7f, whole.subarray(0, 4)))
    expect([one.behind, taker.reads]).toEqual([true, 0])
    while (taker.reads === 0) await turn()
    expect([one.behind, taker.frames]).toEqual([false, []])
    one.stop()
  })

  test('tells the end behind what came before, once there is room', () => {
    const taker = new Taker(1)
    const one = reader(taker)
    one.push(Buffer.concat([frame(BINARY, Buffer.alloc(60_000)), frame(TEXT, Buffer.from('last'))]))
    one.end()
    expect(taker.frames.map(({ kind }) => kind)).toEqual(['binary', 'text', 'end'])
  })

  test('says nothing more once it is broken, or stopped', () => {
    const taker = new Taker()
    const one = reader(taker)
    one.push(Buffer.concat([frame(0x83, Buffer.alloc(1)), frame(TEXT, Buffer.from('a'))]))
    one.push(frame(TEXT, Buffer.from('b')))
    one.end()
    expect(taker.broken).toHaveLength(1)
    const other = reader(taker)
    other.stop()
    other.push(frame(TEXT, Buffer.from('c')))
    other.end()
    expect(taker.frames).toEqual([])
  })
})
