import { BlockList, isIP } from 'node:net'
import { invalidOption } from './options.ts'

const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** Addresses and CIDR ranges, such as `10.0.0.0/8` and `::1`; `loopback` and `private` name the usual ones. */
export class AddressRanges {
  readonly #list = new BlockList()

  /** @throws `ERR_OPTION_INVALID` */
  constructor(owner: string, option: string, entries: readonly string[]) {
    for (const entry of entries) for (const range of NAMED[entry] ?? [entry]) this.#add(owner, option, range)
  }

  includes(address: string): boolean {
    return this.#list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }

  #add(owner: string, option: string, range: string): void {
    const [address = '', prefix, ...more] = typeof range === 'string' ? range.split('/') : []
    const family = isIP(address)
    const bits = family === 6 ? 128 : 32
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
    if (family === 0 || more.length > 0 || length < 0 || length > bits)
      throw invalidOption(owner, option, 'a list of addresses or CIDR ranges, "loopback" or "private"', range)
    this.#list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4')
  }
}
