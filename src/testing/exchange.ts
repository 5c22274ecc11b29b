import { Body, type BodyInit } from '../core/body.ts'
import type { Clock } from '../core/clock.ts'
import { toProxyError } from '../core/errors.ts'
import { type Client, Exchange, type Outcome } from '../core/exchange.ts'
import { HeaderList, type HeadersInit, listHasToken } from '../core/headers.ts'
import { type HttpVersion, RequestMessage } from '../core/message.ts'
import type { TlsFacts } from '../core/network.ts'
import { integer, invalidOption, knownOptions } from '../core/options.ts'
import type { Random } from '../core/random.ts'
import { handlersBeside } from '../core/side-call.ts'
import { seededRandom } from './seeded-random.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

export interface ExchangeOptions {
  /** Default `GET`; `POST` when there is a body. */
  readonly method?: string | undefined
  /**
   * `/path?query`, or absolute, which gives scheme and host too. Taken as it stands: a listener would have
   * normalized the path. Default `/`.
   */
  readonly url?: string | undefined
  /** `Host` and the fields that frame the body are added as a client would, unless they are given here. */
  readonly headers?: HeadersInit | undefined
  /** A string (sent as UTF-8), bytes, or chunks that come with time. Default none. */
  readonly body?: BodyInit | undefined
  /** A body of JSON, with its `Content-Type`. Not together with `body`. */
  readonly json?: unknown
  /** The client's address, or what is to be known of it. Default `192.0.2.1`, an address reserved for examples. */
  readonly client?: string | ClientOptions | undefined
  /** Values of the route's `:params`, decoded. Default none: no route was looked up. */
  readonly params?: Readonly<Record<string, string>> | undefined
  /** Name of the route that serves it. */
  readonly route?: string | undefined
  /** Default `1.1`. */
  readonly version?: HttpVersion | undefined
  /** Default `test-exchange`, the same for each: what a test sees must not depend on the tests before it. */
  readonly id?: string | undefined
  /** What `exchange.clock` gives, and what times the exchange. Default: a virtual one, which `run` moves as it must. */
  readonly clock?: Clock | undefined
  /** What `exchange.random` gives. Default: seeded with 1. */
  readonly random?: Random | undefined
}

/** What is to be known of a client. Facts of TLS that are not given are those of a connection with TLS 1.3. */
export type ClientOptions = Partial<Omit<Client, 'tls'>> & { readonly tls?: Partial<TlsFacts> | undefined }

/** An interim (1xx) response that was sent to the client. */
export interface InformationalResponse {
  readonly status: number
  readonly headers: HeaderList
}

/** An exchange without a connection: it records what it is told to send, and ends when the test says so. */
export class TestExchange extends Exchange {
  /** Interim (1xx) responses, in the order they were sent. */
  readonly informational: readonly InformationalResponse[]
  /** @internal Its clock, where the test has given none: whoever runs it may move it. */
  readonly ownClock: VirtualClock | undefined
  #outcome: Outcome | undefined

  /** @internal Use `exchange()`. */
  constructor(
    request: RequestMessage,
    client: Client,
    id: string,
    clock: Clock,
    random: Random,
    ownClock: VirtualClock | undefined,
  ) {
    const informational: InformationalResponse[] = []
    const inform = (_: Exchange, status: number, headers: HeaderList): void => {
      // HTTP/1.0 does not know interim responses (RFC 9110 section 15.2), so the listener drops them.
      if (request.version !== '1.0') informational.push({ status, headers: headers.clone() })
    }
    super(
      request,
      client,
      { clock, random, beside: handlersBeside, inform, makeId: () => id, aborted: () => {}, report: throwIt },
      clock.now(),
    )
    this.informational = informational
    this.ownClock = ownClock
  }

  /** How it ended, once it has. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /**
   * Ends the exchange, as the listener does after the last byte, so that `onComplete` listeners run. What is not
   * given follows from the rest: an `error` makes it `failed` with the error's status, an earlier `abort` makes it
   * `aborted`, else it is `completed` with 200. Ending it again changes nothing.
   *
   * @throws AggregateError of what the listeners threw.
   */
  finish(overrides: Partial<Outcome> = {}): Outcome {
    if (this.#outcome !== undefined) return this.#outcome
    const error = overrides.error ?? this.abortReason
    const result = overrides.result ?? (this.abortReason ? 'aborted' : error ? 'failed' : 'completed')
    const outcome: Outcome = {
      result,
      status: result === 'aborted' ? undefined : error === undefined ? 200 : toProxyError(error).status,
      durationMs: this.clock.now() - this.startedAt,
      bytesSent: 0,
      bytesReceived: this.request.body.length ?? 0,
      ...overrides,
      error,
    }
    this.#outcome = outcome
    const thrown = this.complete(outcome)
    if (thrown.length > 0) throw new AggregateError(thrown, 'onComplete listeners threw')
    return outcome
  }
}

/**
 * Makes an exchange to call a filter, a handler or a balancer with, as a listener would have made it.
 *
 * @example const { calls } = await run(stripPrefix('/api'), exchange({ url: '/api/users', headers: { Accept: 'text/html' } }))
 */
export function exchange(options: ExchangeOptions = {}): TestExchange {
  knownOptions('exchange', options, OPTIONS)
  const { url = '/', version = '1.1', params, route, id = 'test-exchange' } = options
  const ownClock = options.clock === undefined ? virtualClock() : undefined
  const { clock = ownClock ?? virtualClock(), random = seededRandom(1) } = options
  const { scheme, host: urlHost, target } = parsedUrl(url)
  const given = HeaderList.from(options.headers)
  const host = urlHost ?? given.get('host') ?? 'example.com'
  const client = clientOf(options.client, scheme, host)
  const body = bodyOf(options)
  const request = new RequestMessage({
    target,
    rawTarget: url,
    host: host.toLowerCase(),
    scheme: client.scheme,
    version,
    headers: completed(given, host, body, version, options.json !== undefined),
    body,
  })
  request.upgrade = upgradeOf(request.headers)
  request.acceptsTrailers = listHasToken(request.headers.get('te') ?? '', 'trailers')
  request.method = options.method ?? (body.length === 0 ? 'GET' : 'POST')
  const made = new TestExchange(request, client, id, clock, random, ownClock)
  if (params !== undefined) made.params = params
  if (route !== undefined) made.route = { name: route }
  return made
}

const OPTIONS = [
  'method',
  'url',
  'headers',
  'body',
  'json',
  'client',
  'params',
  'route',
  'version',
  'id',
  'clock',
  'random',
] as const satisfies readonly (keyof ExchangeOptions)[]

const ABSOLUTE = /^(https?):\/\/([^/?#\s]+)([/?]?[^#\s]*)$/i
const PATH = /^(?:\/[^#\s]*|\*)$/

interface ParsedUrl {
  readonly scheme: 'http' | 'https'
  readonly host: string | undefined
  readonly target: string
}

function parsedUrl(url: string): ParsedUrl {
  if (typeof url === 'string' && PATH.test(url)) return { scheme: 'http', host: undefined, target: url }
  const found = typeof url === 'string' ? ABSOLUTE.exec(url) : null
  if (found === null) {
    throw invalidOption(
      'exchange',
      'url',
      'a path that begins with "/", or an absolute http or https URL',
      url,
    )
  }
  const scheme = found[1]!.toLowerCase() === 'https' ? 'https' : 'http'
  const rest = found[3]!
  return { scheme, host: found[2]!, target: rest.startsWith('/') ? rest : `/${rest}` }
}

function upgradeOf(headers: HeaderList): string | undefined {
  return listHasToken(headers.get('connection') ?? '', 'upgrade') ? headers.get('upgrade') : undefined
}

function bodyOf({ body, json }: ExchangeOptions): Body {
  if (json === undefined) return Body.from(body)
  if (body !== undefined) throw invalidOption('exchange', 'json', 'absent when "body" is given', json)
  return Body.from(JSON.stringify(json))
}

/** The fields that every client sends: a filter may look at them, so a test without them would prove little. */
function completed(
  given: HeaderList,
  host: string,
  body: Body,
  version: HttpVersion,
  isJson: boolean,
): HeaderList {
  const headers = given.has('host') ? given : HeaderList.from([['Host', host], ...given])
  if (isJson && !headers.has('content-type')) headers.append('Content-Type', 'application/json')
  if (body.length === 0 || headers.has('content-length') || headers.has('transfer-encoding')) return headers
  if (body.length !== undefined) headers.append('Content-Length', String(body.length))
  else if (version === '1.1') headers.append('Transfer-Encoding', 'chunked')
  return headers
}

function clientOf(client: ExchangeOptions['client'], scheme: 'http' | 'https', host: string): Client {
  const given: ClientOptions = typeof client === 'string' ? { address: client } : (client ?? {})
  knownOptions('exchange: client', given, [
    'address',
    'port',
    'peer',
    'peerTrusted',
    'scheme',
    'localAddress',
    'localPort',
    'tls',
    'proxyProtocol',
    'forwarding',
  ])
  const { address = '192.0.2.1', port = 50_000 } = given
  if (typeof address !== 'string' || address === '')
    throw invalidOption('exchange', 'client', 'an address', address)
  const used = given.scheme ?? scheme
  const portInHost = /:(\d+)$/.exec(host)?.[1]
  return {
    address,
    port: integer('exchange', 'client.port', port, { max: 65_535 }),
    peer: given.peer ?? { address, port },
    peerTrusted: given.peerTrusted ?? false,
    scheme: used,
    localAddress: given.localAddress,
    localPort: given.localPort ?? Number(portInHost ?? (used === 'https' ? 443 : 80)),
    tls:
      'tls' in given || used === 'http'
        ? given.tls && tlsOf(given.tls)
        : tlsOf({ servername: host.replace(/:\d+$/, '') }),
    proxyProtocol: given.proxyProtocol,
    forwarding: given.forwarding ?? {
      forwardedFor: undefined,
      forwarded: undefined,
      host: undefined,
      port: undefined,
    },
  }
}

function tlsOf(facts: Partial<TlsFacts>): TlsFacts {
  return {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    alpn: undefined,
    servername: undefined,
    resumed: false,
    clientCertificate: undefined,
    ...facts,
  }
}

/** A listener that throws fails the test that made it throw. */
function throwIt(_: Exchange, thrown: unknown): never {
  throw thrown
}
