import type { Clock } from '../core/clock.ts'
import { Deadline } from '../core/clock.ts'
import { ProxyError, type ProxyErrorCode, tunnelLost } from '../core/errors.ts'
import type { MemoryUse, Tunnel, TunnelEnd, Wire, WireHandler } from '../core/network.ts'

/** The upstream end of a tunnel: joined byte for byte to the client's wire once the 101 went out. */
export class WireTunnel implements Tunnel {
  readonly protocol: string
  readonly #upstream: Wire
  readonly #clock: Clock
  readonly #idleMs: number
  readonly #halfClosedMs: number
  readonly #onClose: (error: ProxyError | undefined) => void
  #early: Buffer[] = []
  #earlyBytes = 0
  #closed: { error: Error | undefined } | undefined
  #ended = false
  #join: Join | undefined
  #cutFor: ProxyError | undefined

  /** Takes the wire over. `early` are bytes that followed the head. `onClose` is called once, when the upstream's wire is closed. */
  constructor(
    upstream: Wire,
    early: Buffer | undefined,
    {
      protocol,
      clock,
      idleMs,
      halfClosedMs = HALF_CLOSED_MS,
      onClose,
    }: {
      protocol: string
      clock: Clock
      idleMs: number
      /** How long nothing may go through once one side has ended. */
      halfClosedMs?: number
      onClose: (error: ProxyError | undefined) => void
    },
  ) {
    this.protocol = protocol
    this.#upstream = upstream
    this.#clock = clock
    this.#idleMs = idleMs
    this.#halfClosedMs = halfClosedMs
    this.#onClose = onClose
    if (early !== undefined && early.length > 0) this.#early.push(early)
    upstream.handler = {
      onData: (chunk) => {
        // A copy: the memory of a read is much larger than what was read may be, and a filter may take its time.
        this.#early.push(Buffer.from(chunk))
        this.#earlyBytes += chunk.length
        if (this.#earlyBytes > MAX_EARLY_BYTES) upstream.pause()
        return true
      },
      onEnd: () => {
        this.#ended = true
      },
      onDrain: () => {},
      onClose: (error) => {
        this.#closed = { error }
        onClose(error === undefined ? undefined : tunnelLost('upstream_reset', error))
      },
    }
  }

  join(downstream: Wire, early: Buffer | undefined, onClose: (end: TunnelEnd) => void): void {
    const times = { idleMs: this.#idleMs, halfClosedMs: this.#halfClosedMs }
    const join = new Join(this.#upstream, downstream, this.#clock, times, (end) => {
      if (this.#closed === undefined) this.#onClose(end.error)
      onClose(end)
    })
    this.#join = join
    for (const chunk of this.#early) join.fromUpstream(chunk)
    this.#early = []
    if (early !== undefined && early.length > 0) join.fromDownstream(early)
    if (this.#closed !== undefined) join.upstreamClosed(this.#cutFor ?? this.#closed.error)
    else if (this.#cutFor !== undefined) join.cut(this.#cutFor)
    else if (this.#ended) join.upstreamEnded()
    this.#upstream.resume()
    downstream.resume()
  }

  abort(): void {
    this.#upstream.destroy()
  }

  /** Closes it in the midst of what it carries, for this reason: now, and the client's side once that is joined. */
  cut(reason: ProxyError): void {
    this.#cutFor ??= reason
    if (this.#join === undefined) this.#upstream.reset()
    else this.#join.cut(reason)
  }
}

/**
 * How long nothing may go through once one side has ended, unless said otherwise. Also how long the other may stay once it is
 * closed, and as long again while it still has something to take.
 */
const HALF_CLOSED_MS = 10_000

const MAX_EARLY_BYTES = 65_536

interface JoinTimes {
  readonly idleMs: number
  readonly halfClosedMs: number
}

/** Two wires, each written what the other reads. Over when both are closed. */
class Join {
  readonly #upstream: Wire
  readonly #downstream: Wire
  readonly #clock: Clock
  readonly #deadline: Deadline
  readonly #times: JoinTimes
  readonly #onClose: (end: TunnelEnd) => void
  #open = 2
  #closing = false
  /** Who was told that nothing more comes. */
  readonly #told: Wire[] = []
  /** With one side gone: until when the other may take what was meant for it. */
  #lastBy = 0
  #bytesUp = 0
  #bytesDown = 0
  #error: ProxyError | undefined

  constructor(
    upstream: Wire,
    downstream: Wire,
    clock: Clock,
    times: JoinTimes,
    onClose: (end: TunnelEnd) => void,
  ) {
    this.#upstream = upstream
    this.#downstream = downstream
    this.#clock = clock
    this.#times = times
    this.#onClose = onClose
    this.#deadline = new Deadline(clock, () => this.#idled())
    this.#deadline.arm(times.idleMs)
    upstream.handler = this.#end('upstream_reset', downstream, (chunk) => this.fromUpstream(chunk))
    downstream.handler = this.#end('client_aborted', upstream, (chunk) => this.fromDownstream(chunk))
  }

  fromUpstream(chunk: Buffer): MemoryUse {
    this.#bytesDown += chunk.length
    return this.#pass(chunk, this.#upstream, this.#downstream)
  }

  fromDownstream(chunk: Buffer): MemoryUse {
    this.#bytesUp += chunk.length
    return this.#pass(chunk, this.#downstream, this.#upstream)
  }

  upstreamEnded(): void {
    this.#ended(this.#downstream)
  }

  cut(reason: ProxyError): void {
    // An orderly end is for who was told that nothing more comes, and has had all that did.
    this.#close(reason, (wire) => this.#told.includes(wire) && wire.pendingBytes === 0)
  }

  upstreamClosed(error: Error | undefined): void {
    this.#closed(error === undefined ? undefined : tunnelLost('upstream_reset', error), this.#downstream)
  }

  #pass(chunk: Buffer, from: Wire, to: Wire): MemoryUse {
    this.#armIdle()
    if (!to.write(chunk)) from.pause()
    return to.keeps === true ? undefined : to.pendingBytes === 0
  }

  #end(code: ProxyErrorCode, other: Wire, onData: (chunk: Buffer) => MemoryUse): WireHandler {
    return {
      onData,
      onEnd: () => this.#ended(other),
      onDrain: () => {
        this.#armIdle()
        other.resume()
      },
      onClose: (error) => this.#closed(error === undefined ? undefined : tunnelLost(code, error), other),
    }
  }

  /** One side has said its last; the other may still speak, but not be silent for long. */
  #ended(other: Wire): void {
    this.#tell(other)
    this.#armIdle()
  }

  #tell(wire: Wire): void {
    this.#told.push(wire)
    wire.end()
  }

  #armIdle(): void {
    // With one side gone for good, nothing that the other sends has anywhere to go.
    const { idleMs, halfClosedMs } = this.#times
    if (this.#open === 2) this.#deadline.arm(this.#told.length > 0 ? Math.min(idleMs, halfClosedMs) : idleMs)
  }

  #closed(error: ProxyError | undefined, other: Wire): void {
    this.#error ??= error
    this.#open--
    if (this.#open > 0) {
      if (this.#closing) return
      // What was read before an orderly end still goes out; a reset is passed on as one.
      if (error === undefined) {
        this.#tell(other)
        const { idleMs, halfClosedMs } = this.#times
        this.#lastBy = this.#clock.now() + Math.min(idleMs, halfClosedMs)
        this.#deadline.arm(Math.min(idleMs, HALF_CLOSED_MS))
        // Reading must go on, or the end of the other side is never seen.
        other.resume()
      } else other.reset()
      return
    }
    this.#deadline.close()
    this.#onClose({ bytesUp: this.#bytesUp, bytesDown: this.#bytesDown, error: this.#error })
  }

  #idled(): void {
    const left = this.#lastBy - this.#clock.now()
    if (this.#open === 1 && left > 0 && this.#upstream.pendingBytes + this.#downstream.pendingBytes > 0) {
      this.#deadline.arm(Math.min(left, HALF_CLOSED_MS))
      return
    }
    // An orderly end in front of what was not sent would be taken for the end of the stream.
    this.#close(new ProxyError('tunnel_timeout', { sent: 'response' }), (wire) => wire.pendingBytes === 0)
  }

  /** Closes both sides. Their ends follow, and are passed on to nobody. */
  #close(reason: ProxyError, inOrder: (wire: Wire) => boolean): void {
    this.#error ??= reason
    this.#closing = true
    for (const wire of [this.#upstream, this.#downstream]) {
      if (inOrder(wire)) wire.destroy()
      else wire.reset()
    }
  }
}
