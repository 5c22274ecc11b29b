/** What one read can bring at most. */
const READ_BYTES = 262_144
/** What is kept for later reads: 8 MiB. */
const MAX_FREE = 64

const free: Buffer[] = []
const lent = new Map<ArrayBufferLike, Buffer>()

/** Memory for a read: some that was used before, where there is. Without this, large bodies keep the garbage collector busy. */
export function takeReadMemory(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
}

/** Its bytes are on their way out on a wire, and nobody else holds them: `returnReadMemory` will follow. */
export function lendReadMemory(memory: Buffer): void {
  lent.set(memory.buffer, memory)
}

/** The wire has sent these bytes, or is closed. Memory that was not lent is left to whoever has it. */
export function returnReadMemory(bytes: ArrayBufferLike): void {
  const memory = lent.get(bytes)
  if (memory === undefined) return
  lent.delete(bytes)
  if (free.length < MAX_FREE) free.push(memory)
}
