import { balancerParts } from '../balancer-parts.ts'
import { discoveryParts } from '../discovery-parts.ts'
import { named, withOptions } from './filters-schema.ts'
import { apertureOptions } from './option-schemas/aperture-options.ts'
import { deadlineOptions } from './option-schemas/deadline-options.ts'
import { ejectOptions } from './option-schemas/eject-options.ts'
import { fallbackOptions } from './option-schemas/fallback-options.ts'
import { healthOptions } from './option-schemas/health-options.ts'
import { hedgeOptions } from './option-schemas/hedge-options.ts'
import { endpointOptions, poolOptions } from './option-schemas/pool-options.ts'
import { retryOptions } from './option-schemas/retry-options.ts'
import { slowStartOptions } from './option-schemas/slow-start-options.ts'
import { subsetOptions } from './option-schemas/subset-options.ts'
import { zoneOptions } from './option-schemas/zone-options.ts'
import type { Schema } from './schema.ts'
import { either, flag, listOf, mapOf, moduleValue, object, optionsObject, text } from './values.ts'

/** Options of `pool()` itself. */
export const poolOptionsSchema: Schema = optionsObject(poolOptions)

const { url, ...endpointKeys } = optionsObject(endpointOptions).properties!

/** What `pool()` takes of an endpoint; files have `address`, too, and `health_check`. */
export const endpointSchema: Schema = optionsObject(endpointOptions)

const endpoint: Schema = either(
  { type: 'string', pattern: '\\S', expected: 'an address such as "10.0.0.1:8080"' },
  object(
    {
      address: { ...url!, expected: 'an address such as "10.0.0.1:8080"' },
      url: url!,
      ...endpointKeys,
      health_check: healthOptions,
    },
    { expected: 'an endpoint, with its address' },
  ),
)

const endpoints: Schema = {
  ...listOf(
    { ...endpoint, expected: 'an endpoint: an address such as "10.0.0.1:8080", or an object with one' },
    1,
  ),
  expected: 'a list of endpoints',
}

/** What gives endpoints while the proxy runs. */
export const discoverySchema: Schema = {
  ...either(withOptions('a source of endpoints', discoveryParts), moduleValue('a source of endpoints')),
  expected: 'a source of endpoints: an object with its name and its options',
}

export const balancerSchema: Schema = named('a balancer', balancerParts)
export const healthSchema: Schema = healthOptions
export const ejectSchema: Schema = either(flag, optionsObject(ejectOptions))
export const retrySchema: Schema = either(flag, optionsObject(retryOptions))
export const hedgeSchema: Schema = either(flag, optionsObject(hedgeOptions))
export const slowStartSchema: Schema = optionsObject(slowStartOptions, ['lastsMs'])
export const deadlineSchema: Schema = optionsObject(deadlineOptions)
export const zoneSchema: Schema = optionsObject(zoneOptions, ['zone'])
export const apertureSchema: Schema = optionsObject(apertureOptions, ['instance', 'size'])
export const subsetOptionsSchema: Schema = optionsObject(subsetOptions)
export const subsetSelector: Schema = moduleValue('a function of the exchange that gives labels')
export const fallbackOptionsSchema: Schema = optionsObject(fallbackOptions)

const filters: Schema = { $ref: '#/$defs/filters', expected: 'a list of filters, outermost first' }

const whole: Schema = object(
  {
    endpoints,
    discovery: discoverySchema,
    balancer: balancerSchema,
    health_check: healthSchema,
    eject: ejectSchema,
    slow_start: slowStartSchema,
    retry: retrySchema,
    hedge: hedgeSchema,
    deadline: deadlineSchema,
    fallback: either(
      { ...text, expected: 'the name of another upstream' },
      object({ upstream: text, ...fallbackOptionsSchema.properties }, { required: ['upstream'] }),
    ),
    prefer_zone: zoneSchema,
    subset: object({ select: subsetSelector, ...subsetOptionsSchema.properties }, { required: ['select'] }),
    aperture: apertureSchema,
    filters,
    each: filters,
    guards: filters,
    ...poolOptionsSchema.properties,
  },
  { expected: 'an upstream, with its endpoints' },
)

/** The upstreams, by the names that routes have for them. */
export const upstreamsSchema: Schema = {
  ...mapOf({ ...either(endpoints, whole), expected: 'a list of endpoints, or an object with "endpoints"' }),
  minProperties: 1,
  expected: 'an object with an upstream or more, by their names',
}
