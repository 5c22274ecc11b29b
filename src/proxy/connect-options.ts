import { isIP } from 'node:net'
import { AddressRanges } from '../core/address-ranges.ts'
import { type HostPattern, parseHostPattern } from '../core/host-pattern.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'
import { plainAddress } from '../core/plain-address.ts'
import type { DialTimes } from '../transport/tcp/dialer.ts'

/** What clients may have themselves connected to by CONNECT. */
export interface ConnectMethodOptions {
  /**
   * Hosts with their ports: `api.example.com:443`, `*.internal:5432` for all names below, `[2001:db8::7]:443`, and `*:443` for
   * every host. At least one: what is not listed is refused, with 403 `destination_denied`.
   */
  allow: readonly string[]
  /**
   * Addresses that may be connected to although they are none of the public internet: CIDR ranges, `'loopback'`,
   * `'private'`. Default none, but for addresses that `allow` lists themselves. What a name stands for is looked at when it
   * was resolved, so a name of a public zone is no way in. Trap: they hold for all of `allow`; beside `*:443`, any name that
   * somebody lets stand for one of them leads there.
   */
  allowAddresses?: readonly string[]
  /** Until the connection is made, the look-up of its name included. Default 5 s; past it 504 `upstream_connect_timeout`. */
  connectMs?: Duration
  /** A tunnel through which nothing goes. Default 1 hour. */
  idleMs?: Duration
}

/** The options, checked. */
export interface ConnectSettings extends DialTimes {
  readonly destinations: readonly HostPattern[]
  /** Every host at these ports. */
  readonly ports: ReadonlySet<number>
  readonly addresses: AddressRanges
}

const OWNER = 'connect'

/** @throws `ERR_OPTION_INVALID` */
export function connectSettings(options: ConnectMethodOptions): ConnectSettings {
  knownOptions(OWNER, options, [
    'allow',
    'allowAddresses',
    'connectMs',
    'idleMs',
  ] satisfies (keyof ConnectMethodOptions)[])
  const { allow, allowAddresses = [], connectMs = 5_000, idleMs = 3_600_000 } = options
  if (!Array.isArray(allow) || allow.length === 0)
    throw invalidOption(OWNER, 'allow', "a list of hosts with ports, such as ['api.example.com:443']", allow)
  if (!Array.isArray(allowAddresses))
    throw invalidOption(
      OWNER,
      'allowAddresses',
      "a list of addresses or CIDR ranges, such as ['10.0.0.0/8']",
      allowAddresses,
    )
  const ports = new Set<number>()
  const destinations: HostPattern[] = []
  for (const one of allow as readonly string[]) {
    const [, anyPort] = /^\*:([1-9]\d{0,4})$/.exec(one) ?? []
    if (anyPort !== undefined && Number(anyPort) <= 65_535) {
      ports.add(Number(anyPort))
      continue
    }
    const pattern = parseHostPattern(OWNER, 'allow', one)
    if (pattern.port === undefined) throw invalidOption(OWNER, 'allow', 'hosts with a port', one)
    destinations.push({ ...pattern, name: withoutBrackets(pattern.name) })
  }
  return {
    destinations,
    ports,
    addresses: new AddressRanges(OWNER, 'allowAddresses', allowAddresses),
    connectMs: durationMs(OWNER, 'connectMs', connectMs, { min: 1 }),
    idleMs: durationMs(OWNER, 'idleMs', idleMs, { min: 1, unlimited: true }),
  }
}

/**
 * Whether a client may ask for this host and port: `name`, as far as what it stands for may be connected to; `address`, where
 * it is an address that is listed itself.
 */
export function allowedDestination(
  { destinations, ports }: ConnectSettings,
  host: string,
  port: number,
): 'name' | 'address' | undefined {
  const listed = destinations.find(({ name, wildcard, port: allowed }) => {
    if (allowed !== port) return false
    return wildcard ? host.length > name.length + 1 && host.endsWith(`.${name}`) : host === name
  })
  if (listed !== undefined) return isIP(host) === 0 ? 'name' : 'address'
  return ports.has(port) ? 'name' : undefined
}

/** Whether this address, which a host is or stands for, may be connected to. */
export function allowsAddress({ addresses }: ConnectSettings, address: string): boolean {
  const plain = plainAddress(address)
  return addresses.includes(plain) || !NOT_PUBLIC.includes(plain)
}

export function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}

/**
 * What is no address of a host in the public internet (IANA's registries of special-purpose addresses), and what stands for
 * an IPv4 address of any kind.
 */
const NOT_PUBLIC = new AddressRanges(OWNER, 'addresses', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
])
