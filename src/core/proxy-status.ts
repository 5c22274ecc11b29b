import { type Attribute, attribute } from './attribute.ts'
import type { ProxyError } from './errors.ts'
import type { Exchange } from './exchange.ts'

/** The proxy's member of `Proxy-Status` (RFC 9209) in the answer for an error, where a filter has another one than the usual. */
export const errorStatusMember: Attribute<StatusMember> = attribute<StatusMember>('errorStatusMember')

type StatusMember = (error: ProxyError, exchange: Exchange) => string

/** The usual one. `undefined` for what is the client's fault, and where no token fits. */
export function usualStatusMember({ side, proxyStatus }: ProxyError): string | undefined {
  return proxyStatus === undefined || side === 'downstream' ? undefined : `gatewright; error=${proxyStatus}`
}
