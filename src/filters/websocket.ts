import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, type Handler, named } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { isWebSocket, offersWebSocket } from '../core/upgrade.ts'
import { Agreement, offeredCompression } from './websocket/compression.ts'
import type { OnMessage, RelaySettings } from './websocket/message-relay.ts'
import { MessageTunnel } from './websocket/message-tunnel.ts'
import { type WsParts, wsParts } from './websocket/ws-parts.ts'

export interface WebSocketOptions {
  /**
   * Is shown every message, of both sides, before it goes on; messages of one side one after the other. Returns nothing to
   * pass it on, another message to pass on in its place, or `false` to drop it. Default: all go on.
   */
  onMessage?: OnMessage
  /** The largest message, also once it is expanded; it is closed with 1009 for a larger one. At most 1 GiB. Default 1 MiB. */
  maxMessageBytes?: Size
  /**
   * Messages of one side that may wait for `onMessage` or for the other side, as long as they weigh no more than
   * `maxMessageBytes` together. At the limit, nothing more is read. Default 16.
   */
  maxQueued?: number
  /** Whether client and service may agree on compression (`permessage-deflate`). Default `true`. */
  compression?: boolean
  /** A side that has sent nothing for so long is sent a ping. Default: none is. */
  pingMs?: Duration
  /** How long nothing may come after a ping before both sides are closed. Only with `pingMs`. Default 20 s. */
  pingTimeoutMs?: Duration
}

const OWNER = 'websocket'
const OPTIONS: readonly string[] = [
  'onMessage',
  'maxMessageBytes',
  'maxQueued',
  'compression',
  'pingMs',
  'pingTimeoutMs',
] satisfies (keyof WebSocketOptions)[]
const MAX_MESSAGE_BYTES = 2 ** 30

/**
 * Shows each message of a WebSocket to a function, finds dead connections, and says goodbye when the proxy drains.
 *
 * The function may change a message, drop it or answer it. A drain closes with 1001. All other exchanges go through as they
 * are.
 *
 * Without it, a WebSocket is a tunnel of bytes. With it, frames are read and written anew: fragments are put together,
 * compression is undone and done again on each side, and what is no valid frame is refused.
 *
 * @example
 * websocket({ onMessage: (message, { from }) => (from === 'client' && message === 'ping' ? false : undefined) })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function websocket(options: WebSocketOptions = {}): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const { onMessage, compression = true } = options
  if (onMessage !== undefined && typeof onMessage !== 'function')
    throw invalidOption(OWNER, 'onMessage', 'a function (message, context)', onMessage)
  if (typeof compression !== 'boolean')
    throw invalidOption(OWNER, 'compression', 'true or false', compression)
  if (options.pingTimeoutMs !== undefined && options.pingMs === undefined)
    throw invalidOption(
      OWNER,
      'pingTimeoutMs',
      'left out, or given together with pingMs',
      options.pingTimeoutMs,
    )
  const settings: RelaySettings = {
    onMessage,
    maxMessageBytes: sizeBytes(OWNER, 'maxMessageBytes', options.maxMessageBytes ?? '1mb', {
      min: 1,
      max: MAX_MESSAGE_BYTES,
    }),
    maxQueued: integer(OWNER, 'maxQueued', options.maxQueued ?? 16, { min: 1 }),
    pingMs: durationMs(OWNER, 'pingMs', options.pingMs ?? Number.POSITIVE_INFINITY, {
      min: 1,
      unlimited: true,
    }),
    pingTimeoutMs: durationMs(OWNER, 'pingTimeoutMs', options.pingTimeoutMs ?? '20s', { min: 1 }),
  }
  const ws = wsParts()
  const filter: Filter = (exchange, next) =>
    offersWebSocket(exchange.request.upgrade)
      ? open(ws, settings, compression, exchange, next)
      : next(exchange)
  return named(filter, OWNER)
}

async function open(
  ws: WsParts,
  settings: RelaySettings,
  compression: boolean,
  exchange: Exchange,
  next: Handler,
): Promise<ResponseMessage> {
  const { request } = exchange
  const offered = offeredCompression(ws, request.headers.get(EXTENSIONS))
  const asked = compression ? offered : undefined
  if (asked === undefined) request.headers.delete(EXTENSIONS)
  else request.headers.set(EXTENSIONS, asked)
  // Switching to another protocol would be a way past this filter.
  request.upgrade = OWNER
  const response = await next(exchange)
  const { tunnel } = response
  if (tunnel === undefined) return response
  try {
    if (!isWebSocket(tunnel.protocol))
      throw new ProxyError('upstream_upgrade_failed', { detail: 'another protocol than WebSocket' })
    const agreement = new Agreement(ws, response.headers.get(EXTENSIONS), asked)
    response.tunnel = new MessageTunnel(tunnel, ws, agreement, settings, exchange)
  } catch (thrown) {
    tunnel.abort()
    throw thrown
  }
  return response
}

const EXTENSIONS = 'Sec-WebSocket-Extensions'
