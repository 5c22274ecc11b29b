import { expect, test } from 'vitest'
import { returnReadMemory, settleForeignMemory, settleReadMemory, takeReadMemory } from './read-memory.ts'

const read = (size: number): Buffer => Buffer.from(new ArrayBuffer(size))

test('settleForeignMemory releases large memory that nobody holds, at once', () => {
  const chunk = read(65_536)
  settleForeignMemory(chunk, true)
  expect(chunk.length).toBe(0)
})

test('settleForeignMemory releases lent memory when it comes back, once', () => {
  const chunk = read(65_536)
  settleForeignMemory(chunk, false)
  expect(chunk.length).toBe(65_536)
  returnReadMemory(chunk.buffer)
  expect(chunk.length).toBe(0)
  expect(() => returnReadMemory(chunk.buffer)).not.toThrow()
})

test('settleForeignMemory leaves what someone keeps, what is small, and what is a part of more', () => {
  const kept = read(65_536)
  settleForeignMemory(kept, undefined)
  const small = read(100)
  settleForeignMemory(small, true)
  const whole = read(131_072)
  const part = whole.subarray(0, 65_536)
  settleForeignMemory(part, true)
  settleForeignMemory(part, false)
  returnReadMemory(part.buffer)
  expect([kept.length, small.length, part.length]).toEqual([65_536, 100, 65_536])
})

test('takeReadMemory gives what is free again, and reads with TLS have memory of their own size', () => {
  const plain = takeReadMemory()
  const secure = takeReadMemory(true)
  expect([plain.length, secure.length]).toEqual([131_072, 16_384])
  settleReadMemory(plain.buffer, true)
  settleReadMemory(secure.buffer, false)
  returnReadMemory(secure.buffer)
  expect(takeReadMemory(true)).toBe(secure)
  expect(takeReadMemory()).toBe(plain)
})
