import { checkLabels, type Labels } from '../core/labels.ts'
import type { ConnectOptions, TlsConnectOptions } from '../core/network.ts'
import { integer, invalidOption, invalidSecret, knownOptions, positiveNumber } from '../core/options.ts'
import type { EndpointProtocol } from '../transport/endpoint-protocol.ts'
import { isHost } from './probe-options.ts'

/** What may stand in a `Host` field that a user gives. */
export const HOST_FIELD: RegExp = /^[\w.:[\]-]+$/

/** An endpoint as the user names it. */
export interface EndpointOptions {
  /**
   * `http://host:port` or `https://host:port`. No path: use the `rewrite` filter for that. Of pools for `tcp()`:
   * `tcp://host:port`, or `tls://host:port` where the connection to the service is encrypted.
   */
  url: string
  /** Its share, against the others'. A positive number, default 1. */
  weight?: number
  /** Where it runs, for `preferZone`, balancers and logs. */
  zone?: string
  /**
   * The tier that it is of, a whole number. 0, the default, serves first; the others take what the tiers before them cannot
   * carry.
   */
  priority?: number
  /** What subsets are made by, such as `{ version: 'v2' }`. */
  labels?: Labels
  /** What it is called in logs and metrics, and hashed by. Default the url. */
  id?: string
  /** Where it is probed, as `host` or `host:port`: an agent that answers for it. Default: what `health` says, or itself. */
  probeAddress?: string
}

/** An endpoint that was checked. */
export interface EndpointSpec {
  readonly id: string
  readonly url: string
  readonly protocol: EndpointProtocol
  readonly weight: number
  readonly zone: string | undefined
  readonly priority: number
  readonly labels: Labels
  /** The weight of all that it stands for, against its own: more than 1 where an aperture leaves others of its kind out. */
  readonly standsFor: number
  /** Host and port, as a `Host` field has them. */
  readonly authority: string
  readonly connect: ConnectOptions
  /** Where it is probed, as far as that was said. */
  readonly probe: { readonly host: string; readonly port: number | undefined } | undefined
}

/**
 * Checks a list of endpoints.
 * @throws `ERR_OPTION_INVALID`
 */
export function endpointSpecs(
  given: readonly (string | EndpointOptions)[],
  tls: TlsConnectOptions,
  protocol?: EndpointProtocol,
): EndpointSpec[] {
  if (!Array.isArray(given)) throw invalidOption('pool', 'endpoints', 'a list of addresses', given)
  const specs = given.map((one) => endpointSpec(one, tls))
  const ids = new Set<string>()
  const expected = protocol ?? specs[0]?.protocol
  for (const { id, url, protocol: spoken } of specs) {
    if (spoken !== expected)
      throw invalidOption(
        'pool',
        'url',
        expected === 'tcp' ? 'one of tcp: or tls:, as tcp() needs it' : 'one of http: or https:',
        url,
      )
    if (ids.has(id))
      throw invalidOption(
        'pool',
        'id',
        'different for each endpoint (give a weight instead of a second entry)',
        id,
      )
    ids.add(id)
  }
  return specs
}

function endpointSpec(given: string | EndpointOptions, tls: TlsConnectOptions): EndpointSpec {
  const options = typeof given === 'string' ? { url: given } : given
  if (typeof options !== 'object' || options === null || Array.isArray(options) || options instanceof URL)
    throw invalidOption('pool', 'endpoints', 'a list of addresses, each a text or { url, ... }', given)
  knownOptions('pool', options, ['url', 'weight', 'zone', 'priority', 'labels', 'id', 'probeAddress'])
  const { url, weight = 1, zone, priority = 0, labels = {}, id, probeAddress } = options
  const { parsed, protocol } = parsedUrl(url)
  if (parsed.username !== '' || parsed.password !== '') {
    throw invalidSecret(
      'pool',
      'url',
      'an address without user and password (set an Authorization header in a filter)',
      url,
    )
  }
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '') {
    throw invalidOption(
      'pool',
      'url',
      'an address without path and query (the rewrite filter changes paths)',
      url,
    )
  }
  if (zone !== undefined && typeof zone !== 'string') throw invalidOption('pool', 'zone', 'a string', zone)
  if (id !== undefined && (typeof id !== 'string' || id === ''))
    throw invalidOption('pool', 'id', 'a string that is not empty', id)
  const secure = parsed.protocol === 'https:'
  const shown = protocol === 'http' ? parsed.origin : `${secure ? 'tls' : 'tcp'}://${withPort(parsed)}`
  // In a url, an IPv6 address stands in brackets.
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  const port = parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port)
  return {
    id: id ?? shown,
    url: shown,
    protocol,
    weight: positiveNumber('pool', 'weight', weight),
    zone,
    priority: integer('pool', 'priority', priority),
    labels: checkLabels('pool', labels),
    standsFor: 1,
    authority: parsed.host,
    connect: { host, port, tls: secure ? tlsOf(tls, host, protocol) : undefined },
    probe: probeAddress === undefined ? undefined : probePlace(probeAddress),
  }
}

/** What is offered to an `https:` endpoint is up to the versions of HTTP that its pool speaks. */
function tlsOf(tls: TlsConnectOptions, host: string, protocol: EndpointProtocol): TlsConnectOptions {
  const { alpn = [], ...others } = tls
  const servername = tls.servername ?? host
  return protocol === 'tcp' ? { ...others, servername, alpn } : { ...others, servername }
}

/** An address as that of HTTP with the same host and port: of these, the parser knows how hosts are written. */
function parsedUrl(url: unknown): { readonly parsed: URL; readonly protocol: EndpointProtocol } {
  const text = typeof url === 'string' ? url : ''
  const [, scheme, rest = ''] = /^(tcp|tls):\/\/(.*)$/s.exec(text) ?? []
  const parsed = URL.parse(scheme === undefined ? text : `${scheme === 'tls' ? 'https' : 'http'}://${rest}`)
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.hostname === '')
    throw invalidOption(
      'pool',
      'url',
      'an address such as "http://10.0.0.1:8080" or "tcp://10.0.0.1:5432"',
      url,
    )
  if (scheme !== undefined && !/:\d+\/?$/.test(rest))
    throw invalidOption('pool', 'url', 'an address with a port, such as "tcp://10.0.0.1:5432"', url)
  return { parsed, protocol: scheme === undefined ? 'http' : 'tcp' }
}

function withPort({ host, port, protocol }: URL): string {
  return port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host
}

function probePlace(value: string): EndpointSpec['probe'] {
  const [, bracketed, bare, digits] =
    /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(typeof value === 'string' ? value : '') ?? []
  const host = bracketed ?? bare
  const port = digits === undefined ? undefined : Number(digits)
  if (host !== undefined && isHost(host) && (port === undefined || (port > 0 && port <= 65_535)))
    return { host, port }
  throw invalidOption(
    'pool',
    'probeAddress',
    'a host, with a port where one is needed, such as "agent-1:9000"',
    value,
  )
}
