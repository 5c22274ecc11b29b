import { AddressRanges } from '../../core/address-ranges.ts'
import { invalidOption, knownOptions } from '../../core/options.ts'

/** The PROXY protocol on a listener. */
export interface ProxyProtocolOptions {
  /**
   * Proxies in front of this one that begin each connection with a header: addresses and CIDR ranges, `'loopback'`,
   * `'private'`. At least one. A connection from elsewhere is served as what it is, and a header on it is no header.
   */
  from: readonly string[]
}

/** The options, checked. */
export interface ProxyProtocolSettings {
  readonly from: AddressRanges
  /** The same for options that say the same. */
  readonly identity: string
}

/** @throws `ERR_OPTION_INVALID` */
export function proxyProtocolSettings(options: ProxyProtocolOptions): ProxyProtocolSettings {
  if (typeof options !== 'object' || options === null)
    throw invalidOption('listen', 'proxyProtocol', "an object such as { from: ['10.0.0.0/8'] }", options)
  knownOptions('listen: proxyProtocol', options, ['from'] satisfies (keyof ProxyProtocolOptions)[])
  const { from } = options
  if (!Array.isArray(from) || from.length === 0)
    throw invalidOption(
      'listen',
      'proxyProtocol.from',
      "a list of addresses or CIDR ranges, such as ['loopback', '10.0.0.0/8']",
      from,
    )
  return { from: new AddressRanges('listen', 'proxyProtocol.from', from), identity: JSON.stringify(from) }
}
