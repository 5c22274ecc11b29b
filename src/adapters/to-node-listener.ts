import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import { systemClock } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'
import { problemResponse } from '../core/problem.ts'
import { systemRandom } from '../core/random.ts'
import { listenerSettings } from '../proxy/description.ts'
import type { Described, Surroundings } from '../proxy/running-proxy.ts'
import type { TrustedField } from '../transport/client-resolver.ts'
import type { LimitOptions } from '../transport/limits.ts'
import { nodeNetwork } from '../transport/network.ts'
import { NodeGateway } from './node-gateway.ts'

/** Of the limits of a listener those that Node does not have itself, or that come behind what it reads. */
export type NodeListenerLimits = Pick<
  LimitOptions,
  | 'headBytes'
  | 'headers'
  | 'targetBytes'
  | 'bodyBytes'
  | 'bodyIdleMs'
  | 'minBodyBytesPerSecond'
  | 'sendIdleMs'
  | 'drainBytes'
>

const LIMITS = [
  'headBytes',
  'headers',
  'targetBytes',
  'bodyBytes',
  'bodyIdleMs',
  'minBodyBytesPerSecond',
  'sendIdleMs',
  'drainBytes',
] as const satisfies readonly (keyof NodeListenerLimits)[]

export interface NodeListenerOptions {
  /**
   * Proxies in front of this server whose forwarding fields are believed: addresses and CIDR ranges, `'loopback'`,
   * `'private'`. Default none: what a client says of itself is replaced.
   */
  trustedProxies?: readonly string[]
  /** The field in which they say whom they speak for. Default `'x-forwarded-for'`. */
  trustedField?: TrustedField
  /** Sizes, times and counts that a client may not exceed. Defaults as those of a listener; Node's own come first. */
  limits?: NodeListenerLimits
  /** Time, chance and network, where they are not to be the real ones. */
  surroundings?: Partial<Surroundings>
}

/** What a server of Node's calls for a request. */
export type NodeRequestListener = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void

/** A proxy as a listener of a server of Node's. It holds pools, so it is to be closed: by `close`, or `await using`. */
export interface NodeListener extends AsyncDisposable {
  /** Serves a request, for the `request` event. Each is answered; a third argument, as frameworks give it, is not called. */
  (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void
  /**
   * For the `checkContinue` event: the client is asked for its content when something wants that, and not before. Without
   * it, Node asks at once.
   */
  readonly checkContinue: NodeRequestListener
  /** For the `upgrade` event, so that WebSockets get through, and for `connect`. The connection is the proxy's from then on. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * Resolves when all has begun that its filters bring along, such as `metrics()`: at once, where they bring nothing. Until then, requests
   * get 503. Where one of it cannot begin, it rejects, and the proxy is closed.
   */
  readonly started: Promise<void>
  /**
   * Waits until what runs has finished, for `limitMs` (default 10 s) at most, then closes. New requests are served meanwhile;
   * close the server first, or every response says that it is the last of its connection.
   *
   * @throws `ERR_OPTION_INVALID` for a time that is none.
   */
  drain(limitMs?: Duration): Promise<void>
  /** Gives up what runs: what has no response yet is answered 503. Releases everything. Requests that still come get 503. */
  close(): Promise<void>
}

/**
 * Mounts a proxy in a server of Node's: `node:http`, `node:https`, the compatible API of `node:http2`, or a framework on top of
 * them. Its pools run from now on, until `close`. Its own listeners, where it has some, are not opened.
 *
 * A request is read again by the rules of our own listeners. `req.url` is what is routed, so in a framework that cuts off
 * the path at which something is mounted, what is left of it. Fields that other middleware has set, changed or deleted in
 * `req.headers` go on as they are then.
 *
 * Traps: place it before body parsers. A request of which the body was read before is answered 500, and told as
 * `ERR_BODY_TAKEN`, unless the bytes were kept as they came, in `req.rawBody` or `req.body`. Times for the head and between
 * requests are the server's: `headersTimeout`, `keepAliveTimeout`; and `requestTimeout`, by default 300 s, ends longer uploads.
 *
 * @example
 * const listener = toNodeListener(proxy().route('/api', pool(['http://127.0.0.1:3001'])))
 * createServer(listener).on('upgrade', listener.upgrade).listen(8080)
 *
 * @throws `ERR_OPTION_INVALID` for what is no proxy, for one that something is attached to, and for an option that is wrong.
 */
export function toNodeListener(app: Described, options: NodeListenerOptions = {}): NodeListener {
  // Also where no types were checked.
  if (app?.description?.protocol !== 'http') throw invalidOption('toNodeListener', 'app', 'a proxy()', app)
  const [companion] = app.description.companions
  if (companion !== undefined)
    throw invalidOption(
      'toNodeListener',
      'app',
      'without what `attach` adds, such as admin(): that goes with a proxy that is started',
      companion.kind,
    )
  knownOptions('toNodeListener', options, [
    'trustedProxies',
    'trustedField',
    'limits',
    'surroundings',
  ] satisfies (keyof NodeListenerOptions)[])
  const { surroundings, limits: limitOptions = {}, ...trust } = options
  knownOptions('limits', limitOptions, LIMITS)
  const { limits, clients } = listenerSettings({ ...trust, limits: limitOptions })
  const gateway = new NodeGateway(
    app.description,
    { clock: systemClock, random: systemRandom, network: nodeNetwork, ...surroundings },
    limits,
    clients,
  )
  const serve = (request: Request, response: Response, expectsContinue: boolean): void => {
    if (gateway.serves) gateway.serve(request, response, expectsContinue)
    else refuse(response)
  }
  const listener = (request: Request, response: Response): void => serve(request, response, false)
  return Object.assign(listener, {
    started: gateway.started,
    checkContinue: (request: Request, response: Response): void => serve(request, response, true),
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
      gateway.serveConnection(request, socket, head),
    drain: async (limitMs: Duration = 10_000): Promise<void> =>
      gateway.drain(durationMs('drain', 'limitMs', limitMs, { unlimited: true })),
    close: (): Promise<void> => gateway.close(),
    [Symbol.asyncDispose]: (): Promise<void> => gateway.close(),
  })
}

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/** There is no proxy yet, or none any more, that could answer. */
function refuse(response: Response): void {
  const { status, headers, body } = problemResponse(new ProxyError('proxy_closed'))
  response.statusCode = status
  for (const [name, value] of headers) response.setHeader(name, value)
  response.end(body.bytes ?? '')
}
