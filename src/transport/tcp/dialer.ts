import type { Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Abortable, Exchange } from '../../core/exchange.ts'
import { ResponseMessage } from '../../core/message.ts'
import type { Connecting, ConnectOptions, Wire } from '../../core/network.ts'
import { connectError } from '../connect-error.ts'
import type { Runtime } from '../runtime.ts'
import { WireTunnel } from '../tunnel.ts'

/** How long things may take. In milliseconds. */
export interface DialTimes {
  readonly connectMs: number
  readonly idleMs: number
}

/** Connects an exchange to a place that it has named itself. The answer is a tunnel to there. */
export function dial(
  target: ConnectOptions,
  exchange: Exchange,
  runtime: Runtime,
  times: DialTimes,
): Promise<ResponseMessage> {
  return new Promise((resolve, reject) => {
    new Dial(exchange, runtime, times, resolve, reject).start(target)
  })
}

/**
 * - `connecting`: the connection is being made.
 * - `open`: it is made, and its tunnel answers the exchange.
 * - `over`: it failed, was given up, or has ended.
 */
type Phase =
  | { readonly kind: 'connecting'; connecting: Connecting | undefined; readonly timer: Timer }
  | { readonly kind: 'open'; readonly tunnel: WireTunnel }
  | { readonly kind: 'over' }

const OVER: Phase = { kind: 'over' }

/** One connection, from the moment when it is asked for to its end. */
class Dial implements Abortable {
  readonly #exchange: Exchange
  readonly #runtime: Runtime
  readonly #idleMs: number
  readonly #resolve: (response: ResponseMessage) => void
  readonly #reject: (error: ProxyError) => void
  #phase: Phase

  constructor(
    exchange: Exchange,
    runtime: Runtime,
    { connectMs, idleMs }: DialTimes,
    resolve: (response: ResponseMessage) => void,
    reject: (error: ProxyError) => void,
  ) {
    this.#exchange = exchange
    this.#runtime = runtime
    this.#idleMs = idleMs
    this.#resolve = resolve
    this.#reject = reject
    const expired = (): void => this.abort(new ProxyError('upstream_connect_timeout'))
    this.#phase = {
      kind: 'connecting',
      connecting: undefined,
      timer: runtime.clock.setTimeout(expired, connectMs),
    }
  }

  start(target: ConnectOptions): void {
    this.#exchange.addAbortable(this)
    // Given up already.
    if (this.#phase.kind !== 'connecting') return
    try {
      const connecting = this.#runtime.network.connect(target, {
        onConnect: (wire) => this.#connected(wire),
        onConnectError: (error) => this.#failed(connectError(error)),
      })
      if (this.#phase.kind === 'connecting') this.#phase.connecting = connecting
    } catch (error) {
      this.#failed(connectError(error as Error))
    }
  }

  abort(reason: ProxyError): void {
    const phase = this.#phase
    if (phase.kind === 'connecting') phase.connecting?.cancel()
    if (phase.kind === 'open') phase.tunnel.cut(reason)
    else this.#failed(reason)
  }

  /** The exchange is over. A tunnel that nobody has joined must not stay. */
  sweep(): void {
    this.abort(new ProxyError('exchange_aborted', { detail: 'nobody has taken the tunnel' }))
  }

  #connected(wire: Wire): void {
    const phase = this.#phase
    if (phase.kind !== 'connecting') {
      wire.destroy()
      return
    }
    phase.timer.clear()
    const { clock, connectors } = this.#runtime
    connectors.onWires(1)
    const response = new ResponseMessage(200)
    response.reason = 'Connection established'
    const tunnel = new WireTunnel(wire, undefined, {
      protocol: 'tcp',
      clock,
      idleMs: this.#idleMs,
      onClose: () => {
        this.#phase = OVER
        this.#exchange.removeAbortable(this)
        connectors.onWires(-1)
      },
    })
    this.#phase = { kind: 'open', tunnel }
    response.tunnel = tunnel
    this.#resolve(response)
  }

  #failed(error: ProxyError): void {
    if (this.#phase.kind !== 'connecting') return
    this.#phase.timer.clear()
    this.#phase = OVER
    this.#exchange.removeAbortable(this)
    this.#reject(error)
  }
}
