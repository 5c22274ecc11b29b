import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzipSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from 'node:zlib'
import type { ZlibStream } from './zlib-source.ts'

/** How content of one coding is read. */
export interface Decoder {
  readonly coding: DecodedCoding
  /** Whether what follows its end may be more of the same: members of gzip (RFC 1952), frames of Zstandard (RFC 8878). */
  readonly continues: boolean
  stream(): ZlibStream
  /** Throws `ERR_BUFFER_TOO_LARGE` where there would be more than `maxBytes`. */
  whole(bytes: Uint8Array, maxBytes: number): { readonly bytes: Buffer; readonly consumed: number }
}

/** The codings that content can be read in. */
export type DecodedCoding = 'zstd' | 'br' | 'gzip' | 'deflate'

/** A window that RFC 9659 lets a sender use. By default a few bytes could ask for 128 MiB. */
const ZSTD = { params: { [constants.ZSTD_d_windowLogMax]: 23 } }
/** Four times Node's default: a quarter of the ways to a thread and back. */
const OUTPUT = { chunkSize: 65_536 }

export const DECODERS: Readonly<Record<DecodedCoding, Decoder>> = {
  zstd: {
    coding: 'zstd',
    continues: true,
    stream: () => createZstdDecompress({ ...OUTPUT, ...ZSTD }),
    whole: (bytes, max) =>
      wholeBy((it, options) => zstdDecompressSync(it, { ...options, ...ZSTD }), bytes, max),
  },
  br: {
    coding: 'br',
    continues: false,
    stream: () => createBrotliDecompress(OUTPUT),
    whole: (bytes, max) => wholeBy(brotliDecompressSync, bytes, max),
  },
  gzip: {
    coding: 'gzip',
    continues: true,
    stream: () => createGunzip(OUTPUT),
    whole: (bytes, max) => wholeBy(gunzipSync, bytes, max),
  },
  deflate: {
    coding: 'deflate',
    continues: false,
    stream: () => createInflate(OUTPUT),
    whole: (bytes, max) => wholeBy(inflateSync, bytes, max),
  },
}

type Options = Pick<ZlibOptions, 'info' | 'maxOutputLength'>

function wholeBy(
  decode: (bytes: Uint8Array, options: Options) => unknown,
  bytes: Uint8Array,
  maxOutputLength: number,
): { bytes: Buffer; consumed: number } {
  // With `info` it gives the engine too: bytes behind the end are passed over without a word.
  const { buffer, engine } = decode(bytes, { info: true, maxOutputLength }) as {
    buffer: Buffer
    engine: ZlibStream
  }
  return { bytes: buffer, consumed: engine.bytesWritten }
}
