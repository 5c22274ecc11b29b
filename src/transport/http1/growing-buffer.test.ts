import { describe, expect, test } from 'vitest'
import { GrowingBuffer } from './growing-buffer.ts'

describe('GrowingBuffer', () => {
  test('collects parts of chunks', () => {
    const buffer = new GrowingBuffer()
    buffer.append(Buffer.from('one '))
    buffer.append(Buffer.from('xxtwo'), 2)
    buffer.append(Buffer.from('xx threexx'), 2, 8)
    expect([buffer.length, buffer.bytes.toString('latin1', 0, buffer.length)]).toEqual([13, 'one two three'])
  })

  test('copies what it is given', () => {
    const buffer = new GrowingBuffer()
    const chunk = Buffer.from('abc')
    buffer.append(chunk)
    chunk.fill(0)
    expect(String(buffer.take())).toBe('abc')
  })

  test('gives its bytes away for good', () => {
    const buffer = new GrowingBuffer()
    buffer.append(Buffer.from('abc'))
    const taken = buffer.take()
    expect(buffer.length).toBe(0)
    buffer.append(Buffer.from('xyz'))
    expect([String(taken), String(buffer.take())]).toEqual(['abc', 'xyz'])
  })

  test('moves its bytes a few times only, however small the parts are', () => {
    const buffer = new GrowingBuffer()
    const part = Buffer.from('a')
    let moves = 0
    let memory = buffer.bytes
    for (let i = 0; i < 100_000; i++) {
      buffer.append(part)
      if (buffer.bytes !== memory) moves++
      memory = buffer.bytes
    }
    expect([buffer.length, moves]).toEqual([100_000, 8])
    expect(memory.length).toBeLessThan(200_000)
  })
})
