import { type Clock, Deadline, type Timer } from '../core/clock.ts'
import { ProxyError, type ProxyErrorCode } from '../core/errors.ts'
import { IDEMPOTENT_METHODS } from '../core/idempotent-methods.ts'
import type { Connecting, ConnectOptions, Network, Wire } from '../core/network.ts'
import { withoutStack } from '../core/without-stack.ts'
import type { Attempt, AttemptCarrier } from './attempt.ts'
import { connectError } from './connect-error.ts'
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
  /**
   * - `open`: keeps connections for the next attempts.
   * - `retired`: nobody chooses it any more. It serves what comes all the same, and keeps nothing.
   * - `closed`: serves nothing.
   */
  #phase: 'open' | 'retired' | 'closed' = 'open'

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

  /** All that it works for: on connections, while these are made, in the queue. */
  get attempts(): Attempt[] {
    const connected = Array.from(this.#all, ({ attempt }) => attempt).filter((it) => it !== undefined)
    return [...connected, ...this.#connecting.keys(), ...this.#queue.keys()]
  }

  /** Sends an attempt as soon as there is a connection for it. */
  send(attempt: Attempt): void {
    if (this.#phase === 'closed') {
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
    this.#leaveQueue(attempt)
    const connect = this.#connecting.get(attempt)
    if (connect !== undefined) {
      this.#endConnect(attempt, connect)
      connect.connecting?.cancel()
      this.#serveQueue()
    }
  }

  /**
   * Closes what is idle now, and the rest when it is done. Attempts that wait are served, and so are late ones: whoever chose
   * the endpoint did so before it was given up.
   */
  retire(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'retired'
    this.#idleDeadline.close()
    for (const connection of this.#idle.splice(0)) connection.close()
    if (this.#queue.size === 0) this.#queueDeadline.close()
  }

  /** Closes what is idle now and the rest when it is done. Attempts that wait have failed. */
  close(): void {
    this.#phase = 'closed'
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
    if (this.#phase === 'closed') {
      connection.close()
      return
    }
    const [waiting] = this.#queue.keys()
    if (waiting !== undefined) {
      this.#leaveQueue(waiting)
      connection.start(waiting)
      return
    }
    if (this.#phase === 'retired') {
      connection.close()
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
      attempt.recording?.stale()
      this.send(attempt)
    } else attempt.fail(error)
  }

  // Making connections.

  #connect(attempt: Attempt): void {
    attempt.carrier = this
    attempt.recording?.connecting()
    const pending: PendingConnect = { connecting: undefined, timer: undefined }
    this.#connecting.set(attempt, pending)
    this.#limitConnect(attempt, pending, 'upstream_connect_timeout', this.limits.connectMs)
    try {
      pending.connecting = this.#network.connect(this.#target, {
        onSecuring: () => {
          attempt.tlsBegan()
          this.#limitConnect(attempt, pending, 'upstream_tls_timeout', this.limits.tlsMs)
        },
        onConnect: (wire) => this.#connected(attempt, pending, wire),
        onConnectError: (error) => this.#connectFailed(attempt, pending, connectError(error)),
      })
    } catch (error) {
      this.#connectFailed(attempt, pending, connectError(error as Error))
    }
  }

  /** Each step of a connection has a time of its own. */
  #limitConnect(attempt: Attempt, pending: PendingConnect, code: ProxyErrorCode, ms: number): void {
    pending.timer?.clear()
    pending.timer = undefined
    if (ms === Number.POSITIVE_INFINITY) return
    pending.timer = this.clock.setTimeout(() => {
      pending.connecting?.cancel()
      this.#connectFailed(attempt, pending, new ProxyError(code))
    }, ms)
  }

  #connected(attempt: Attempt, pending: PendingConnect, wire: Wire): void {
    const connection = new ClientConnection(wire, this)
    this.#onWires(1)
    this.#all.add(connection)
    this.#endConnect(attempt, pending)
    if (this.#phase === 'closed') {
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
    attempt.recording?.queued()
    if (this.#queue.size >= maxPending) {
      attempt.fail(withoutStack(() => new ProxyError('pool_queue_full')))
      return
    }
    attempt.carrier = this
    this.#queue.set(attempt, this.clock.now() + pendingMs)
    if (this.#queue.size === 1) this.#queueDeadline.arm(pendingMs)
  }

  /** A connection has gone: there is room for a new one. */
  #serveQueue(): void {
    while (
      this.#phase !== 'closed' &&
      this.#queue.size > 0 &&
      this.connections < this.limits.maxConnections
    ) {
      const [waiting] = this.#queue.keys()
      this.#leaveQueue(waiting!)
      this.#connect(waiting!)
    }
  }

  #leaveQueue(attempt: Attempt): void {
    // The timer is left to run out, since the queue will be used again; but not where nothing follows.
    if (this.#queue.delete(attempt) && this.#queue.size === 0 && this.#phase === 'retired')
      this.#queueDeadline.close()
  }

  #expireQueue(): void {
    const now = this.clock.now()
    for (const [attempt, until] of [...this.#queue]) {
      if (until > now + 1) {
        this.#queueDeadline.arm(until - now)
        return
      }
      this.#queue.delete(attempt)
      attempt.fail(withoutStack(() => new ProxyError('pool_queue_timeout')))
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
