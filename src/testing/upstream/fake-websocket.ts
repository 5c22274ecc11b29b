import { invalidOption, knownOptions } from '../../core/options.ts'
import { WebSocketEnd, type WebSocketMessage } from '../websocket/websocket-end.ts'
import type { WebSocketFrame } from '../websocket/websocket-frames.ts'
import { webSocketAccept } from '../websocket/websocket-key.ts'
import type { FakeReply, FakeTunnel, TunnelPeer } from './fake-reply.ts'
import type { FakeRequest } from './fake-request.ts'

/** A service's end of a WebSocket. */
export interface WebSocketPeer {
  /** The request by which it was asked for. */
  readonly request: FakeRequest
  /** Sends a message: a string as text, bytes as bytes. */
  send(message: string | Uint8Array): void
  /** Sends a frame as it is, also one that makes no sense. */
  frame(frame: WebSocketFrame): void
  /** Sends a Close frame; without a code, an empty one. */
  close(code?: number, reason?: string): void
  /** Ends the connection without a word. */
  end(): void
  /** Resets the connection; by HTTP/2, the stream. */
  reset(): void
}

/** What a service does with a WebSocket. Pings and Close frames are answered by themselves. */
export interface FakeWebSocket {
  /** It is open. */
  readonly open?: ((peer: WebSocketPeer) => void) | undefined
  /** A message is whole. Without this it is sent back. */
  readonly message?: ((message: WebSocketMessage, peer: WebSocketPeer) => void) | undefined
  /** It is over. The code is 1006 where the other side said none. */
  readonly closed?: ((code: number, reason: string, peer: WebSocketPeer) => void) | undefined
  /** The subprotocol that is agreed on (`Sec-WebSocket-Protocol`). Default none. */
  readonly protocol?: string | undefined
}

/** @internal @throws `ERR_OPTION_INVALID` */
export function checkedWebSocket(given: FakeWebSocket | FakeWebSocket['message']): FakeWebSocket {
  const owner = 'fakeUpstream.websocket'
  if (given === undefined) return {}
  if (typeof given === 'function') return { message: given }
  if (typeof given !== 'object' || given === null)
    throw invalidOption(owner, 'handler', 'a function for messages, or { open, message, closed }', given)
  knownOptions(owner, given, ['open', 'message', 'closed', 'protocol'])
  return given
}

/** @internal Agrees to a WebSocket, if that is what is asked for. */
export function webSocketReply(request: FakeRequest, socket: FakeWebSocket): FakeReply {
  const protocol = socket.protocol === undefined ? [] : [['Sec-WebSocket-Protocol', socket.protocol] as const]
  // RFC 8441: it is asked for by CONNECT.
  if (request.header(':protocol') === 'websocket')
    return { status: 200, headers: protocol, tunnel: webSocketTunnel(request, socket) }
  if (request.stream !== undefined) return { status: 426, body: 'this is a WebSocket' }
  const key = request.header('sec-websocket-key')
  if (!/^websocket$/i.test(request.header('upgrade') ?? '') || key === undefined)
    return {
      status: 426,
      headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
      body: 'this is a WebSocket',
    }
  return {
    status: 101,
    reason: 'Switching Protocols',
    headers: [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', webSocketAccept(key)],
      ...protocol,
    ],
    tunnel: webSocketTunnel(request, socket),
  }
}

function webSocketTunnel(request: FakeRequest, { open, message, closed }: FakeWebSocket): FakeTunnel {
  let end: WebSocketEnd | undefined
  return {
    open(tunnel: TunnelPeer) {
      const made = new WebSocketEnd({
        side: 'server',
        write: (bytes) => tunnel.write(bytes),
        end: () => tunnel.end(),
        onMessage: (given) => (message === undefined ? peer.send(given) : message(given, peer)),
        onClose: ({ code, reason }) => closed?.(code, reason, peer),
      })
      const peer: WebSocketPeer = {
        request,
        send: (given) => made.send(given),
        frame: (given) => made.frame(given),
        close: (code, reason = '') => made.close(code, reason),
        end: () => tunnel.end(),
        reset: () => tunnel.reset(),
      }
      end = made
      open?.(peer)
    },
    data: (bytes) => end?.read(bytes),
    end(tunnel) {
      end?.ended()
      tunnel.end()
    },
  }
}
