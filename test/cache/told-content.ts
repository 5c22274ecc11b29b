import { createHash } from 'node:crypto'

/** Bytes that follow from a key and a length. */
export function contentOf(key: string, length: number): Buffer {
  const begin = createHash('sha256').update(`${key} ${length}`).digest()
  const content = Buffer.alloc(length)
  for (let at = 0; at < length; at += begin.byteLength) begin.copy(content, at)
  return content
}
