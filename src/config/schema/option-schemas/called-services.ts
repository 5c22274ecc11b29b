import type { Schema } from '../schema.ts'
import { either, moduleValue, object, text } from '../values.ts'

/** An upstream of the configuration, by its name, where the builder takes a pool. */
const upstreamName: Schema = {
  ...object({ upstream: text }, { required: ['upstream'], expected: 'an upstream, as { upstream: "name" }' }),
  standsFor: 'upstream',
}

/** Where filters have requests answered: `CallTargetInit` of the builder. */
export const callTarget: Schema = either(
  {
    type: 'string',
    pattern: '^https?://',
    expected: 'the address of a service, such as "http://shadow:8080"',
  },
  upstreamName,
  moduleValue('a pool or a handler'),
)

/** A service whose word is law, and the path there: `ServiceEndpointInit` of the builder. */
export const serviceEndpoint: Schema = either(
  { type: 'string', pattern: '^https?://', expected: 'an address such as "https://id.example.com/path"' },
  object(
    { service: callTarget, path: text },
    { required: ['service', 'path'], expected: '{ service, path }' },
  ),
)
