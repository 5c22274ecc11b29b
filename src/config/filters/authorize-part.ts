import type { Filter } from '../../core/handler.ts'
import type { AuthorizeOptions, AuthorizePredicate } from '../../filters/authorize.ts'
import type { Part } from '../part.ts'
import { moduleValue, text } from '../schema/values.ts'

interface AuthorizeInFile extends AuthorizeOptions {
  predicate: AuthorizePredicate
}

export const authorizePart: Part<AuthorizeInFile, Filter> = {
  schema: {
    predicate: moduleValue('a function of the exchange'),
    message: text,
  },
  required: ['predicate'],
  load: async () => {
    const { authorize } = await import('../../filters/authorize.ts')
    return ({ predicate, ...options }) => authorize(predicate, options)
  },
}
