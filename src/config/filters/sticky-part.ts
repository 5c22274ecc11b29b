import type { Filter } from '../../core/handler.ts'
import type { StickyOptions } from '../../filters/sticky.ts'
import type { Part } from '../part.ts'
import { ownCookie } from '../schema/option-schemas/own-cookie.ts'
import { choice, oneOrMore, secret, text } from '../schema/values.ts'

export const stickyPart: Part<StickyOptions, Filter> = {
  schema: {
    keys: oneOrMore(secret),
    cookie: ownCookie,
    header: text,
    ifGone: choice('pick', 'fail'),
  },
  required: ['keys'],
  load: async () => (await import('../../filters/sticky.ts')).sticky,
}
