import type { ProxyError } from '../../core/errors.ts'
import { ResponseMessage } from '../../core/message.ts'
import type { Wire } from '../../core/network.ts'
import type { Attempt, AttemptCarrier } from '../attempt.ts'
import { WireTunnel } from '../tunnel.ts'
import type { ConnectionOwner, UpstreamConnection } from '../upstream-connection.ts'

/** A connection to an endpoint that carries bytes alone: it answers one attempt, with a tunnel, and ends with that. */
export class UpstreamTcpConnection implements UpstreamConnection, AttemptCarrier {
  readonly #wire: Wire
  readonly #tunnel: WireTunnel
  #attempt: Attempt | undefined

  constructor(wire: Wire, owner: ConnectionOwner<UpstreamTcpConnection>) {
    const { clock, limits } = owner
    this.#wire = wire
    this.#tunnel = new WireTunnel(wire, undefined, {
      protocol: 'tcp',
      clock,
      idleMs: limits.tunnelIdleMs,
      // Either side may send for long after the other has ended.
      halfClosedMs: limits.tunnelIdleMs,
      onClose: (error) => {
        const attempt = this.#attempt
        this.#attempt = undefined
        attempt?.end(error)
        owner.closed(this)
        owner.disconnected()
      },
    })
  }

  get attempts(): readonly Attempt[] {
    return this.#attempt === undefined ? [] : [this.#attempt]
  }

  start(attempt: Attempt): void {
    this.#attempt = attempt
    attempt.carrier = this
    attempt.recording?.connected(false)
    attempt.sent = 'response'
    const response = new ResponseMessage(200)
    response.tunnel = this.#tunnel
    attempt.succeed(response)
  }

  /** What runs on it has an owner of its own, who ends it. */
  close(): void {
    if (this.#attempt === undefined) this.#wire.destroy()
  }

  worksFor(attempt: Attempt): boolean {
    return attempt === this.#attempt
  }

  cancelAttempt(attempt: Attempt, reason: ProxyError): void {
    if (attempt !== this.#attempt) return
    this.#attempt = undefined
    this.#tunnel.cut(reason)
  }
}
