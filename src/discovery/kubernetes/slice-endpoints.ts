import type { EndpointOptions } from '../../pool/endpoint-spec.ts'
import { endpointUrl } from '../endpoint-url.ts'
import type { KubernetesSettings } from '../kubernetes-options.ts'
import type { EndpointSlice } from './endpoint-slice.ts'

/** The one that counts where there are several, unless it is said. */
const PREFERRED = ['IPv4', 'IPv6', 'FQDN'] as const

/**
 * What all slices of a service come to. A pod may be in several of them, for a moment or for good: it is one endpoint, and
 * ready where any of them has it so.
 * @throws where it is not said which of several ports is meant
 */
export function sliceEndpoints(
  slices: readonly EndpointSlice[],
  settings: KubernetesSettings,
): readonly EndpointOptions[] {
  const { scheme } = settings
  const type =
    settings.addressType ??
    PREFERRED.find((one) => slices.some((it) => it.addressType === one && it.endpoints.length > 0))
  const endpoints = new Map<string, EndpointOptions>()
  for (const slice of slices) {
    if (slice.addressType !== type || slice.endpoints.length === 0) continue
    const port = portOf(slice, settings)
    if (port === undefined) continue
    for (const { address, zone } of slice.endpoints) {
      const url = endpointUrl(scheme, address, port)
      endpoints.set(url, zone === undefined ? { url } : { url, zone })
    }
  }
  return [...endpoints.values()]
}

/** `undefined`: the pods of this slice do not have it. */
function portOf({ ports }: EndpointSlice, { port, service }: KubernetesSettings): number | undefined {
  if (typeof port === 'string') return ports.find(({ name }) => name === port)?.port
  if (port !== undefined) {
    // A Service without ports, or one for all of them, says nothing against it.
    const fits = ports.length === 0 || ports.some((it) => it.port === undefined || it.port === port)
    return fits ? port : undefined
  }
  const [only, ...others] = ports
  if (only?.port !== undefined && others.length === 0) return only.port
  const names = ports
    .slice(0, 10)
    .map(({ name }) => name || '""')
    .join(', ')
  throw new Error(
    `the Service ${service} has ${only === undefined ? 'no port' : `the ports ${names}`}: say which with "port"`,
  )
}
