import { describe, expect, it } from 'vitest'
import { SendQueue } from './send-queue.ts'
import type { Http2Stream } from './stream.ts'

/** As much of a stream as the queue looks at. */
interface Waiting {
  readonly id: number
  urgency: number
  queued: boolean
  hasToSend: boolean
}

const stream = (id: number, urgency = 3) =>
  ({ id, urgency, queued: false, hasToSend: true }) satisfies Waiting as Waiting & Http2Stream

const all = (queue: SendQueue): number[] => {
  const ids: number[] = []
  for (let it = queue.next(); it !== undefined; it = queue.next()) ids.push(it.id)
  return ids
}

describe('SendQueue', () => {
  it('gives the more urgent first, and those that are alike as they came', () => {
    const queue = new SendQueue()
    for (const it of [stream(1), stream(3, 7), stream(5, 0), stream(7)]) queue.add(it)
    expect([queue.size, all(queue), queue.size]).toEqual([4, [5, 1, 7, 3], 0])
  })

  it('has a stream once, however often it is added', () => {
    const queue = new SendQueue()
    const it = stream(1)
    queue.add(it)
    queue.add(it)
    expect([queue.size, all(queue)]).toEqual([1, [1]])
    queue.add(it)
    expect(all(queue)).toEqual([1])
  })

  it('passes over those that have nothing to send any more, and takes them again', () => {
    const queue = new SendQueue()
    const [ended, other] = [stream(1), stream(3)]
    queue.add(ended)
    queue.add(other)
    ended.hasToSend = false
    expect([all(queue), queue.size]).toEqual([[3], 0])
    ended.hasToSend = true
    queue.add(ended)
    expect(all(queue)).toEqual([1])
  })
})
