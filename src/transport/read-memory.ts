import { type MemoryUse, SMALL_BYTES } from '../core/network.ts'

/** What one read of a socket can bring at most. */
const READ_BYTES = 131_072
/** What one read with TLS brings at most: a record (RFC 8446 section 5.1). */
const RECORD_BYTES = 16_384
/** What is kept of each for later reads: 8 MiB and 1 MiB. */
const MAX_FREE = 64

/**
 * - `read`: a connection reads into it, or what was read is being dealt with.
 * - `kept`: someone holds a part of it, and may settle it later.
 * - `lent`: a wire is sending from it, and will return it.
 * - `free`: waits for the next read.
 */
type State = 'read' | 'kept' | 'lent' | 'free'

interface ReadMemory {
  readonly bytes: Buffer
  state: State
}

const free: ReadMemory[] = []
const freeForRecords: ReadMemory[] = []
const all = new WeakMap<ArrayBufferLike, ReadMemory>()
/** Memory that Node has made for one read, and that a wire is sending from. */
const foreign = new WeakSet<ArrayBufferLike>()

/** Memory for a read: some that was used before, where there is. Without this, large bodies keep the garbage collector busy. */
export function takeReadMemory(secure = false): Buffer {
  const used = (secure ? freeForRecords : free).pop()
  if (used !== undefined) {
    used.state = 'read'
    return used.bytes
  }
  const bytes = Buffer.allocUnsafeSlow(secure ? RECORD_BYTES : READ_BYTES)
  all.set(bytes.buffer, { bytes, state: 'read' })
  return bytes
}

/** Ends the use of memory that a read has filled. Nobody but the caller, or the wire that it was lent to, may hold a part. */
export function settleReadMemory(bytes: ArrayBufferLike, use: MemoryUse): void {
  const memory = all.get(bytes)
  if (memory === undefined || memory.state === 'free' || memory.state === 'lent') return
  if (use === true) keepForReads(memory)
  else memory.state = use === false ? 'lent' : 'kept'
}

/**
 * The same for a read of an accepted socket, whose memory Node makes anew each time. It is released at once where it can be,
 * or it would lie about until the garbage collector comes: 30 MB of it, for one upload to a slow service.
 */
export function settleForeignMemory(chunk: Buffer, use: MemoryUse): void {
  if (use === undefined || chunk.length < SMALL_BYTES || chunk.length !== chunk.buffer.byteLength) return
  if (use) release(chunk.buffer)
  else foreign.add(chunk.buffer)
}

/** Whether someone may wait for the memory of these bytes to come back. */
export function isReadMemory({ buffer, byteLength }: Uint8Array): boolean {
  return all.has(buffer) || (byteLength >= SMALL_BYTES && byteLength === buffer.byteLength)
}

/** A wire has sent these bytes, or is closed. Memory that was not lent is left to whoever has it. */
export function returnReadMemory(bytes: ArrayBufferLike): void {
  const memory = all.get(bytes)
  if (memory?.state === 'lent') keepForReads(memory)
  else if (foreign.delete(bytes)) release(bytes)
}

/** Memory changes its owner, and the new one is dropped: what is left behind has no bytes. */
function release(bytes: ArrayBufferLike): void {
  if (bytes instanceof ArrayBuffer) bytes.transfer(0)
}

function keepForReads(memory: ReadMemory): void {
  const kept = memory.bytes.length === RECORD_BYTES ? freeForRecords : free
  if (kept.length >= MAX_FREE) {
    memory.state = 'kept'
    return
  }
  memory.state = 'free'
  kept.push(memory)
}
