import type { Filter } from '../../core/handler.ts'
import type { RewriteLocationOptions } from '../../filters/rewrite-location.ts'
import type { Part } from '../part.ts'
import { mapOf, oneOrMore, text } from '../schema/values.ts'

export const rewriteLocationPart: Part<RewriteLocationOptions, Filter> = {
  schema: {
    internal: oneOrMore(text),
    publicOrigin: text,
    prefixes: mapOf(text),
  },
  required: [],
  load: async () => (await import('../../filters/rewrite-location.ts')).rewriteLocation,
}
