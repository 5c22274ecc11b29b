import { expect, test } from 'vitest'
import { virtualClock } from '../testing/virtual-clock.ts'
import { Deadline } from './clock.ts'

function watched() {
  const clock = virtualClock()
  const expired: number[] = []
  return { clock, expired, deadline: new Deadline(clock, () => expired.push(clock.now())) }
}

test('Deadline.shorten counts from when it was armed', async () => {
  const { clock, expired, deadline } = watched()
  deadline.arm(60_000)
  await clock.advance(400)
  deadline.shorten(1_000)
  await clock.advance(599)
  expect(expired).toEqual([])
  await clock.advance(1)
  expect(expired).toEqual([1_000])
  await clock.advance(60_000)
  expect([expired, clock.pending]).toEqual([[1_000], 0])
})

test('Deadline.shorten expires at once where the time is over', async () => {
  const { clock, expired, deadline } = watched()
  deadline.arm(60_000)
  await clock.advance(1_000)
  deadline.shorten(1_000)
  expect(expired).toEqual([1_000])
  await clock.advance(60_000)
  expect([expired, clock.pending]).toEqual([[1_000], 0])
})

test('Deadline.shorten makes it no later', async () => {
  const { clock, expired, deadline } = watched()
  deadline.arm(500)
  deadline.shorten(1_000)
  await clock.advance(500)
  expect(expired).toEqual([500])
})

test('Deadline.shorten limits one without end, from when that was said', async () => {
  const { clock, expired, deadline } = watched()
  await clock.advance(100)
  deadline.arm(Number.POSITIVE_INFINITY)
  await clock.advance(100)
  deadline.shorten(1_000)
  await clock.advance(1_000)
  expect(expired).toEqual([1_100])
})
