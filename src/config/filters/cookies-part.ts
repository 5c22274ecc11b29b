import type { Filter } from '../../core/handler.ts'
import type { CookiesOptions, RequestCookies } from '../../filters/cookies.ts'
import type { CookieRewriting } from '../../filters/fields/cookie-rewriter.ts'
import type { Part } from '../part.ts'
import { fieldValue } from '../schema/option-schemas/field-value.ts'
import { choice, either, expression, flag, listOf, mapOf, optionsObject, text } from '../schema/values.ts'

const cookieNames = listOf(either(text, expression))

export const cookiesPart: Part<CookiesOptions, Filter> = {
  schema: {
    request: optionsObject<RequestCookies>({ remove: cookieNames, set: mapOf(fieldValue) }),
    response: optionsObject<CookieRewriting>({
      remove: cookieNames,
      only: cookieNames,
      domain: either(text, choice(false), mapOf(either(text, choice(false)))),
      path: either(text, mapOf(text)),
      secure: flag,
      httpOnly: flag,
      sameSite: choice('strict', 'lax', 'none'),
      partitioned: flag,
    }),
  },
  required: [],
  load: async () => (await import('../../filters/cookies.ts')).cookies,
}
