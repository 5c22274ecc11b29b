import { LOG_LEVELS } from '../../core/log.ts'
import { filtersSchema } from './filters-schema.ts'
import { adminOptions } from './option-schemas/admin-options.ts'
import { connectOptions } from './option-schemas/connect-options.ts'
import { drainOptions } from './option-schemas/drain-options.ts'
import { listenOptions } from './option-schemas/listen-options.ts'
import { routesSchema } from './routes-schema.ts'
import type { Schema } from './schema.ts'
import { cachingSchema, rateLimitingSchema, securitySchema } from './shorthands-schema.ts'
import { upstreamsSchema } from './upstream-schema.ts'
import {
  choice,
  either,
  flag,
  integer,
  listOf,
  mapOf,
  moduleValue,
  object,
  optionsObject,
  text,
} from './values.ts'

/** `host` is `address` in files: what a listener is bound to, not what it is called. */
function withAddress(schema: Schema): Schema {
  const { host, ...rest } = schema.properties ?? {}
  const { host: _, ...options } = schema.options ?? {}
  return { ...schema, properties: { address: host!, ...rest }, options: { ...options, address: 'host' } }
}

export const listenerSchema: Schema = withAddress(optionsObject(listenOptions))
export const adminSchema: Schema = withAddress(optionsObject(adminOptions))
export const drainSchema: Schema = optionsObject(drainOptions)

/** Options of `proxy().connect`. */
export const connectSchema: Schema = optionsObject(connectOptions, ['allow'])

/** Texts by status and media type. */
export const errorPagesSchema: Schema = {
  ...mapOf(mapOf(text)),
  expected: 'an object of pages by status: each an object of texts by media type',
}

export const workersSchema: Schema = either(integer(1), choice('auto'))

const filters: Schema = { $ref: '#/$defs/filters', expected: 'a list of filters, outermost first' }

/** The whole of a configuration. */
export const configSchema: Schema = {
  ...object(
    {
      $schema: { ...text, expected: 'where editors have the schema from' },
      include: { ...listOf({ ...text, expected: 'a path' }), expected: 'a list of paths' },
      proxy: object(
        {
          listen: either(listenerSchema, listOf(listenerSchema, 1)),
          upstreams: upstreamsSchema,
          routes: { $ref: '#/$defs/routes', expected: 'a list of routes' },
          filters,
          rate_limiting: rateLimitingSchema,
          caching: cachingSchema,
          security: securitySchema,
          admin: either(flag, adminSchema),
          connect: object({ filters, ...connectSchema.properties }, { required: ['allow'] }),
          case_sensitive_paths: flag,
          dangerously_allow_ambiguous_paths: flag,
          on_error: moduleValue('a function of the error and the exchange'),
          error_pages: errorPagesSchema,
          workers: workersSchema,
          drain: drainSchema,
          log: object({ level: choice(...LOG_LEVELS) }),
        },
        { expected: 'an object with "upstreams"' },
      ),
    },
    { required: ['proxy'], expected: 'an object with "proxy"' },
  ),
  $defs: { filters: filtersSchema, routes: routesSchema },
}
