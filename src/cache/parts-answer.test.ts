import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { partsAnswer, wholeBody } from './parts-answer.ts'
import { parseRange, planRange } from './range.ts'

const contents = fc
  .array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 8 })
  .map((chunks) => ({ chunks, length: chunks.reduce((sum, { byteLength }) => sum + byteLength, 0) }))

test('partsAnswer has the bytes of the range, however the content came', async () => {
  await fc.assert(
    fc.asyncProperty(contents, fc.nat(320), fc.nat(320), async (content, one, other) => {
      const [first, last] = [Math.min(one, other), Math.max(one, other)]
      const plan = planRange(parseRange(`bytes=${first}-${last}`), content.length)
      if (plan.answer === 'whole') throw new Error('a range was asked for')
      const { status, headers, body } = partsAnswer(plan, new HeaderList(), content, () => 'b')
      if (first >= content.length) {
        expect([status, headers.get('content-range')]).toEqual([416, `bytes */${content.length}`])
        return
      }
      const all = Buffer.concat(content.chunks)
      expect(Buffer.compare(await body.buffer(), all.subarray(first, last + 1))).toBe(0)
      expect(headers.get('content-range')).toBe(
        `bytes ${first}-${Math.min(last, all.byteLength - 1)}/${all.byteLength}`,
      )
    }),
  )
})

test('wholeBody has all of it', async () => {
  await fc.assert(
    fc.asyncProperty(contents, async (content) => {
      expect(Buffer.compare(await wholeBody(content).buffer(), Buffer.concat(content.chunks))).toBe(0)
    }),
  )
  expect(wholeBody({ chunks: [], length: 0 }).length).toBe(0)
})
