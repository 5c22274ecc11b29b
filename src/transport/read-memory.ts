import type { MemoryUse } from '../core/network.ts'

/** What one read can bring at most. */
const READ_BYTES = 131_072
/** What is kept for later reads: 8 MiB. */
const MAX_FREE = 64
/** Smaller ones are not worth a call. */
const RELEASE_FROM = 16_384

const free: Buffer[] = []
/** Without a buffer: memory that Node has made for one read. */
const lent = new Map<ArrayBufferLike, Buffer | undefined>()
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

/**
 * The same for a read of an accepted socket, whose memory Node makes anew each time. It is released at once where it can be,
 * or it would lie about until the garbage collector comes: 30 MB of it, for one upload to a slow service.
 */
export function settleForeignMemory(chunk: Buffer, use: MemoryUse): void {
  if (use === undefined || chunk.length < RELEASE_FROM || chunk.length !== chunk.buffer.byteLength) return
  if (use) release(chunk.buffer)
  else lent.set(chunk.buffer, undefined)
}

/** A wire has sent these bytes, or is closed. Memory that was not lent is left to whoever has it. */
export function returnReadMemory(bytes: ArrayBufferLike): void {
  const memory = lent.get(bytes)
  if (!lent.delete(bytes)) return
  if (memory === undefined) release(bytes)
  else keep(memory)
}

/** Memory changes its owner, and the new one is dropped: what is left behind has no bytes. */
function release(bytes: ArrayBufferLike): void {
  if (bytes instanceof ArrayBuffer) bytes.transfer(0)
}

function keep(memory: Buffer): void {
  if (free.length < MAX_FREE) free.push(memory)
}
