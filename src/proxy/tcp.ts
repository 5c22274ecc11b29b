import { isIP } from 'node:net'
import type { Companion } from '../core/companion.ts'
import { assertFilter, type Filter } from '../core/handler.ts'
import { all, type MatchPredicate } from '../core/match.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import type { Pool } from '../pool/pool.ts'
import { isCompilable } from '../transport/runtime.ts'
import { SERVER_NAME } from '../transport/tls/server-names.ts'
import { isAlpnProtocol } from '../transport/tls-options.ts'
import { withCompanions } from './companions.ts'
import { routerOf } from './compiled-proxy.ts'
import { type ProxyDescription, refuseSameAddress } from './description.ts'
import { refuseEndpointsOf } from './endpoint-protocols.ts'
import { listRoutes, type RouteDescription } from './route-listing.ts'
import type { Described, RunningProxy } from './running-proxy.ts'
import { type StartOptions, start } from './start.ts'
import { type TcpListenOptions, tcpListenerSettings } from './tcp-listen-options.ts'

/** The description of a proxy that carries connections, whatever is spoken on them. Each method returns a new one. */
export interface TcpProxy extends Described {
  /**
   * Adds a listener. On 127.0.0.1 unless `host` says another address; port 0 takes a free one.
   * @throws `ERR_OPTION_INVALID`
   */
  listen(at: number | TcpListenOptions): TcpProxy
  /**
   * Adds filters around each connection, outermost first. A connection is one exchange: a filter sees its client, and
   * `exchange.onComplete` tells how it ended and how many bytes went each way. A filter that throws, or answers, closes it.
   *
   * @example
   * tcp().use((exchange, next) => {
   *   exchange.onComplete(({ result, bytesSent }) => console.log(exchange.client.address, result, bytesSent))
   *   return next(exchange)
   * })
   *
   * @throws `ERR_OPTION_INVALID`
   */
  use(...filters: Filter[]): TcpProxy
  /**
   * Sends connections to a pool of `tcp:` or `tls:` endpoints: each to the one that the pool's balancer picks, and for as long
   * as it lasts. One that cannot be made is made to another endpoint, up to three in all unless `pool.retry` says otherwise.
   *
   * @example tcp().listen(5432).to(pool(['tcp://db1:5432', 'tcp://db2:5432']).leastConnections())
   *
   * @throws `ERR_OPTION_INVALID` for what is no such pool, and where there is one already.
   */
  to(pool: Pool): TcpProxy
  /**
   * Sends connections to pools by the server name that clients ask for in TLS (SNI): `db.example.com`, or `*.example.com` for
   * all names below; the most specific one counts. On a listener without `tls`, TLS goes on to the service as it is, and only
   * its begin is read, of which nothing is secret; with `tls` it ends here. What asks for another name, or none, goes to the
   * pool of `to`; without one, its connection is closed, with `route_not_found`. What is no TLS is refused: `client_hello`.
   *
   * With `alpn`, only clients that offer one of these protocols are meant. Earlier calls go before later ones.
   *
   * Trap: a client that encrypts the name that it asks for (ECH) is sent by the one that it shows, which is another.
   *
   * @example tcp().listen(443).sni({ 'db.example.com': databases, '*.example.com': web }).to(others)
   *
   * @throws `ERR_OPTION_INVALID` for a name that is none, and for what is no pool of `tcp:` or `tls:` endpoints.
   */
  sni(names: Readonly<Record<string, Pool>>, options?: SniOptions): TcpProxy
  /**
   * Adds what goes with the proxy beside its exchanges, such as `admin()`: it begins before the listeners open, and ends
   * behind everything else. A reload that brings another one of its kind has that go on with what there was.
   *
   * @throws `ERR_OPTION_INVALID` for what is none.
   */
  attach(...companions: Companion[]): TcpProxy
  /**
   * Opens the listeners.
   * @throws `ERR_OPTION_INVALID` where there is no listener, or nothing to send connections to.
   */
  start(options?: StartOptions): Promise<RunningProxy>
  /** What connections are sent to, and the filters around them. */
  readonly routes: readonly RouteDescription[]
}

/** Which clients a table of server names is for. */
export interface SniOptions {
  /** Those that offer one of these protocols (ALPN), such as `'h2'` or `'postgresql'`. Default all. */
  alpn?: string | readonly string[]
}

/**
 * Begins the description of a proxy for TCP: whatever is spoken, bytes are passed on as they are. It has the pools of
 * `proxy()`, with their balancers, probes, ejection and limits; an endpoint's `inFlight` is the connections that it has.
 *
 * @example
 * await tcp().listen(5432).to(pool(['tcp://db1:5432', 'tcp://db2:5432']).leastConnections()).start()
 */
export function tcp(): TcpProxy {
  return new DescribedTcp({
    protocol: 'tcp',
    caseSensitivePaths: true,
    dangerouslyAllowAmbiguousPaths: false,
    listeners: [],
    filters: [],
    routes: [],
    connect: undefined,
    errorHandler: undefined,
    companions: [],
  })
}

/** Every connection. Its exchange has no path but `/`. */
const EVERYTHING = '/'

function alpnMatch(options: SniOptions): MatchPredicate | undefined {
  knownOptions('sni', options, ['alpn'] satisfies (keyof SniOptions)[])
  if (options.alpn === undefined) return undefined
  const wanted: readonly unknown[] = Array.isArray(options.alpn) ? options.alpn : [options.alpn]
  if (wanted.length === 0 || !wanted.every(isAlpnProtocol))
    throw invalidOption('sni', 'alpn', "a protocol or several, such as 'h2'", options.alpn)
  return function alpn(_request, { clientHello, tls }) {
    const offered = clientHello?.alpn ?? (tls?.alpn === undefined ? [] : [tls.alpn])
    return offered.some((it) => wanted.includes(it))
  }
}

class DescribedTcp implements TcpProxy {
  readonly description: ProxyDescription

  constructor(description: ProxyDescription) {
    const { listeners, routes } = description
    const byName = routes.some(({ match }) => match !== EVERYTHING)
    this.description = {
      ...description,
      listeners: listeners.map((it) => ({ ...it, readsHello: byName })),
    }
  }

  listen(at: number | TcpListenOptions): TcpProxy {
    const { listeners } = this.description
    const added = tcpListenerSettings(at)
    refuseSameAddress(listeners, added)
    return this.#with({ listeners: [...listeners, added] })
  }

  use(...filters: Filter[]): TcpProxy {
    for (const filter of filters) assertFilter('use', filter)
    return this.#with({ filters: [...this.description.filters, ...filters] })
  }

  to(pool: Pool): TcpProxy {
    const { routes } = this.description
    if (!isCompilable(pool)) throw invalidOption('to', 'pool', 'a pool of tcp: or tls: endpoints', pool)
    refuseEndpointsOf('http', 'to', 'pool', pool)
    if (routes.some(({ match }) => match === EVERYTHING))
      throw invalidOption('to', 'pool', 'the only one of its kind', pool)
    return this.#with({ routes: [...routes, { match: EVERYTHING, filters: [], target: pool }] })
  }

  sni(names: Readonly<Record<string, Pool>>, options: SniOptions = {}): TcpProxy {
    if (typeof names !== 'object' || names === null || Object.keys(names).length === 0)
      throw invalidOption(
        'sni',
        'names',
        "server names with their pools, such as { 'a.example': pool }",
        names,
      )
    const offers = alpnMatch(options)
    const added = Object.entries(names).map(([name, target]) => {
      // No client asks for an address in SNI (RFC 6066 section 3).
      if (!SERVER_NAME.test(name.replace(/\.$/, '')) || isIP(name) !== 0)
        throw invalidOption(
          'sni',
          'names',
          'server names such as "a.example" or "*.example", without a port and no addresses (names in punycode; "to" takes the rest)',
          name,
        )
      if (!isCompilable(target)) throw invalidOption('sni', name, 'a pool of tcp: or tls: endpoints', target)
      refuseEndpointsOf('http', 'sni', name, target)
      const match = offers === undefined ? { host: name } : all({ host: name }, offers)
      return { match, filters: [], target }
    })
    const next = this.#with({ routes: [...this.description.routes, ...added] })
    // A name that cannot be reached is found here, at the call that adds the second one of them.
    routerOf(next.description, () => undefined)
    return next
  }

  attach(...companions: Companion[]): TcpProxy {
    return this.#with({ companions: withCompanions('attach', this.description.companions, companions) })
  }

  async start(options: StartOptions = {}): Promise<RunningProxy> {
    const { listeners, routes } = this.description
    if (listeners.length === 0) throw invalidOption('start', 'listen', 'called before', listeners)
    if (routes.length === 0) throw invalidOption('start', 'to', 'called before', routes)
    return start(this.description, options)
  }

  get routes(): readonly RouteDescription[] {
    return listRoutes(this.description)
  }

  #with(change: Partial<ProxyDescription>): DescribedTcp {
    return new DescribedTcp({ ...this.description, ...change })
  }
}
