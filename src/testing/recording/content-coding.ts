import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/**
 * Bytes without the codings of a `Content-Encoding`; `undefined` when one of them is unknown. Throws when they are not of that
 * coding, or are more than `maxOutputLength` without it.
 */
export function unpacked(
  bytes: Buffer,
  coding: string | undefined,
  maxOutputLength: number,
): Buffer | undefined {
  const codings = (coding ?? '')
    .toLowerCase()
    .split(',')
    .map((it) => it.trim())
  let plain = bytes
  for (const each of codings.reverse()) {
    if (each === '' || each === 'identity') continue
    const unpack = CODINGS.get(each)
    if (unpack === undefined) return undefined
    plain = unpack(plain, { maxOutputLength })
  }
  return plain
}

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Buffer

const CODINGS: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
])
