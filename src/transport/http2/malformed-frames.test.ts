import { describe, expect, test } from 'vitest'
import { MALFORMED_FRAMES } from '../../../test/http2/malformed-frames.ts'
import { frame, readFrames } from '../../../test/http2/recorded-frames.ts'
import { ErrorCode, errorCodeName } from './error-codes.ts'
import { FrameType } from './frame-types.ts'

const PING = frame(FrameType.PING, 0, 0, 'is there')

function cut(bytes: Buffer, ...places: number[]): Buffer[] {
  return [0, ...places].map((from, i) => Buffer.from(bytes.subarray(from, places[i])))
}

/** Every place at which bytes are cut in two; of many, every one near the ends, and some between. */
function places({ length }: Buffer): number[] {
  const all: number[] = []
  for (let at = 1; at < length; at += at < 200 || at > length - 200 ? 1 : 997) all.push(at)
  return all
}

describe.each(MALFORMED_FRAMES)('$name, to a $side', ({ rfc, code, streamId, side, bytes }) => {
  test(`is a fault of the ${streamId === 0 ? 'connection' : 'stream'}: ${code} (RFC ${rfc})`, () => {
    const all = Buffer.concat([bytes, PING.subarray(0, 17)])
    const whole = readFrames([Buffer.from(all)], side)
    if (streamId === 0) {
      expect([errorCodeName(whole.fault?.code ?? -1), whole.fault?.message]).toEqual([
        code,
        whole.fault?.message,
      ])
    } else {
      expect(whole.fault).toBe(undefined)
      expect(whole.events.at(-1)![0]).toBe('ping')
      expect(whole.events.at(-2)!.slice(0, 3)).toEqual(['stream-fault', streamId, ErrorCode[code]])
    }
    expect(readFrames(cut(all, ...Array.from({ length: all.length - 1 }, (_, i) => i + 1)), side)).toEqual(
      whole,
    )
    for (const place of places(all)) {
      const reading = readFrames(cut(all, place), side)
      if (JSON.stringify(reading) !== JSON.stringify(whole))
        expect({ place, ...reading }).toEqual({ place, ...whole })
    }
  })
})

test('the table has each kind of fault that there is, and none twice', () => {
  expect(new Set(MALFORMED_FRAMES.map(({ code }) => code))).toEqual(
    new Set(['PROTOCOL_ERROR', 'FRAME_SIZE_ERROR', 'FLOW_CONTROL_ERROR', 'ENHANCE_YOUR_CALM']),
  )
  const names = MALFORMED_FRAMES.map(({ name, side }) => `${name}, ${side}`)
  expect(new Set(names).size).toBe(names.length)
})
