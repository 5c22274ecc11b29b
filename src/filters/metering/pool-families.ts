import type { EndpointSnapshot, EndpointState } from '../../core/endpoint-snapshot.ts'
import type { ReadFamilies } from './read-families.ts'

const LABELS = ['pool', 'upstream']

const STATES: readonly EndpointState[] = [
  'removed',
  'draining',
  'drained',
  'ejected',
  'unhealthy',
  'unproven',
  'warming',
  'serving',
]

/** What is read of pools. Two that have one name and one endpoint are one here. */
export const poolFamilies: ReadFamilies = (gauge, _, view) => {
  const each =
    (read: (endpoint: EndpointSnapshot) => number) =>
    (put: (value: number, ...labels: string[]) => void): void => {
      for (const { name, endpoints } of view()?.pools ?? [])
        for (const endpoint of endpoints) put(read(endpoint), name, endpoint.id)
    }
  return [
    gauge(
      'proxy_backend_health',
      'Whether the endpoint is fit to serve: 0 while its probes fail or have not passed yet, or it is ejected.',
      LABELS,
      each((endpoint) => (isFit(endpoint) ? 1 : 0)),
      Math.min,
    ),
    gauge(
      'proxy_upstream_state',
      'What becomes of the endpoint: 1 for the state that it is in.',
      [...LABELS, 'state'],
      (put) => {
        for (const { name, endpoints } of view()?.pools ?? [])
          for (const { id, state } of endpoints)
            for (const one of STATES) put(one === state ? 1 : 0, name, id, one)
      },
      Math.max,
    ),
    gauge(
      'proxy_upstream_in_flight',
      'Attempts that have begun, and whose response has not ended.',
      LABELS,
      each(({ inFlight }) => inFlight),
    ),
    gauge(
      'proxy_upstream_queued',
      'Attempts that wait for a connection. Of all pools that share the connections.',
      LABELS,
      each(({ queued }) => queued),
      Math.max,
    ),
    gauge(
      'proxy_upstream_connections',
      'Connections that are open or being made. Of all pools that share them.',
      LABELS,
      each(({ connections }) => connections),
      Math.max,
    ),
    gauge(
      'proxy_upstream_idle_connections',
      'Those connections that nothing runs on.',
      LABELS,
      each(({ idle }) => idle),
      Math.max,
    ),
    gauge(
      'proxy_upstream_weight',
      'What balancers go by: less than the full weight during a slow start.',
      LABELS,
      each(({ weight }) => weight),
      Math.max,
    ),
  ]
}

function isFit({ health, ejected, state }: EndpointSnapshot): boolean {
  return health !== 'unhealthy' && ejected === undefined && state !== 'unproven'
}
