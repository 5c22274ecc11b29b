import type { Filter } from '../../core/handler.ts'
import type { CompressOptions } from '../../filters/compress.ts'
import type { Part } from '../part.ts'
import { choice, integer, listOf, oneOrMore, orUnlimited, size, text } from '../schema/values.ts'

export const compressPart: Part<CompressOptions, Filter> = {
  schema: {
    codings: listOf(choice('zstd', 'br', 'gzip')),
    gzipLevel: integer(1, 9),
    brotliQuality: integer(0, 11),
    zstdLevel: integer(1, 22),
    minBytes: size,
    types: oneOrMore(text),
    maxStreams: orUnlimited(integer(1)),
  },
  required: [],
  load: async () => (await import('../../filters/compress.ts')).compress,
}
