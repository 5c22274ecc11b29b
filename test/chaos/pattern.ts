import { seededRandom } from '../../src/testing/index.ts'

/** Longer than any body and any place that one begins at. */
const NOISE = noise(1_048_576)

/** Bytes that no other message has: what is lost, doubled, moved or mixed up on the way is seen. */
export function pattern(id: number, kind: 'request' | 'response' | 'own', size: number): Buffer {
  const place = (id * 3 + ['request', 'response', 'own'].indexOf(kind)) * 1_009
  const at = place % (NOISE.length - size)
  return NOISE.subarray(at, at + size)
}

/** What the transforms of the test do to a chunk. */
export function masked(chunk: Uint8Array): Buffer {
  const copy = Buffer.from(chunk)
  for (let i = 0; i < copy.length; i++) copy[i] = copy[i]! ^ 0x5a
  return copy
}

function noise(size: number): Buffer {
  const random = seededRandom(20_26)
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE(Math.floor(random() * 0x1_0000_0000), at)
  return bytes
}
