import { expect, test } from 'vitest'
import { WorkQueue } from './work-queue.ts'

/** Work that the test ends by hand. */
function job(started: string[], name: string) {
  const end = Promise.withResolvers<string>()
  return {
    work: () => {
      started.push(name)
      return end.promise
    },
    done: () => end.resolve(name),
    fail: () => end.reject(new Error(name)),
  }
}

const yes = () => true

test('WorkQueue does so much at once, the rest in its order, and nothing that nobody wants', async () => {
  const queue = new WorkQueue(2)
  const started: string[] = []
  const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((it) => job(started, it))
  let wanted = true
  const results = [
    queue.run(a!.work, () => false),
    queue.run(b!.work, yes).catch(() => 'failed'),
    queue.run(c!.work, () => wanted).catch(() => 'unwanted'),
    queue.run(d!.work, yes),
    queue.run(e!.work, yes),
  ]
  expect(started).toEqual(['a', 'b'])
  wanted = false
  b!.fail()
  expect(await results[2]).toBe('unwanted')
  d!.done()
  expect(await results[3]).toBe('d')
  a!.done()
  e!.done()
  expect(await Promise.all(results)).toEqual(['a', 'failed', 'unwanted', 'd', 'e'])
  expect(started).toEqual(['a', 'b', 'd', 'e'])
  const f = job(started, 'f')
  f.done()
  expect(await queue.run(f.work, yes)).toBe('f')
})

test('WorkQueue forgets who waited in vain, however long the work takes', async () => {
  const queue = new WorkQueue(1)
  const never = job([], 'never')
  void queue.run(never.work, yes)
  const given = Array.from({ length: 100 }, () => queue.run(never.work, () => false))
  const last = queue.run(never.work, () => false)
  const outcomes = await Promise.allSettled(given)
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  expect(queue.waiting).toBe(1)
  never.done()
  await expect(last).rejects.toThrow('nobody waits')
})
