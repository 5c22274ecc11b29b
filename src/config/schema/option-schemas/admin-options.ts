import type { AdminOptions } from '../../../admin/admin-options.ts'
import type { OptionsSchema } from '../schema.ts'
import { flag, integer, oneOrMore, secret, text, texts } from '../values.ts'
import { tlsListenOptions } from './tls-listen-options.ts'

export const adminOptions: OptionsSchema<AdminOptions> = {
  port: integer(0, 65_535),
  host: text,
  token: oneOrMore(secret),
  tls: tlsListenOptions,
  allowedHosts: texts,
  readOnly: flag,
  profiling: flag,
  tapBodies: flag,
}
