import { ProxyError } from '../../core/errors.ts'
import type { Client, ClientHello } from '../../core/exchange.ts'
import { RequestMessage, type ResponseMessage } from '../../core/message.ts'
import type { MemoryUse, Tunnel, Wire, WireHandler } from '../../core/network.ts'
import type { ListenerContext, ServedConnection } from '../listener-context.ts'
import { dropResponse, type ResponseChannel, Serving } from '../serving.ts'

/**
 * - `connecting`: filters run, and a service is being connected. What the client sends is held.
 * - `tunnel`: the wire belongs to a tunnel.
 * - `closed`: over, or being closed.
 */
type Phase = 'connecting' | 'tunnel' | 'closed'

/** One client's connection that carries bytes alone: one exchange, which is answered with a tunnel or ends it. */
export class TcpConnection implements WireHandler, ServedConnection, ResponseChannel {
  readonly sending = false
  readonly #wire: Wire
  readonly #context: ListenerContext
  readonly #serving: Serving
  readonly #client: Client
  readonly #host: string
  #phase: Phase = 'connecting'
  #early: Buffer[] = []
  #earlyBytes = 0
  #ended = false
  /** Why its tunnel was closed, by us. */
  #closedFor: ProxyError | undefined

  /** `hello` is what the client has said to the service that it asks for, where TLS is passed on. */
  constructor(wire: Wire, context: ListenerContext, hello: ClientHello | undefined) {
    this.#wire = wire
    this.#context = context
    this.#serving = new Serving(this, context)
    const client = context.clients.ofConnection(wire)
    this.#client = hello === undefined ? client : { ...client, clientHello: hello }
    this.#host = hello?.servername ?? wire.tls?.servername ?? ''
  }

  /** Has it served. The wire's handler is set. */
  begin(): void {
    const { scheme } = this.#client
    const request = new RequestMessage({ method: 'CONNECT', host: this.#host.toLowerCase(), scheme })
    this.#serving.begin(request, this.#client)
  }

  /** Nothing idles here: each connection ends by itself, or when its tunnel has had its time. */
  drain(): void {}

  endTunnel(reason: ProxyError): void {
    if (this.#phase === 'tunnel') this.close(reason)
  }

  close(reason: ProxyError): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'tunnel') {
      // Its end, with the bytes that went through, comes when both wires are closed.
      this.#closedFor = reason
      this.#serving.exchange?.abort(reason)
      this.#wire.destroy()
      return
    }
    this.#abandon(reason, 'failed')
    this.#wire.reset()
  }

  // The wire's side.

  onData(chunk: Buffer): MemoryUse {
    if (this.#phase !== 'connecting') return true
    this.#early.push(chunk)
    this.#earlyBytes += chunk.length
    if (this.#earlyBytes > this.#context.limits.readAheadBytes) this.#wire.pause()
    return undefined
  }

  onEnd(): void {
    // It may be all that it has to say: the service gets it.
    this.#ended = true
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    if (this.#phase === 'connecting')
      this.#abandon(new ProxyError('client_aborted', { cause: error }), 'aborted')
    this.#early = []
    this.#context.closed(this)
  }

  // Where the response goes.

  /** There is no service for it, or a filter lets nothing through. Nobody can be told but by the end of the connection. */
  send(response: ResponseMessage): void {
    dropResponse(response)
    this.#phase = 'closed'
    const serving = this.#serving
    serving.complete(serving.exchange!, 'failed', serving.error, 0, 0)
    serving.clear()
    this.#early = []
    this.#wire.reset()
  }

  join(_response: ResponseMessage, tunnel: Tunnel): void {
    if (this.#context.tunnelsEnded) throw new ProxyError('proxy_closed')
    const serving = this.#serving
    const exchange = serving.exchange!
    const early = this.#early.length === 0 ? undefined : Buffer.concat(this.#early)
    this.#early = []
    this.#phase = 'tunnel'
    tunnel.join(this.#wire, early, (end) => {
      this.#phase = 'closed'
      this.#context.closed(this)
      serving.completeTunnel(exchange, end, this.#closedFor)
    })
    if (this.#ended) this.#wire.handler.onEnd()
  }

  inform(): void {}

  broke(): void {}

  cut(): void {}

  givenUp(): void {}

  breakOff(reason: ProxyError): void {
    this.#abandon(reason, 'failed')
    this.#wire.reset()
  }

  handlerEnded(): void {}

  #abandon(reason: ProxyError, result: 'aborted' | 'failed'): void {
    this.#phase = 'closed'
    const serving = this.#serving
    const exchange = serving.abandon(reason)
    if (exchange !== undefined) serving.complete(exchange, result, reason, 0, 0)
    serving.clear()
  }
}
