import type { Address } from '../../../core/network.ts'

/** What is said of one wire, over the topic `wire` of a channel. */
export type WireMessage =
  /** The supervisor opens it. `remote`: who it says it is. */
  | { readonly wire: number; readonly kind: 'open'; readonly remote: Address }
  | { readonly wire: number; readonly kind: 'data'; readonly bytes: Uint8Array }
  /** So many bytes were taken: as many more may come. */
  | { readonly wire: number; readonly kind: 'credit'; readonly bytes: number }
  /** Nothing more is written. */
  | { readonly wire: number; readonly kind: 'end' }
  /** It is closed; nothing more is read either. */
  | { readonly wire: number; readonly kind: 'close' }
  | { readonly wire: number; readonly kind: 'reset' }

/** What came over the channel, where it is such a message. Another version of the code may be at the other side. */
export function wireMessage(given: unknown): WireMessage | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { wire, kind, bytes, remote } = given as Readonly<Record<string, unknown>>
  if (!Number.isSafeInteger(wire)) return undefined
  const isWhole =
    kind === 'end' ||
    kind === 'close' ||
    kind === 'reset' ||
    (kind === 'data' && bytes instanceof Uint8Array) ||
    (kind === 'credit' && Number.isSafeInteger(bytes) && Number(bytes) > 0) ||
    (kind === 'open' && isAddress(remote))
  return isWhole ? (given as WireMessage) : undefined
}

function isAddress(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false
  const { address, port } = given as Readonly<Record<string, unknown>>
  return typeof address === 'string' && Number.isInteger(port)
}
