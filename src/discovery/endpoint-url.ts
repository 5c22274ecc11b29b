import { isIPv4, isIPv6 } from 'node:net'
import { invalidOption } from '../core/options.ts'

/** How the endpoints of a source are spoken to. `tcp` and `tls` are for pools of `tcp()`. */
export type EndpointScheme = 'http' | 'https' | 'tcp' | 'tls'

const SCHEMES: readonly unknown[] = ['http', 'https', 'tcp', 'tls'] satisfies EndpointScheme[]

/** @throws `ERR_OPTION_INVALID` */
export function checkScheme(owner: string, scheme: EndpointScheme): EndpointScheme {
  if (SCHEMES.includes(scheme)) return scheme
  throw invalidOption(owner, 'scheme', "'http', 'https', 'tcp' or 'tls'", scheme)
}

/** The url of an endpoint at a name or an address. */
export function endpointUrl(scheme: EndpointScheme, host: string, port: number): string {
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** Whether something is the name of a host, as names are in DNS: what another has sent may be anything. */
export function isHostName(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= 253 && /^[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?$/.test(value)
  )
}

/**
 * Whether something is an address that can be connected to. That of no host (`0.0.0.0`, `::`), with which name servers block
 * names, would be this machine.
 */
export function isAddress(value: unknown, family: 4 | 6): value is string {
  if (typeof value !== 'string' || /^[0:.]+$/.test(value)) return false
  return family === 4 ? isIPv4(value) : isIPv6(value) && !value.includes('%')
}

/** Whether something is a port that can be connected to. */
export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 65_535
}
