import type { Endpoint, EndpointHealth } from '../core/balancer.ts'
import { checkLabels } from '../core/labels.ts'
import { integer, invalidOption, knownOptions, positiveNumber } from '../core/options.ts'

/** An endpoint whose live numbers the test sets. */
export interface TestEndpoint extends Endpoint {
  inFlight: number
  responseTimeMs: number
  health: EndpointHealth
}

const OPTIONS = [
  'id',
  'url',
  'weight',
  'zone',
  'priority',
  'labels',
  'inFlight',
  'responseTimeMs',
  'health',
] satisfies (keyof Endpoint)[]

/**
 * An endpoint to call a balancer with.
 *
 * `url` is `http://127.0.0.1:3000` by default and `id` is the url, so endpoints that stand beside each other need an
 * `id` each. It is not numbered by itself: what a test sees must not depend on the tests that ran before it.
 *
 * @example leastResponseTime()([endpoint({ id: 'a', inFlight: 3 }), endpoint({ id: 'b' })], exchange(), seededRandom(1))
 */
export function endpoint(options: Partial<Endpoint> = {}): TestEndpoint {
  knownOptions('endpoint', options, OPTIONS)
  const { url = 'http://127.0.0.1:3000', weight = 1, zone, inFlight = 0, responseTimeMs = 0 } = options
  const { id = url, priority = 0, labels = {}, health = 'unknown' } = options
  if (typeof id !== 'string' || id === '')
    throw invalidOption('endpoint', 'id', 'a string that is not empty', id)
  if (typeof url !== 'string' || !URL.canParse(url))
    throw invalidOption('endpoint', 'url', 'an absolute URL', url)
  if (zone !== undefined && typeof zone !== 'string')
    throw invalidOption('endpoint', 'zone', 'a string', zone)
  if (!(Number.isFinite(responseTimeMs) && responseTimeMs >= 0))
    throw invalidOption('endpoint', 'responseTimeMs', 'a number of milliseconds, 0 or more', responseTimeMs)
  if (!['unknown', 'healthy', 'unhealthy'].includes(health))
    throw invalidOption('endpoint', 'health', '"unknown", "healthy" or "unhealthy"', health)
  return {
    id,
    url,
    weight: positiveNumber('endpoint', 'weight', weight),
    zone,
    priority: integer('endpoint', 'priority', priority),
    labels: checkLabels('endpoint', labels),
    inFlight: integer('endpoint', 'inFlight', inFlight),
    responseTimeMs,
    health,
  }
}
