/**
 * A 32-bit hash of a string: FNV-1a over its UTF-16 code units, then the finalizer of MurmurHash3, which FNV needs
 * to make near strings differ in all bits. One multiplication per character; the same on every machine, so that
 * proxies agree.
 *
 * Not a secret: clients who choose the key can choose the endpoint. Different seeds give unrelated hashes.
 */
export function hashText(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ mixBits(seed)
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mixBits(hash)
}

/** MurmurHash3's 32-bit finalizer: each bit that goes in changes about half of those that come out. 0 stays 0. */
export function mixBits(bits: number): number {
  let mixed = bits
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
