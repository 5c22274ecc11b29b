import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'
import { checkScheme, type EndpointScheme, isHostName, isPort } from './endpoint-url.ts'
import { type NameService, systemNameService } from './name-service.ts'

export interface DnsOptions {
  /** The name whose addresses are the endpoints. In full: search domains are not tried. */
  host?: string
  /** In place of `host`: the name of services (SRV), such as `_http._tcp.users.example.com`. They have ports of their own. */
  service?: string
  /** The port of `host`. Default: that of `http` or `https`. */
  port?: number
  /** How the endpoints are spoken to. Default `http`. */
  scheme?: EndpointScheme
  /** Which addresses are asked for, also behind the names of services. Default `A+AAAA`: both. */
  type?: 'A+AAAA' | 'A' | 'AAAA'
  /** The shortest wait before it is asked again. Default 1 s. */
  minMs?: Duration
  /** The longest one, however long the records hold. Default 5 min. */
  maxMs?: Duration
  /** The wait where no record tells how long it holds: Node tells it of addresses alone. Default 30 s. */
  refreshMs?: Duration
  /** By which share each wait is lengthened at most, by chance. Default 0.1. */
  jitter?: number
  /** How long one answer may take. Default 5 s. */
  timeoutMs?: Duration
  /** Name servers to ask, as `10.0.0.10` or `10.0.0.10:5353`. Default: those of the system. */
  servers?: readonly string[]
  /** Whether an answer without any address empties the pool. Default `false`: the last list stays. */
  allowEmpty?: boolean
  /** Whom to ask in place of name servers. */
  resolver?: NameService
}

/** Options that were checked. */
export interface DnsSettings {
  readonly subject:
    | { readonly kind: 'host'; readonly host: string; readonly port: number }
    | { readonly kind: 'service'; readonly name: string }
  readonly scheme: EndpointScheme
  readonly families: readonly (4 | 6)[]
  readonly minMs: number
  readonly maxMs: number
  readonly refreshMs: number
  readonly jitter: number
  readonly timeoutMs: number
  readonly allowEmpty: boolean
  readonly names: NameService
}

const OWNER = 'dns'
const FAMILIES = { 'A+AAAA': [4, 6], A: [4], AAAA: [6] } as const

/** @throws `ERR_OPTION_INVALID` */
export function dnsSettings(options: DnsOptions): DnsSettings {
  knownOptions(OWNER, options, [
    'host',
    'service',
    'port',
    'scheme',
    'type',
    'minMs',
    'maxMs',
    'refreshMs',
    'jitter',
    'timeoutMs',
    'servers',
    'allowEmpty',
    'resolver',
  ] satisfies (keyof DnsOptions)[])
  const { type = 'A+AAAA', jitter = 0.1, allowEmpty = false } = options
  const scheme = checkScheme(OWNER, options.scheme ?? 'http')
  if (!Object.hasOwn(FAMILIES, type)) throw invalidOption(OWNER, 'type', "'A+AAAA', 'A' or 'AAAA'", type)
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1))
    throw invalidOption(OWNER, 'jitter', 'a number from 0 to 1', jitter)
  if (typeof allowEmpty !== 'boolean') throw invalidOption(OWNER, 'allowEmpty', 'true or false', allowEmpty)
  const minMs = durationMs(OWNER, 'minMs', options.minMs ?? 1_000, { min: 50 })
  return {
    subject: subjectOf(options, scheme),
    scheme,
    families: FAMILIES[type],
    minMs,
    maxMs: durationMs(OWNER, 'maxMs', options.maxMs ?? Math.max(minMs, 300_000), { min: minMs }),
    refreshMs: durationMs(OWNER, 'refreshMs', options.refreshMs ?? 30_000, { min: 50 }),
    jitter,
    timeoutMs: durationMs(OWNER, 'timeoutMs', options.timeoutMs ?? 5_000, { min: 1 }),
    allowEmpty,
    names: namesOf(options),
  }
}

function subjectOf({ host, service, port }: DnsOptions, scheme: EndpointScheme): DnsSettings['subject'] {
  if (service !== undefined) {
    if (!isHostName(service))
      throw invalidOption(OWNER, 'service', 'a name such as "_http._tcp.users"', service)
    if (host !== undefined) throw invalidOption(OWNER, 'host', 'left out where there is a "service"', host)
    if (port !== undefined)
      throw invalidOption(OWNER, 'port', 'left out where there is a "service", which has its own', port)
    return { kind: 'service', name: service }
  }
  if (host === undefined) throw invalidOption(OWNER, 'host', 'given, or "service" in its place', host)
  if (!isHostName(host)) throw invalidOption(OWNER, 'host', 'a name such as "users.example.com"', host)
  const usual = scheme === 'http' ? 80 : scheme === 'https' ? 443 : undefined
  const given = port ?? usual
  if (!isPort(given)) throw invalidOption(OWNER, 'port', 'a port from 1 to 65535', port)
  return { kind: 'host', host, port: given }
}

function namesOf({ resolver, servers }: DnsOptions): NameService {
  if (resolver !== undefined) {
    if (typeof resolver?.addresses !== 'function' || typeof resolver.services !== 'function')
      throw invalidOption(OWNER, 'resolver', 'an object with addresses and services', resolver)
    if (servers !== undefined)
      throw invalidOption(OWNER, 'servers', 'left out where there is a "resolver"', servers)
    return resolver
  }
  if (servers !== undefined && !(Array.isArray(servers) && servers.length > 0))
    throw invalidOption(OWNER, 'servers', 'a list of addresses', servers)
  try {
    return systemNameService(servers)
  } catch {
    throw invalidOption(OWNER, 'servers', 'addresses such as "10.0.0.10" or "10.0.0.10:5353"', servers)
  }
}
