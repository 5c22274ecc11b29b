import type { EndpointOptions } from '../../../pool/endpoint-spec.ts'
import type { PoolOptions } from '../../../pool/pool-description.ts'
import type { OptionsSchema } from '../schema.ts'
import { choice, either, flag, integer, mapOf, number, positive, text } from '../values.ts'
import { connectionOptions } from './connection-options.ts'
import { tlsConnectOptions } from './tls-connect-options.ts'

/** Of an upstream, beside those that its own methods take. */
export const poolOptions: OptionsSchema<PoolOptions> = {
  ...connectionOptions,
  // It is the key under which the upstream stands.
  name: undefined,
  host: text,
  xForwarded: flag,
  forwarded: flag,
  via: either(text, choice(false)),
  tls: tlsConnectOptions,
  panicThreshold: number(0, 1),
  overprovisioning: number(1),
}

/** Of one endpoint. */
export const endpointOptions: OptionsSchema<EndpointOptions> = {
  url: text,
  weight: positive,
  zone: text,
  priority: integer(0),
  labels: mapOf(text),
  id: text,
  probeAddress: text,
}
