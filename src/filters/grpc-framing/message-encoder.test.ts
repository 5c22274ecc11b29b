import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MessageEncoder } from './message-encoder.ts'

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.byteLength, 1)
  return Buffer.concat([head, message])
}

describe('MessageEncoder', () => {
  test('writes each message by itself, however its bytes come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat({ max: 100 })),
        (messages, cuts) => {
          const frames = messages.map(framed)
          const bytes = Buffer.concat(frames)
          const at = [0, ...cuts.filter((it) => it < bytes.length).sort((a, b) => a - b), bytes.length]
          const encoder = new MessageEncoder()
          const text = at.slice(1).map((end, i) => {
            // The memory is used for something else afterwards, as that of a socket is.
            const piece = Uint8Array.from(bytes.subarray(at[i], end))
            const written = encoder.encode(piece).toString('latin1')
            piece.fill(255)
            return written
          })
          expect(text.join('')).toBe(frames.map((it) => it.toString('base64')).join(''))
        },
      ),
    )
  })

  test('writes all of a message when its last byte has come', () => {
    const encoder = new MessageEncoder()
    const frame = framed(Buffer.from('four'))
    const text =
      encoder.encode(frame.subarray(0, 8)).toString() + encoder.encode(frame.subarray(8)).toString()
    expect(text).toBe(frame.toString('base64'))
  })

  test('keeps no more than two bytes of one that is under way', () => {
    const encoder = new MessageEncoder()
    expect(encoder.encode(framed(Buffer.alloc(100)).subarray(0, 50)).toString()).toHaveLength((48 / 3) * 4)
  })
})
