import type { TLSSocket } from 'node:tls'
import { Body } from '../core/body.ts'
import { Deadline } from '../core/clock.ts'
import { errorAnswer } from '../core/error-answer.ts'
import { ProxyError, toProxyError } from '../core/errors.ts'
import type { HeaderList } from '../core/headers.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { Address } from '../core/network.ts'
import { problemResponse } from '../core/problem.ts'
import { announcedLength, type Framing, outgoingResponseFraming } from '../transport/framing.ts'
import { WHOLE_BELOW } from '../transport/http1/body-writer.ts'
import type { RequestHead } from '../transport/http1/request-head.ts'
import { requestOfHead, servedTarget } from '../transport/http1/request-of-head.ts'
import { requestError } from '../transport/http1/server-connection.ts'
import { SyntaxFault } from '../transport/http1/syntax.ts'
import type { ListenerContext, ServedConnection } from '../transport/listener-context.ts'
import { resetSocket } from '../transport/reset-socket.ts'
import { dropResponse, type ResponseChannel, Serving } from '../transport/serving.ts'
import { clientTlsFacts } from '../transport/tls/client-facts.ts'
import { informNode } from './node-inform.ts'
import { NodeRequestBody, type NodeRequestBodyOwner, takenBody } from './node-request-body.ts'
import { isHttp2, type NodeRequest, nodeRequestHead } from './node-request-head.ts'
import {
  isHttp2Response,
  type NodeHead,
  type NodeResponse,
  NodeResponseWriter,
  type NodeResponseWriterOwner,
} from './node-response-writer.ts'
import { onSocketClose } from './socket-close.ts'

/** A request that a server of Node's has given us, and the response to it. */
export class NodeExchange
  implements ResponseChannel, ServedConnection, NodeRequestBodyOwner, NodeResponseWriterOwner
{
  readonly #request: NodeRequest
  readonly #response: NodeResponse
  readonly #context: ListenerContext
  readonly #serving: Serving
  readonly #writer: NodeResponseWriter
  readonly #deadline: Deadline
  #unwatch: (() => void) | undefined
  #head: RequestHead | undefined
  #body: NodeRequestBody | undefined
  /** The client waits for our word before it sends. */
  #continuePending: boolean
  #framing: Framing = 'none'
  /** All of the response was given to Node. */
  #answered = false
  #closing = false
  #over = false
  /** Bytes of the body at the last look at its progress, and how long we have held it back since. */
  #progress = 0
  #heldBackMs = 0
  #pausedAt: number | undefined

  constructor(
    request: NodeRequest,
    response: NodeResponse,
    context: ListenerContext,
    continuePending: boolean,
  ) {
    this.#request = request
    this.#response = response
    this.#context = context
    this.#continuePending = continuePending
    this.#serving = new Serving(this, context)
    this.#writer = new NodeResponseWriter(response, this)
    this.#deadline = new Deadline(context.clock, () => this.#expired())
  }

  /** Has the request served. */
  begin(): void {
    const request = this.#request
    const response = this.#response
    // Why either has failed is told by its end; without a listener it would end the process.
    request.on('error', () => {})
    response.on('error', () => {})
    response.on('finish', () => this.#finished())
    if (isHttp2Response(response)) response.on('close', () => this.#lost())
    // A response that waits behind another one is told nothing when the connection closes.
    else this.#unwatch = onSocketClose(request.socket, () => this.#lost())
    if (request.socket.destroyed || response.destroyed) {
      this.#over = true
      this.#release()
      return
    }
    try {
      this.#serve()
    } catch (thrown) {
      this.#reject(thrown instanceof SyntaxFault ? requestError(thrown) : toProxyError(thrown))
    }
  }

  #serve(): void {
    const { limits, snapshot, clients } = this.#context
    const request = this.#request
    const head = nodeRequestHead(request, limits)
    this.#head = head
    const hasBody = isHttp2(request)
      ? !request.stream.endAfterHeaders
      : head.chunked || head.contentLength > 0
    const target = servedTarget(head, hasBody, snapshot.connects)
    // Node has an event of its own for it, and no tunnel here.
    if (head.method === 'CONNECT') throw new ProxyError('method_not_implemented')
    let content: Body | undefined
    if (hasBody) {
      const length = head.contentLength >= 0 ? head.contentLength : undefined
      if (length !== undefined && length > limits.bodyBytes) throw new ProxyError('request_body_too_large')
      const taken = takenBody(request, length)
      if (taken instanceof ProxyError) throw taken
      if (taken === undefined) {
        this.#body = new NodeRequestBody(request, length, this, limits)
        content = new Body(this.#body)
      } else content = Body.from(taken)
    }
    const { socket } = request
    const tls = isTls(socket) ? clientTlsFacts(socket, socket.getPeerX509Certificate()) : undefined
    const connection = clients.ofConnection({
      remote: addressOf(socket.remoteAddress, socket.remotePort),
      local: addressOf(socket.localAddress, socket.localPort),
      tls,
    })
    const client = clients.ofRequest(connection, head.headers)
    this.#serving.begin(
      requestOfHead(head, target, client, content, isHttp2(request) ? '2' : undefined),
      client,
    )
  }

  // Where the response goes.

  get sending(): boolean {
    return this.#writer.active
  }

  send(response: ResponseMessage): void {
    const head = this.#head!
    const { body, status, headers } = response
    if (this.#response.headersSent) {
      this.writingFailed(
        new ProxyError('internal_error', { cause: new Error('other middleware has begun a response') }),
      )
      return
    }
    const framing = outgoingResponseFraming(status, head.method, body.length, head.minor)
    this.#framing = framing
    const written: NodeHead = {
      status,
      reason: response.reason,
      headers,
      framing,
      length: lengthField(response, framing, head.method),
      close: !isHttp2(this.#request) && (this.#context.draining || this.#mustCloseAfter()),
    }
    if (framing === 'none') {
      body.discard()
      this.#writer.writeWhole(written, NO_BYTES)
      return
    }
    const { bytes } = body
    if (bytes !== undefined && bytes.byteLength <= WHOLE_BELOW) this.#writer.writeWhole(written, bytes)
    else this.#writer.start(written, body.take())
  }

  /** Whether what the client has yet to send is more than we are willing to read and drop. */
  #mustCloseAfter(): boolean {
    const body = this.#body
    if (body === undefined || body.wanted) return false
    return (
      this.#continuePending ||
      body.stuck ||
      (body.length ?? 0) - body.received > this.#context.limits.drainBytes
    )
  }

  join(): never {
    throw new TypeError('nothing was asked for here that a tunnel follows: see upgrade of toNodeListener')
  }

  inform(status: number, headers: HeaderList): void {
    if (this.#head?.minor !== 1 || this.#writer.blocked || this.#over) return
    try {
      informNode(this.#response, status, headers)
    } catch (thrown) {
      this.#serving.report(this.#serving.exchange, thrown)
    }
  }

  broke(thrown: unknown): void {
    this.#writer.cancel(toProxyError(thrown))
    this.writingFailed(thrown)
  }

  cut(reason: ProxyError): void {
    this.#writer.cancel(reason)
    this.writingFailed(reason)
  }

  givenUp(): void {}

  breakOff(reason: ProxyError): void {
    const response = this.#response
    this.#abandon(reason, 'failed')
    if (isHttp2Response(response)) response.stream.destroy(new Error('the exchange was reset'))
    else resetSocket(this.#request.socket)
  }

  handlerEnded(): void {}

  // The writer's side.

  written(): void {
    this.#answered = true
    // The last bytes have yet to be taken by the client.
    if (!this.#response.writableFinished) this.#deadline.arm(this.#context.limits.sendIdleMs)
  }

  writingFailed(thrown: unknown): void {
    const error = toProxyError(thrown)
    const serving = this.#serving
    if (!this.#response.headersSent && !this.#over) {
      serving.fail(error)
      return
    }
    if (error.code === 'internal_error') serving.report(serving.exchange, error)
    this.#abandon(error, 'failed')
    this.#breakOff()
  }

  onBlocked(blocked: boolean): void {
    if (blocked) this.#deadline.arm(this.#context.limits.sendIdleMs)
    else if (this.#body?.wanted === true) this.#watchBody()
    else this.#deadline.disarm()
  }

  // The request body's side.

  bodyOpened(): void {
    if (this.#continuePending) {
      this.#continuePending = false
      if (this.#serving.response === undefined) this.#response.writeContinue()
    }
    if (!this.#writer.blocked && !this.#answered) this.#watchBody()
  }

  bodyPaused(): void {
    this.#pausedAt = this.#context.clock.now()
  }

  bodyResumed(): void {
    this.#heldBackMs += this.#pausedMs()
    this.#pausedAt = undefined
  }

  #pausedMs(): number {
    return this.#pausedAt === undefined ? 0 : this.#context.clock.now() - this.#pausedAt
  }

  bodyTooLarge(): void {
    this.#reject(new ProxyError('request_body_too_large'))
  }

  bodyUnwanted(): void {
    if (!this.#over) return
    if (isHttp2Response(this.#response)) this.#response.stream.close()
    else this.#request.destroy()
  }

  /** A body must come at a minimum rate, as at a listener of our own. */
  #watchBody(): void {
    this.#heldBackMs = 0
    if (this.#pausedAt !== undefined) this.#pausedAt = this.#context.clock.now()
    this.#progress = this.#body?.received ?? 0
    this.#deadline.arm(this.#serving.bodyIdleMs)
  }

  // Ends.

  #expired(): void {
    if (this.#closing) {
      this.#abandon(new ProxyError('proxy_closed'), 'failed')
      this.#breakOff()
    } else if (this.#answered || this.#writer.blocked) {
      this.#abandon(new ProxyError('client_stalled'), 'aborted')
      this.#breakOff()
    } else this.#checkProgress()
  }

  #checkProgress(): void {
    const body = this.#body
    if (body?.wanted !== true) return
    const { bodyIdleMs, minBodyBytesPerSecond } = this.#serving
    // While we have held it back, the client could not be faster.
    const ownMs = bodyIdleMs - this.#heldBackMs - this.#pausedMs()
    const least = Math.max(1, (minBodyBytesPerSecond * ownMs) / 1000)
    if (ownMs < bodyIdleMs * LEAST_OWN_SHARE || body.received - this.#progress >= least) this.#watchBody()
    else this.#reject(new ProxyError('request_body_timeout'))
  }

  /** Something is wrong with the request: answers with an error, outside of any filter, if nothing was answered yet. */
  #reject(error: ProxyError): void {
    const serving = this.#serving
    if (error.code === 'internal_error') serving.report(serving.exchange, error)
    if (serving.response !== undefined) {
      this.#abandon(error, 'failed')
      this.#breakOff()
      return
    }
    this.#deadline.disarm()
    const exchange = serving.abandon(error)
    if (exchange === undefined) this.#context.snapshot.refused(error, remoteOf(this.#request))
    this.#body?.fail(error)
    const answer = exchange === undefined ? problemResponse(error) : errorAnswer(error, exchange)
    this.#head ??= unreadHead(this.#request)
    serving.answered(answer)
    this.send(answer)
    if (exchange !== undefined)
      serving.complete(exchange, 'completed', error, this.#writer.bytes, this.#body?.received ?? 0)
    serving.clear()
  }

  /** Everything was taken by the system. */
  #finished(): void {
    if (this.#over) return
    this.#over = true
    this.#deadline.close()
    const serving = this.#serving
    const { exchange } = serving
    if (exchange !== undefined) {
      const received = this.#body?.received ?? exchange.request.body.length ?? 0
      serving.complete(exchange, 'completed', serving.error, this.#writer.bytes, received)
    }
    serving.clear()
    this.#body?.fail(
      new ProxyError('exchange_aborted', { detail: 'the response was finished before the request' }),
    )
    this.#body?.dropRest()
    if (this.#body?.stuck === true) this.bodyUnwanted()
    this.#release()
  }

  /** The connection or the stream is closed. */
  #lost(): void {
    if (this.#over) return
    if (this.#response.writableFinished) this.#finished()
    else this.#abandon(new ProxyError('client_aborted'), 'aborted')
  }

  /** Nobody is there any more to answer: everything done for the exchange is cancelled. */
  #abandon(reason: ProxyError, result: 'aborted' | 'failed'): void {
    if (this.#over) return
    this.#over = true
    this.#deadline.close()
    const serving = this.#serving
    const begun = serving.response
    const exchange = serving.abandon(reason)
    this.#body?.fail(reason)
    this.#writer.cancel(reason)
    if (begun !== undefined && !begun.body.used) dropResponse(begun)
    if (exchange !== undefined)
      serving.complete(exchange, result, reason, this.#writer.bytes, this.#body?.received ?? 0)
    serving.clear()
    this.#release()
  }

  #release(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#context.closed(this)
  }

  /** Ends it so that a part of the response cannot be taken for the whole. */
  #breakOff(): void {
    const response = this.#response
    // Of a response that was finished, by other middleware, there is nothing to break off.
    if (response.writableEnded && !this.#answered) return
    // To end such a stream in any other way would end its body in good order first.
    if (isHttp2Response(response)) response.stream.destroy(new Error('the response has broken off'))
    else if (this.#framing === 'close') resetSocket(this.#request.socket)
    else response.destroy()
  }

  drain(): void {}

  endTunnel(): void {}

  /** Ends it: with an error, if there is no response yet. */
  close(reason: ProxyError): void {
    if (this.#over) return
    this.#closing = true
    this.#deadline.arm(this.#context.limits.lingerMs)
    this.#serving.exchange?.abort(reason)
  }
}

const NO_BYTES = new Uint8Array(0)
/** When the client had less than this share of the time, its progress says nothing. */
const LEAST_OWN_SHARE = 0.1

/** Stands in for the head of a request that could not be read. */
function unreadHead({ method, httpVersion }: NodeRequest): RequestHead {
  return { method, minor: httpVersion === '1.0' ? 0 : 1 } as RequestHead
}

function isTls(socket: NodeRequest['socket']): socket is TLSSocket {
  return (socket as Partial<TLSSocket>).encrypted === true
}

function addressOf(address: string | undefined, port: number | undefined): Address {
  return { address: address ?? '', port: port ?? 0 }
}

function remoteOf({ socket }: NodeRequest): Address {
  return addressOf(socket.remoteAddress, socket.remotePort)
}

function lengthField(response: ResponseMessage, framing: Framing, method: string): string | undefined {
  const { body, status } = response
  if (framing === 'length') return String(body.length)
  return status === 304 || (method === 'HEAD' && status !== 204) ? announcedLength(response) : undefined
}
