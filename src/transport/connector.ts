import { type Clock, Deadline, type Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import { IDEMPOTENT_METHODS } from '../core/idempotent-methods.ts'
import type { Connecting, ConnectOptions, Network, Wire } from '../core/network.ts'
import type { Attempt, AttemptCarrier } from './attempt.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { parseResponseHead, type ResponseHead } from './http1/response-head.ts'
import type { UpstreamLimits } from './upstream-limits.ts'

/** What a connection to an endpoint needs of the one who keeps it. */
export interface ConnectionOwner {
  readonly clock: Clock
  readonly limits: UpstreamLimits
  readonly parseHead: (bytes: Buffer, start: number, available: number) => ResponseHead | undefined
  /** It can take another attempt. */
  released(connection: ClientConnection): void
  /** It is gone. Called once. */
  closed(connection: ClientConnection): void
  /** Its wire, too, is closed. Called once, after `closed`. */
  disconnected(): void
  /** An attempt failed on it. `stale`: it had been used before, and not a byte of a response came. */
  attemptFailed(attempt: Attempt, error: ProxyError, stale: boolean): void
}

/**
 * The connections to one endpoint: gives each attempt an idle one (the most recently used first, since it is the least
 * likely to be stale), a new one, or a place in a queue.
 */
export class Connector implements ConnectionOwner, AttemptCarrier {
  readonly clock: Clock
  readonly limits: UpstreamLimits
  readonly parseHead: (bytes: Buffer, start: number, available: number) => ResponseHead | undefined
  readonly #network: Network
  readonly #target: ConnectOptions
  readonly #idleDeadline: Deadline
  readonly #queueDeadline: Deadline
  readonly #all = new Set<ClientConnection>()
  /** Least recently used first. */
  readonly #idle: ClientConnection[] = []
  /** When the idle ones are looked at next: the soonest of their times, or earlier. */
  #idleCheckAt = 0
  readonly #connecting = new Map<Attempt, PendingConnect>()
  readonly #queue = new Map<Attempt, number>()
  readonly #onWires: (change: 1 | -1) => void
  #closed = false

  /** `onWires` is told of each wire that is opened, and that is closed for good. */
  constructor(
    target: ConnectOptions,
    network: Network,
    clock: Clock,
    limits: UpstreamLimits,
    onWires: (change: 1 | -1) => void,
  ) {
    this.#onWires = onWires
    this.#target = target
    this.#network = network
    this.clock = clock
    this.limits = limits
    this.parseHead = (bytes, start, available) => parseResponseHead(bytes, start, available, limits)
    this.#idleDeadline = new Deadline(clock, () => this.#closeIdle())
    this.#queueDeadline = new Deadline(clock, () => this.#expireQueue())
  }

  /** Open connections and those being made. */
  get connections(): number {
    return this.#all.size + this.#connecting.size
  }

  get idle(): number {
    return this.#idle.length
  }

  get queued(): number {
    return this.#queue.size
  }

  /** Sends an attempt as soon as there is a connection for it. */
  send(attempt: Attempt): void {
    if (this.#closed) {
      attempt.fail(new ProxyError('proxy_closed'))
      return
    }
    const idle = attempt.needsFreshConnection ? undefined : this.#idle.pop()
    if (idle !== undefined) idle.start(attempt)
    else if (this.connections < this.limits.maxConnections) this.#connect(attempt)
    else if (attempt.needsFreshConnection && this.#idle.length > 0) {
      this.#idle.shift()!.close()
      this.#connect(attempt)
    } else this.#enqueue(attempt)
  }

  worksFor(attempt: Attempt): boolean {
    return this.#queue.has(attempt) || this.#connecting.has(attempt)
  }

  cancelAttempt(attempt: Attempt): void {
    this.#queue.delete(attempt)
    const connect = this.#connecting.get(attempt)
    if (connect !== undefined) {
      this.#endConnect(attempt, connect)
      connect.connecting?.cancel()
      this.#serveQueue()
    }
  }

  /** Closes what is idle now and the rest when it is done. */
  close(): void {
    this.#closed = true
    this.#idleDeadline.close()
    for (const connection of this.#idle.splice(0)) connection.close()
    for (const attempt of [...this.#queue.keys()]) {
      this.#queue.delete(attempt)
      attempt.fail(new ProxyError('proxy_closed'))
    }
    this.#queueDeadline.close()
  }

  /** Closes everything, also what is in use. */
  destroy(): void {
    this.close()
    for (const [attempt, connect] of [...this.#connecting]) {
      this.#endConnect(attempt, connect)
      connect.connecting?.cancel()
      attempt.fail(new ProxyError('proxy_closed'))
    }
    for (const connection of [...this.#all]) connection.close()
  }

  // The connections' side.

  released(connection: ClientConnection): void {
    if (this.#closed) {
      connection.close()
      return
    }
    const [waiting] = this.#queue.keys()
    if (waiting !== undefined) {
      this.#queue.delete(waiting)
      connection.start(waiting)
      return
    }
    // A little less than the upstream hints, so that it does not close just as we send.
    const idleMs = Math.min(this.limits.idleMs, Math.max(0, connection.keepAliveHintMs - HINT_MARGIN_MS))
    if (idleMs === 0) {
      connection.close()
      return
    }
    connection.idleUntil = this.clock.now() + idleMs
    this.#idle.push(connection)
    if (this.#idle.length === 1 || connection.idleUntil < this.#idleCheckAt) {
      this.#idleCheckAt = connection.idleUntil
      this.#idleDeadline.arm(idleMs)
    }
  }

  closed(connection: ClientConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#serveQueue()
  }

  disconnected(): void {
    this.#onWires(-1)
  }

  attemptFailed(attempt: Attempt, error: ProxyError, stale: boolean): void {
    if (stale && canSendAgain(attempt)) {
      attempt.needsFreshConnection = true
      attempt.sent = 'none'
      this.send(attempt)
    } else attempt.fail(error)
  }

  // Making connections.

  #connect(attempt: Attempt): void {
    attempt.carrier = this
    const pending: PendingConnect = { connecting: undefined, timer: undefined }
    this.#connecting.set(attempt, pending)
    const { connectMs } = this.limits
    if (connectMs !== Number.POSITIVE_INFINITY) {
      pending.timer = this.clock.setTimeout(() => {
        pending.connecting?.cancel()
        this.#connectFailed(attempt, pending, new ProxyError('upstream_connect_timeout'))
      }, connectMs)
    }
    try {
      pending.connecting = this.#network.connect(this.#target, {
        onConnect: (wire) => this.#connected(attempt, pending, wire),
        onConnectError: (error) => this.#connectFailed(attempt, pending, connectError(error)),
      })
    } catch (error) {
      this.#connectFailed(attempt, pending, connectError(error as Error))
    }
  }

  #connected(attempt: Attempt, pending: PendingConnect, wire: Wire): void {
    const connection = new ClientConnection(wire, this)
    this.#onWires(1)
    this.#all.add(connection)
    this.#endConnect(attempt, pending)
    if (this.#closed) {
      connection.close()
      attempt.fail(new ProxyError('proxy_closed'))
    } else connection.start(attempt)
  }

  #connectFailed(attempt: Attempt, pending: PendingConnect, error: ProxyError): void {
    if (this.#connecting.get(attempt) !== pending) return
    this.#endConnect(attempt, pending)
    attempt.fail(error)
    this.#serveQueue()
  }

  #endConnect(attempt: Attempt, pending: PendingConnect): void {
    this.#connecting.delete(attempt)
    pending.timer?.clear()
  }

  // Waiting.

  #enqueue(attempt: Attempt): void {
    const { maxPending, pendingMs } = this.limits
    if (this.#queue.size >= maxPending) {
      attempt.fail(new ProxyError('pool_queue_full'))
      return
    }
    attempt.carrier = this
    this.#queue.set(attempt, this.clock.now() + pendingMs)
    if (this.#queue.size === 1) this.#queueDeadline.arm(pendingMs)
  }

  /** A connection has gone: there is room for a new one. */
  #serveQueue(): void {
    while (!this.#closed && this.#queue.size > 0 && this.connections < this.limits.maxConnections) {
      const [waiting] = this.#queue.keys()
      this.#queue.delete(waiting!)
      this.#connect(waiting!)
    }
  }

  #expireQueue(): void {
    const now = this.clock.now()
    for (const [attempt, until] of [...this.#queue]) {
      if (until > now + 1) {
        this.#queueDeadline.arm(until - now)
        return
      }
      this.#queue.delete(attempt)
      attempt.fail(new ProxyError('pool_queue_timeout'))
    }
  }

  #closeIdle(): void {
    const now = this.clock.now()
    // Those used least recently are first; a later hint may have made a younger one expire sooner.
    for (const connection of this.#idle.filter((it) => it.idleUntil <= now + 1)) connection.close()
    if (this.#idle.length === 0) return
    this.#idleCheckAt = this.#idle.reduce(
      (soonest, it) => Math.min(soonest, it.idleUntil),
      Number.POSITIVE_INFINITY,
    )
    this.#idleDeadline.arm(Math.max(1, this.#idleCheckAt - now))
  }
}

interface PendingConnect {
  connecting: Connecting | undefined
  timer: Timer | undefined
}

const HINT_MARGIN_MS = 1_000

const IDEMPOTENT = new Set(IDEMPOTENT_METHODS)

/** Whether a request that may have reached the upstream can be sent once more without harm, and its body is at hand. */
function canSendAgain({ request }: Attempt): boolean {
  return IDEMPOTENT.has(request.method) && request.body.resendable
}

/** OpenSSL's codes for what a certificate can be refused for, Node's for codes that it does not know and for names, ours for keys. */
const CERTIFICATE_REFUSED =
  /^(?:CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_|PATH_LENGTH_|HOSTNAME_|ERROR_IN_CERT|UNSPECIFIED|ERR_TLS_CERT)/

function connectError(error: Error & { code?: string }): ProxyError {
  const cause = error instanceof AggregateError ? (error.errors[0] as Error & { code?: string }) : error
  const code = cause.code ?? ''
  const options = { cause: error }
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE')
    return new ProxyError('upstream_refused', options)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL')
    return new ProxyError('upstream_dns_failed', options)
  if (code === 'ETIMEDOUT') return new ProxyError('upstream_connect_timeout', options)
  if (CERTIFICATE_REFUSED.test(code)) return new ProxyError('upstream_certificate_invalid', options)
  if (/^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(code)) return new ProxyError('upstream_tls_failed', options)
  return new ProxyError('upstream_unreachable', options)
}
