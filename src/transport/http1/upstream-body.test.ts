import { expect, it } from 'vitest'
import type { BodySink } from '../../core/body-source.ts'
import type { MemoryUse } from '../../core/network.ts'
import { returnReadMemory, settleReadMemory, takeReadMemory } from '../read-memory.ts'
import { UpstreamBody } from './upstream-body.ts'

const LARGE = 20_480
const SMALL = 10

const owner = { bodyPaused: () => {}, bodyResumed: () => {}, bodyCancelled: () => {} }

function sinkOf(onChunk: (chunk: Uint8Array) => MemoryUse): BodySink {
  return { onChunk, onEnd: () => {}, onError: () => {} }
}

/** A body that has got pieces of these sizes out of one read, before anyone has opened it. */
function held(sizes: readonly number[]) {
  const memory = takeReadMemory()
  const body = new UpstreamBody(owner, undefined)
  let at = 0
  let kept = false
  for (const size of sizes) {
    if (body.push(memory.subarray(at, at + size)) === undefined) kept = true
    at += size
  }
  if (kept) settleReadMemory(memory.buffer, undefined)
  return { memory, body }
}

/** Whether the next reads get this memory. */
function readInto(memory: Buffer): boolean {
  return Array.from({ length: 4 }, () => takeReadMemory()).some((it) => it.buffer === memory.buffer)
}

it('memory of one piece that was held is read into again once it was delivered', () => {
  const { memory, body } = held([LARGE])
  body.open(sinkOf(() => true))
  expect(readInto(memory)).toBe(true)
})

it('memory that was lent on delivery is read into again once it comes back', () => {
  const { memory, body } = held([LARGE, SMALL])
  body.open(sinkOf((chunk) => chunk.length <= SMALL))
  expect(readInto(memory)).toBe(false)
  returnReadMemory(memory.buffer)
  expect(readInto(memory)).toBe(true)
})

for (const sizes of [
  [LARGE, LARGE],
  [LARGE, SMALL, LARGE],
  [LARGE, SMALL, SMALL, LARGE, SMALL, LARGE],
]) {
  it(`pieces of ${sizes.join(', ')} bytes: nobody reads into memory while one of them waits`, () => {
    const { memory, body } = held(sizes)
    let taken = 0
    body.open(
      sinkOf((chunk) => {
        taken++
        // The wire has sent what it was lent before.
        returnReadMemory(memory.buffer)
        expect(readInto(memory)).toBe(false)
        return chunk.length <= SMALL
      }),
    )
    expect(taken).toBe(sizes.length)
  })

  it(`pieces of ${sizes.join(', ')} bytes, taken one at a time with pauses: the same`, () => {
    const { memory, body } = held(sizes)
    const got: number[] = []
    body.open(
      sinkOf((chunk) => {
        got.push(chunk.length)
        body.pause()
        return true
      }),
    )
    while (got.length < sizes.length) {
      expect(readInto(memory)).toBe(false)
      body.resume()
    }
    expect(got).toEqual(sizes)
  })
}

it('small pieces are copies, and do not hold the memory', () => {
  const { memory, body } = held([SMALL, SMALL])
  memory.fill('x', 0, 2 * SMALL)
  const got: Buffer[] = []
  settleReadMemory(memory.buffer, true)
  memory.fill('y')
  body.open(
    sinkOf((chunk) => {
      got.push(Buffer.from(chunk))
      return true
    }),
  )
  expect(Buffer.concat(got).includes('y')).toBe(false)
})
