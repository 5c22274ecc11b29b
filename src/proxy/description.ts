import type { Companion } from '../core/companion.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Filter } from '../core/handler.ts'
import type { Match } from '../core/match.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { RefusedConnection } from '../core/observer.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { ClientResolver, type TrustedField } from '../transport/client-resolver.ts'
import type { EndpointProtocol } from '../transport/endpoint-protocol.ts'
import { type Http2Options, http2Settings } from '../transport/http2/http2-options.ts'
import { type LimitOptions, limits } from '../transport/limits.ts'
import type { ListenerSettings } from '../transport/listener.ts'
import {
  type ProxyProtocolOptions,
  proxyProtocolSettings,
} from '../transport/proxy-protocol/listen-options.ts'
import type { Target } from '../transport/runtime.ts'
import { type TlsListenOptions, tlsSettings } from '../transport/tls/listen-options.ts'
import type { ConnectEntry } from './connect-handler.ts'

/** Answers in the place of an error. `undefined` leaves it to the default: a problem document (RFC 9457). */
export type ErrorHandler = (
  error: ProxyError,
  exchange: Exchange,
) => ResponseMessage | undefined | Promise<ResponseMessage | undefined>

export interface ListenOptions {
  /** 0 takes a free one. Default 8080. */
  port?: number
  /** Default `127.0.0.1`; `0.0.0.0` or `::` for all addresses of the machine. */
  host?: string
  /**
   * Proxies in front of this one whose forwarding fields are believed: addresses and CIDR ranges, `'loopback'`,
   * `'private'`. Default none: what a client says of itself is replaced.
   */
  trustedProxies?: readonly string[]
  /**
   * The field in which they say whom they speak for. Default `'x-forwarded-for'`. The other one is not believed: a proxy
   * that does not write it passes on what the client sent.
   */
  trustedField?: TrustedField
  /**
   * The PROXY protocol, versions 1 and 2, of proxies in front of this one that carry connections on: each of theirs begins with
   * a header that says who has connected to them. Default none.
   */
  proxyProtocol?: ProxyProtocolOptions
  /** Sizes, times and counts that a client may not exceed. Each has a default: see `LimitOptions`. */
  limits?: LimitOptions
  /** TLS: a certificate with its key, as files or PEM, or several of them by the names of servers. Default none. */
  tls?: TlsListenOptions
  /**
   * HTTP/2, where a client speaks it: over TLS when both agree on it (ALPN), in clear text when it begins with it (prior
   * knowledge). Default `true`; `false` speaks HTTP/1.1 alone.
   */
  http2?: boolean | Http2Options
  /**
   * Told of each connection that never came to a request, and why: for a log. Whoever connects decides how often that is, so
   * write little. A reload with another function is no other listener.
   */
  onConnectionRefused?: (refused: RefusedConnection) => void
}

export interface RouteEntry {
  readonly match: Match
  readonly filters: readonly Filter[]
  readonly target: Target
}

/** What a proxy is, before anything is opened. Never changed, only replaced. */
export interface ProxyDescription {
  /** `tcp` carries connections, of which each is one exchange. */
  readonly protocol: EndpointProtocol
  readonly caseSensitivePaths: boolean
  readonly dangerouslyAllowAmbiguousPaths: boolean
  readonly listeners: readonly ListenerSettings[]
  readonly filters: readonly Filter[]
  readonly routes: readonly RouteEntry[]
  /** What answers CONNECT; `undefined` refuses it. */
  readonly connect: ConnectEntry | undefined
  readonly errorHandler: ErrorHandler | undefined
  /** What goes with it beside exchanges; those of its filters are not among them. */
  readonly companions: readonly Companion[]
}

export const DEFAULT_PORT = 8080

/** What is served where nothing was said: one listener at the default address. */
export function withListener(description: ProxyDescription): ProxyDescription {
  return description.listeners.length > 0
    ? description
    : { ...description, listeners: [listenerSettings({})] }
}

/** Two listeners cannot have one address. */
export function refuseSameAddress(listeners: readonly ListenerSettings[], added: ListenerSettings): void {
  if (added.port !== 0 && listeners.some(({ host, port }) => host === added.host && port === added.port))
    throw invalidOption('listen', 'port', 'different for each listener of a host', added.port)
}

export function listenerSettings(given: number | ListenOptions): ListenerSettings {
  const options = typeof given === 'number' ? { port: given } : given
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('listen', 'port', 'a port number or an object of options', given)
  }
  knownOptions('listen', options, [
    'port',
    'host',
    'trustedProxies',
    'trustedField',
    'proxyProtocol',
    'limits',
    'tls',
    'http2',
    'onConnectionRefused',
  ] satisfies (keyof ListenOptions)[])
  const {
    port = DEFAULT_PORT,
    host = '127.0.0.1',
    trustedProxies = [],
    trustedField = 'x-forwarded-for',
    proxyProtocol,
    limits: limitOptions,
    tls,
    http2 = true,
    onConnectionRefused,
  } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalidOption('listen', 'port', 'a whole number from 0 to 65535', port)
  if (typeof host !== 'string' || host === '')
    throw invalidOption('listen', 'host', 'an address or a host name', host)
  if (!Array.isArray(trustedProxies))
    throw invalidOption(
      'listen',
      'trustedProxies',
      "a list of addresses or CIDR ranges, such as ['loopback', '10.0.0.0/8']",
      trustedProxies,
    )
  if (trustedField !== 'x-forwarded-for' && trustedField !== 'forwarded') {
    throw invalidOption('listen', 'trustedField', '"x-forwarded-for" or "forwarded"', trustedField)
  }
  if (onConnectionRefused !== undefined && typeof onConnectionRefused !== 'function')
    throw invalidOption('listen', 'onConnectionRefused', 'a function', onConnectionRefused)
  return {
    port,
    host,
    protocol: 'http',
    readsHello: false,
    clients: new ClientResolver(trustedProxies, trustedField),
    limits: limits(limitOptions),
    proxyProtocol: proxyProtocol === undefined ? undefined : proxyProtocolSettings(proxyProtocol),
    tls:
      tls === undefined ? undefined : tlsSettings(tls, http2 === false ? ['http/1.1'] : ['h2', 'http/1.1']),
    http2: http2 === false ? undefined : http2Settings(http2 === true ? {} : http2),
    onConnectionRefused,
  }
}
