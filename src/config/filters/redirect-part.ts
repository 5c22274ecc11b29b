import type { Exchange } from '../../core/exchange.ts'
import type { Filter } from '../../core/handler.ts'
import type { RedirectOptions } from '../../filters/redirect.ts'
import type { Part } from '../part.ts'
import { choice, either, flag, moduleValue, text } from '../schema/values.ts'

interface RedirectInFile extends RedirectOptions {
  to: string | ((exchange: Exchange) => string)
}

export const redirectPart: Part<RedirectInFile, Filter> = {
  schema: {
    to: either(text, moduleValue('a function of the exchange')),
    status: choice(301, 302, 303, 307, 308),
    preserveQuery: flag,
  },
  required: ['to'],
  answers: true,
  load: async () => {
    const { redirect } = await import('../../filters/redirect.ts')
    return ({ to, ...options }) => redirect(to, options)
  },
}
