import type { Filter } from '../../core/handler.ts'
import type { DecompressOptions } from '../../filters/decompress.ts'
import type { Part } from '../part.ts'
import { choice, flag, listOf, number, orUnlimited, size } from '../schema/values.ts'

export const decompressPart: Part<DecompressOptions, Filter> = {
  schema: {
    requests: flag,
    responses: flag,
    codings: listOf(choice('zstd', 'br', 'gzip', 'deflate')),
    maxBytes: orUnlimited(size),
    maxRatio: orUnlimited(number(1)),
  },
  required: [],
  load: async () => (await import('../../filters/decompress.ts')).decompress,
}
