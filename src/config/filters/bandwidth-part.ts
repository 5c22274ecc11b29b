import type { Filter } from '../../core/handler.ts'
import type { BandwidthOptions } from '../../filters/bandwidth.ts'
import type { Part } from '../part.ts'
import { integer, size } from '../schema/values.ts'
import { loadKeysOf, type RateLimitKeyInFile, rateLimitKey } from './rate-limit-key.ts'

interface BandwidthInFile extends Omit<BandwidthOptions, 'key'> {
  key?: RateLimitKeyInFile
}

export const bandwidthPart: Part<BandwidthInFile, Filter> = {
  schema: { request: size, response: size, burst: size, key: rateLimitKey, maxKeys: integer(1) },
  required: [],
  load: async () => {
    const [{ bandwidth }, keysOf] = await Promise.all([import('../../filters/bandwidth.ts'), loadKeysOf()])
    return ({ key, ...options }) =>
      bandwidth({ ...options, ...(key === undefined ? {} : { key: keysOf(key) }) })
  },
}
