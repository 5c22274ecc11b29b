import type { MemoryUse } from '../core/network.ts'

/** What one read can bring at most. */
const READ_BYTES = 131_072
/** What is kept for later reads: 8 MiB. */
const MAX_FREE = 64

const free: Buffer[] = []
const lent = new Map<ArrayBufferLike, Buffer>()
const ours = new WeakMap<ArrayBufferLike, Buffer>()

/** Memory for a read: some that was used before, where there is. Without this, large bodies keep the garbage collector busy. */
export function takeReadMemory(): Buffer {
  const used = free.pop()
  if (used !== undefined) return used
  const memory = Buffer.allocUnsafeSlow(READ_BYTES)
  ours.set(memory.buffer, memory)
  return memory
}

/** Ends the use of memory that a read has filled. Nobody but the caller, or the wire that it was lent to, may hold a part. */
export function settleReadMemory(bytes: ArrayBufferLike, use: MemoryUse): void {
  const memory = ours.get(bytes)
  if (memory === undefined) return
  if (use === true) keep(memory)
  else if (use === false) lent.set(bytes, memory)
}

/** A wire has sent these bytes, or is closed. Memory that was not lent is left to whoever has it. */
export function returnReadMemory(bytes: ArrayBufferLike): void {
  const memory = lent.get(bytes)
  if (memory === undefined) return
  lent.delete(bytes)
  keep(memory)
}

function keep(memory: Buffer): void {
  if (free.length < MAX_FREE) free.push(memory)
}
