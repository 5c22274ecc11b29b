import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import type { ZlibStream } from './zlib-source.ts'

/** The codings that bodies can be compressed with (RFC 9110 section 8.4.1, RFC 7932, RFC 8878). */
export type Coding = 'zstd' | 'br' | 'gzip'

/** How a body is compressed with one coding. */
export interface Encoder {
  readonly coding: Coding
  /** With `flush`, all that was written comes out at once. */
  stream(flush: boolean): ZlibStream
  whole(bytes: Uint8Array): Buffer
}

export interface Levels {
  readonly gzip: number
  readonly br: number
  readonly zstd: number
}

/**
 * Windows of 256 KiB, as gzip's are 32: larger ones find little more in pages and JSON, and a stream of brotli would hold
 * 4 MiB in place of 0.7, one of zstd 1.8 in place of 0.5.
 */
const WINDOW_BITS = 18

export function encoderOf(coding: Coding, levels: Levels): Encoder {
  switch (coding) {
    case 'gzip': {
      const options = { level: levels.gzip }
      return {
        coding,
        stream: (flush) => createGzip(flush ? { ...options, flush: constants.Z_SYNC_FLUSH } : options),
        whole: (bytes) => gzipSync(bytes, options),
      }
    }
    case 'br': {
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: levels.br,
        [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
      }
      return {
        coding,
        stream: (flush) =>
          createBrotliCompress(flush ? { params, flush: constants.BROTLI_OPERATION_FLUSH } : { params }),
        whole: (bytes) => brotliCompressSync(bytes, { params }),
      }
    }
    case 'zstd': {
      const params = {
        [constants.ZSTD_c_compressionLevel]: levels.zstd,
        [constants.ZSTD_c_windowLog]: WINDOW_BITS,
      }
      return {
        coding,
        stream: (flush) => createZstdCompress(flush ? { params, flush: constants.ZSTD_e_flush } : { params }),
        whole: (bytes) => zstdCompressSync(bytes, { params }),
      }
    }
  }
}
