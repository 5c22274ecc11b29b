import { isIP } from 'node:net'
import { AddressRanges } from '../core/address-ranges.ts'
import type { Client, Forwarding } from '../core/exchange.ts'
import { FieldKind } from '../core/field-name.ts'
import type { HeaderList } from '../core/headers.ts'
import { peerOf, type Wire } from '../core/network.ts'
import { plainAddress } from '../core/plain-address.ts'

const NO_FORWARDING: Forwarding = {
  forwardedFor: undefined,
  forwarded: undefined,
  host: undefined,
  port: undefined,
}

/** A chain of more hops than this is nobody's real path; what lies further left is not looked at. */
const MAX_HOPS = 64

/**
 * Finds out who the client is: the peer of the connection, or, when that is a trusted proxy, what it says of the one
 * before it, and so on from right to left until an address is not trusted. Fields of peers that are not trusted count
 * for nothing.
 */
export class ClientResolver {
  readonly #trusted: AddressRanges | undefined
  readonly #field: TrustedField
  /** The ranges and the field as they were given. */
  readonly trusted: string

  /** `trustedProxies`: addresses and CIDR ranges, such as `10.0.0.0/8`, `::1`; `loopback` and `private` name the usual ones. */
  constructor(trustedProxies: readonly string[] = [], field: TrustedField = 'x-forwarded-for') {
    this.trusted = [...trustedProxies, field].join(' ')
    this.#field = field
    this.#trusted =
      trustedProxies.length === 0 ? undefined : new AddressRanges('listen', 'trustedProxies', trustedProxies)
  }

  /** The client as the connection alone shows it, or the one that a trusted proxy carries on. */
  ofConnection(wire: Pick<Wire, 'remote' | 'local' | 'tls' | 'forwarded'>): Client {
    const { address, port } = peerOf(wire)
    const { forwarded } = wire
    const local = forwarded?.destination ?? wire.local
    const peer = { address: plainAddress(address), port }
    return {
      address: peer.address,
      port,
      peer,
      peerTrusted: this.trusts(peer.address),
      scheme: wire.tls === undefined ? 'http' : 'https',
      localAddress: plainAddress(local.address),
      localPort: local.port,
      tls: wire.tls,
      proxyProtocol: forwarded,
      forwarding: NO_FORWARDING,
    }
  }

  /** The client of one request. The connection's own object when no trusted proxy says anything else. */
  ofRequest(connection: Client, headers: HeaderList): Client {
    if (!connection.peerTrusted || !headers.hasKind(FieldKind.forwarding)) return connection
    // Only the one field that the trusted proxies write themselves: the other came from whoever spoke to them.
    const value = headers.get(this.#field)
    const hops = this.#field === 'forwarded' ? forwardedElements(value) : addressesOf(value)
    const walked: string[] = []
    let found: Hop | undefined
    for (const hop of hops) {
      if (hop.address === undefined) break
      found = hop
      walked.unshift(hop.address)
      if (!this.trusts(hop.address)) break
    }
    const x = this.#field === 'x-forwarded-for'
    const scheme = (x ? lastOf(headers, 'x-forwarded-proto') : found?.proto)?.toLowerCase()
    return {
      ...connection,
      address: found?.address ?? connection.address,
      port: found === undefined ? connection.port : found.port,
      scheme: scheme === 'https' || scheme === 'http' ? scheme : connection.scheme,
      forwarding: {
        forwardedFor: x ? value : walked.join(', ') || undefined,
        forwarded: x || hops.includes(MALFORMED) ? walked.map(forwardedNode).join(', ') || undefined : value,
        host: x ? lastOf(headers, 'x-forwarded-host') : found?.host,
        port: x ? portOf(lastOf(headers, 'x-forwarded-port')) : undefined,
      },
    }
  }

  trusts(address: string): boolean {
    return this.#trusted?.includes(address) === true
  }
}

/** The field in which trusted proxies say whom they speak for. */
export type TrustedField = 'x-forwarded-for' | 'forwarded'

/** An address as an element of `Forwarded` (RFC 7239 section 6). */
export function forwardedNode(address: string): string {
  return isIP(address) === 6 ? `for="[${address}]"` : `for=${address}`
}

interface Hop {
  readonly address: string | undefined
  readonly port: number
  readonly proto?: string | undefined
  readonly host?: string | undefined
}

/** The line that the nearest proxy has added. */
function lastOf(headers: HeaderList, name: string): string | undefined {
  return headers.getAll(name).at(-1)
}

/** The hops of `X-Forwarded-For`, nearest first. */
function addressesOf(value: string | undefined): Hop[] {
  if (value === undefined) return []
  return value
    .split(',')
    .slice(-MAX_HOPS)
    .reverse()
    .map((part) => node(part.trim()))
}

/** The hops of `Forwarded` (RFC 7239 section 4), nearest first. An element that is malformed ends the walk. */
function forwardedElements(value: string | undefined): Hop[] {
  if (value === undefined) return []
  const hops: Hop[] = []
  for (const element of splitOutsideQuotes(value, ',').slice(-MAX_HOPS).reverse()) {
    const pairs = new Map<string, string>()
    let malformed = false
    for (const pair of splitOutsideQuotes(element, ';')) {
      const found =
        /^\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+\-.^_`|~0-9A-Za-z]+))\s*$/.exec(
          pair,
        )
      const name = found?.[1]?.toLowerCase()
      if (found === null || name === undefined || pairs.has(name)) {
        malformed ||= pair.trim() !== ''
        continue
      }
      pairs.set(name, found[3] ?? found[2]!.replace(/\\(.)/g, '$1'))
    }
    if (malformed) hops.push(MALFORMED)
    else hops.push({ ...node(pairs.get('for') ?? ''), proto: pairs.get('proto'), host: pairs.get('host') })
  }
  return hops
}

function splitOutsideQuotes(value: string, separator: string): string[] {
  const parts: string[] = []
  let quoted = false
  let from = 0
  for (let i = 0; i < value.length; i++) {
    const character = value[i]
    if (quoted && character === '\\') i++
    else if (character === '"') quoted = !quoted
    else if (character === separator && !quoted) {
      parts.push(value.slice(from, i))
      from = i + 1
    }
  }
  parts.push(value.slice(from))
  return parts
}

/** An address with or without a port: `1.2.3.4`, `1.2.3.4:5`, `[::1]`, `[::1]:5`, `::1`. `unknown` and `_names` are no address. */
function node(text: string): Hop {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text)
  if (bracketed !== null)
    return isIP(bracketed[1]!) === 6 ? { address: bracketed[1]!, port: Number(bracketed[2] ?? 0) } : NO_HOP
  const withPort = /^([\d.]+):(\d{1,5})$/.exec(text)
  if (withPort !== null)
    return isIP(withPort[1]!) === 4 ? { address: withPort[1]!, port: Number(withPort[2]) } : NO_HOP
  return isIP(text) === 0 ? NO_HOP : { address: plainAddress(text), port: 0 }
}

const NO_HOP: Hop = { address: undefined, port: 0 }
/** An element that is none. Nothing of the field can be sent on: a quote left open would swallow what we add. */
const MALFORMED: Hop = { address: undefined, port: 0 }

function portOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,5}$/.test(value) ? Number(value) : undefined
}
