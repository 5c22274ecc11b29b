import { invalidOption } from '../core/options.ts'
import { usedBy } from '../core/target.ts'
import type { EndpointProtocol } from '../transport/endpoint-protocol.ts'
import { isCompilable } from '../transport/runtime.ts'

const NEEDED: Readonly<Record<EndpointProtocol, string>> = {
  http: 'a pool of tcp: or tls: endpoints',
  tcp: 'a pool of http: or https: endpoints (tcp() takes those of tcp: and tls:)',
}

/** Refuses a target with endpoints that speak this, its own or those of a pool that it falls back on. */
export function refuseEndpointsOf(
  protocol: EndpointProtocol,
  owner: string,
  option: string,
  target: unknown,
): void {
  if (isCompilable(target) && target.protocol === protocol)
    throw invalidOption(owner, option, NEEDED[protocol], target)
  const uses = isCompilable(target) ? target.uses : typeof target === 'function' ? usedBy([target]) : []
  for (const used of uses ?? []) refuseEndpointsOf(protocol, owner, option, used)
}
