import type { Filter } from '../../core/handler.ts'
import type { RewriteOptions, RewritePath } from '../../filters/rewrite.ts'
import type { Part } from '../part.ts'
import { either, flag, moduleValue, text } from '../schema/values.ts'

interface RewriteInFile extends RewriteOptions {
  from: string
  to: string | RewritePath
}

export const rewritePart: Part<RewriteInFile, Filter> = {
  schema: {
    from: text,
    to: either(text, moduleValue('a function of the parameters and the exchange')),
    caseSensitive: flag,
  },
  required: ['from', 'to'],
  load: async () => {
    const { rewrite } = await import('../../filters/rewrite.ts')
    return ({ from, to, ...options }) => rewrite(from, to, options)
  },
}
