import type { OwnCookieOptions } from '../../../filters/fields/own-cookie.ts'
import type { Schema } from '../schema.ts'
import { choice, duration, flag, optionsObject, text } from '../values.ts'

/** A cookie that the proxy itself sets. */
export const ownCookie: Schema = optionsObject<OwnCookieOptions>({
  name: text,
  path: text,
  domain: text,
  maxAge: duration,
  secure: flag,
  httpOnly: flag,
  sameSite: choice('strict', 'lax', 'none'),
})
