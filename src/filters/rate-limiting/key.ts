import { hash } from 'node:crypto'
import type { Attribute } from '../../core/attribute.ts'
import type { Exchange } from '../../core/exchange.ts'
import { invalidOption } from '../../core/options.ts'
import { clientNetwork } from './client-network.ts'

/**
 * What a rule counts for: the client's `address` (of IPv6 its network), the `route`, `all` together, the value of a header
 * field, a claim in an attribute that an earlier filter has set, or what a function says.
 */
export type RateLimitKey =
  | 'address'
  | 'route'
  | 'all'
  | { readonly header: string }
  | { readonly claim: string; readonly of: Attribute<object> }
  | ((exchange: Exchange) => string | undefined)

interface Part {
  readonly by: string
  readonly of: (exchange: Exchange) => string | undefined
}

/** How a rule finds its key. */
export interface KeyMaker {
  /** What it is, in words. */
  readonly by: string
  readonly keyOf: (exchange: Exchange) => string
}

/** Makes the key of a rule for an exchange: several parts, of which each can be told from the others. */
export function keyMaker(
  owner: string,
  key: RateLimitKey | readonly RateLimitKey[],
  ipv6Prefix: number,
): KeyMaker {
  const keys: readonly RateLimitKey[] = Array.isArray(key) ? key : [key as RateLimitKey]
  if (keys.length === 0 || keys.length > MAX_PARTS)
    throw invalidOption(owner, 'key', `one key, or a list of 1 to ${MAX_PARTS}`, key)
  const parts = keys.map((it) => partOf(owner, it, ipv6Prefix))
  const by = parts.map((part) => part.by).join(' + ')
  const [first, second] = parts.map(({ of }) => of)
  if (second === undefined) return { by, keyOf: (exchange) => written(first!(exchange)) }
  return { by, keyOf: (exchange) => written(first!(exchange)) + written(second(exchange)) }
}

/** With `MAX_LENGTH`, a key of all parts has 160 characters at most, as stores are promised. */
const MAX_PARTS = 2
const MAX_LENGTH = 64

/**
 * A text with its length before it, so that two of them end to end can be read in one way only. A long one is its hash: keys
 * may be of a client's making, and take memory.
 */
function written(part: string | undefined): string {
  if (part === undefined) return '-'
  if (part.length <= MAX_LENGTH && part.isWellFormed()) return `${part.length}:${part}`
  return `#${hash('sha256', Buffer.from(part, 'utf16le'), 'base64url')}`
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function partOf(owner: string, key: RateLimitKey, ipv6Prefix: number): Part {
  if (key === 'address')
    return { by: `address/${ipv6Prefix}`, of: ({ client }) => clientNetwork(client.address, ipv6Prefix) }
  if (key === 'route') return { by: 'route', of: ({ route }) => route?.name }
  if (key === 'all') return { by: 'all', of: () => '' }
  if (typeof key === 'function') return { by: 'function', of: asked(owner, key) }
  if (typeof key === 'object' && key !== null) {
    if ('header' in key && typeof key.header === 'string' && TOKEN.test(key.header)) {
      const { header } = key
      return { by: `header ${header.toLowerCase()}`, of: ({ request }) => request.headers.get(header) }
    }
    if ('claim' in key && typeof key.claim === 'string' && typeof key.of === 'object' && key.of !== null)
      return { by: `claim ${key.claim} of ${key.of.name}`, of: claimOf(key.claim, key.of) }
  }
  throw invalidOption(
    owner,
    'key',
    '"address", "route", "all", { header }, { claim, of }, or a function of the exchange',
    key,
  )
}

function asked(owner: string, key: (exchange: Exchange) => string | undefined): Part['of'] {
  return (exchange) => {
    const made: unknown = key(exchange)
    // A promise, as a text, would be the same key for everyone.
    if (made === undefined || typeof made === 'string') return made
    throw invalidOption(owner, 'key', 'a function that returns a text or undefined at once', key)
  }
}

/** A claim that is no text is told from one that is written the same. */
function claimOf(claim: string, of: Attribute<object>): Part['of'] {
  return (exchange) => {
    const claims = exchange.get(of) as Readonly<Record<string, unknown>> | undefined
    if (claims === undefined || !Object.hasOwn(claims, claim)) return undefined
    const value = claims[claim]
    if (typeof value === 'string') return `"${value}`
    return value === undefined || value === null ? undefined : JSON.stringify(value)
  }
}
