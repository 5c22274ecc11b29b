import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HeldBytes } from './held-bytes.ts'

it('HeldBytes gives back what was appended, whatever the pieces', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({ append: fc.uint8Array({ maxLength: 40_000 }) }),
          fc.record({ append: fc.uint8Array({ minLength: 1, maxLength: 3 }) }),
          fc.constant('take' as const),
        ),
        { maxLength: 60 },
      ),
      (steps) => {
        const held = new HeldBytes()
        const given: Uint8Array[] = []
        const taken: Buffer[] = []
        let length = 0
        for (const step of steps) {
          if (step !== 'take') {
            // A copy must be kept: the piece is overwritten at once.
            const piece = Buffer.from(step.append)
            given.push(step.append)
            length += piece.length
            held.append(piece)
            piece.fill(0xdb)
          } else if (held.length > 0) {
            const block = held.take()
            expect(block.length).toBeGreaterThan(0)
            length -= block.length
            taken.push(block)
          }
          expect(held.length).toBe(length)
        }
        while (held.length > 0) taken.push(held.take())
        expect(Buffer.concat(taken).equals(Buffer.concat(given))).toBe(true)
      },
    ),
  )
})

it('HeldBytes holds single bytes in few blocks', () => {
  const held = new HeldBytes()
  const piece = Buffer.from('x')
  for (let i = 0; i < 262_144; i++) held.append(piece)
  let blocks = 0
  while (held.length > 0) {
    held.take()
    blocks++
  }
  expect(blocks).toBeLessThan(16 + 16)
})
