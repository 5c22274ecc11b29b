import type { Filter } from '../../core/handler.ts'
import type { StripPrefixOptions } from '../../filters/strip-prefix.ts'
import type { Part } from '../part.ts'
import { flag, text } from '../schema/values.ts'

interface StripPrefixInFile extends StripPrefixOptions {
  prefix: string
}

export const stripPrefixPart: Part<StripPrefixInFile, Filter> = {
  schema: {
    prefix: text,
    caseSensitive: flag,
  },
  required: ['prefix'],
  load: async () => {
    const { stripPrefix } = await import('../../filters/strip-prefix.ts')
    return ({ prefix, ...options }) => stripPrefix(prefix, options)
  },
}
