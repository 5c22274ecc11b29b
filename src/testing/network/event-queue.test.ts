import { expect, test } from 'vitest'
import { EventQueue } from './event-queue.ts'

test('a queue gives its events in order, also many of them, and any of them', () => {
  const queue = new EventQueue()
  const happened: number[] = []
  const add = (n: number): void => queue.push(() => happened.push(n))
  for (let n = 0; n < 5_000; n++) add(n)
  for (let i = 0; i < 3_000; i++) queue.take(0)!()
  expect(queue.length).toBe(2_000)
  queue.take(2)!()
  queue.take(1_998)!()
  expect(happened.slice(-2)).toEqual([3_002, 4_999])
  for (let n = 5_000; n < 5_003; n++) add(n)
  while (queue.length > 0) queue.take(0)!()
  expect(happened.slice(-3)).toEqual([5_000, 5_001, 5_002])
  expect(new Set(happened).size).toBe(5_003)
  expect(queue.take(0)).toBeUndefined()
})
