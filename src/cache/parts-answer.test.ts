import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { knownHead } from './held-response.ts'
import { HeldResponse } from './memory-level.ts'
import { partsAnswer } from './parts-answer.ts'
import { parseRange, planRange } from './range.ts'
import { DEFAULT_REUSE_TERMS } from './reuse-terms.ts'
import { wholeBody } from './stored.ts'

const HEAD = knownHead(
  {
    status: 200,
    reason: undefined,
    headers: new HeaderList(),
    requestTime: 0,
    responseTime: 0,
    variant: '',
    tags: [],
  },
  { terms: DEFAULT_REUSE_TERMS, targets: [] },
)

const contents = fc
  .array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 8 })
  .map((chunks) => ({
    held: new HeldResponse('k', HEAD, { chunks, trailers: undefined }),
    all: Buffer.concat(chunks),
  }))

test('partsAnswer has the bytes of the range, however the content came', async () => {
  await fc.assert(
    fc.asyncProperty(contents, fc.nat(320), fc.nat(320), async ({ held: content, all }, one, other) => {
      const [first, last] = [Math.min(one, other), Math.max(one, other)]
      const plan = planRange(parseRange(`bytes=${first}-${last}`), content.length)
      if (plan.answer === 'whole') throw new Error('a range was asked for')
      const { status, headers, body } = partsAnswer(plan, new HeaderList(), content, () => 'b')
      if (first >= content.length) {
        expect([status, headers.get('content-range')]).toEqual([416, `bytes */${content.length}`])
        return
      }
      expect(Buffer.compare(await body.buffer(), all.subarray(first, last + 1))).toBe(0)
      expect(headers.get('content-range')).toBe(
        `bytes ${first}-${Math.min(last, all.byteLength - 1)}/${all.byteLength}`,
      )
    }),
  )
})

test('wholeBody has all of it', async () => {
  await fc.assert(
    fc.asyncProperty(contents, async ({ held, all }) => {
      expect(Buffer.compare(await wholeBody(held).buffer(), all)).toBe(0)
    }),
  )
  expect(wholeBody(new HeldResponse('k', HEAD, { chunks: [], trailers: undefined })).length).toBe(0)
})
