import { isIP } from 'node:net'
import { AddressRanges } from '../core/address-ranges.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { refusal } from './identity/refusal.ts'

export interface IpFilterOptions {
  /**
   * Addresses and CIDR ranges that may pass, and no others: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. `loopback` and `private`
   * name the usual ranges. Default: everyone.
   */
  allow?: readonly string[]
  /** Addresses and ranges that may not pass, also where `allow` has them. Default none. */
  deny?: readonly string[]
  /**
   * The address that is looked at. What it gives, if it is no address, is refused. Default `exchange.client.address`, which is
   * the client's as far as trusted proxies say; `({ client }) => client.peer.address` looks at the connection instead.
   */
  address?: (exchange: Exchange) => string
}

const OPTIONS: readonly string[] = ['allow', 'deny', 'address'] satisfies (keyof IpFilterOptions)[]

/**
 * Lets clients pass by their address, and refuses all others with 403 `access_denied`.
 *
 * Whoever is in `deny` is refused, whatever `allow` says; where there is an `allow`, so is whoever is not in it. The order
 * within a list, and how wide a range is, make no difference. IPv4 addresses written as IPv6 (`::ffff:192.0.2.7`) are the IPv4
 * addresses, in requests and in lists. A client whose address is not known is refused. In `tcp()` it closes connections.
 *
 * Traps: the address is the trusted one. Behind a load balancer that is not among `trustedProxies` of `listen`, it is the load
 * balancer's, for everyone. Where `trustedProxies` has more than your own proxies, clients choose their address. An address is
 * no identity: many clients share one, and one client has many, above all with IPv6, where a range such as `/56` is one
 * household.
 *
 * @example
 * proxy().group('/admin', (admin) => admin.use(ipFilter({ allow: ['private'], deny: ['10.66.0.0/16'] })).route('/', console))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, or where neither `allow` nor `deny` is given.
 */
export function ipFilter(options: IpFilterOptions): Filter {
  knownOptions('ipFilter', options, OPTIONS)
  const { address = ({ client }: Exchange) => client.address } = options
  if (typeof address !== 'function')
    throw invalidOption('ipFilter', 'address', 'a function of the exchange that gives an address', address)
  const allow = rangesOf('allow', options.allow)
  const deny = rangesOf('deny', options.deny)
  if (allow === undefined && deny === undefined)
    throw invalidOption('ipFilter', 'allow', 'given, unless "deny" is', options.allow)
  const filter: Filter = (exchange, next) => {
    const from = address(exchange)
    if (isIP(from) === 0 || deny?.includes(from) === true || allow?.includes(from) === false)
      throw refusal(exchange, 'ipFilter', 'access_denied', { detail: 'this address is not allowed' })
    return next(exchange)
  }
  return named(filter, 'ipFilter')
}

function rangesOf(option: string, list: readonly string[] | undefined): AddressRanges | undefined {
  if (list === undefined) return undefined
  // An empty list is almost always one that was not filled: `allow` of nobody, or `deny` that does nothing.
  if (!Array.isArray(list) || list.length === 0)
    throw invalidOption('ipFilter', option, 'a list of at least one address or CIDR range', list)
  return new AddressRanges('ipFilter', option, list)
}
