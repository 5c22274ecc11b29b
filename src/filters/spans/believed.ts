import type { Exchange } from '../../core/exchange.ts'

/** Whom something is believed of: peers among the listener's `trustedProxies`, every client, or nobody. */
export type Believed = 'trusted' | 'anyone' | 'nobody'

export const BELIEVED: readonly Believed[] = ['trusted', 'anyone', 'nobody']

export function isBelieved(whom: Believed, { client }: Exchange): boolean {
  return whom === 'anyone' || (whom === 'trusted' && client.peerTrusted)
}
