import { describe, expect, it } from 'vitest'
import { type AccessLogWriter, FunctionSink } from './function-sink.ts'

const outcome = (write: AccessLogWriter) => {
  const words: unknown[] = []
  new FunctionSink(write).write(Buffer.from('a\nb\n'), 2, (error) => words.push(error))
  return words
}

const settled = () => new Promise(setImmediate)

describe('FunctionSink', () => {
  it('gives the lines and their count, and is done when the function is', () => {
    const calls: unknown[][] = []
    expect(outcome((...given) => calls.push(given))).toEqual([undefined])
    expect(calls).toEqual([['a\nb\n', 2]])
  })

  it('is done when the promise is kept', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const words = outcome(() => promise)
    await settled()
    expect(words).toEqual([])
    resolve()
    await settled()
    expect(words).toEqual([undefined])
  })

  it('tells of a promise that is broken, even for no reason', async () => {
    const words = outcome(() => Promise.reject(new Error('full')))
    const reasonless = outcome(() => Promise.reject())
    await settled()
    expect([words[0], reasonless[0]]).toEqual([new Error('full'), expect.any(Error)])
  })
})
