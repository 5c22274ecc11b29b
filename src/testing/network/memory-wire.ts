import type { Clock, Timer } from '../../core/clock.ts'
import type {
  Address,
  ForwardedConnection,
  TlsConnectOptions,
  TlsFacts,
  Wire,
  WireHandler,
} from '../../core/network.ts'
import type { Random } from '../../core/random.ts'
import { askedFrom } from '../asked-from.ts'
import { pretendedFacts } from './pretended-facts.ts'

/** Written over a chunk when its memory is free. */
const SCRIBBLE = 0xdb
/** What Node reads from a socket at once. */
const READ_BYTES = 65_536

/** What goes wrong on a connection. All times in milliseconds, all chances from 0 to 1. */
export interface Faults {
  /** Gives the reader at most this many bytes at once, and of these a random number. */
  readonly maxChunkBytes?: number | undefined
  /** From one end to the other; a connection is made in two of them. Default: that of the network. */
  readonly latencyMs?: number | undefined
  /** Up to this much is added to the latency, by chance. Order is kept. */
  readonly jitterMs?: number | undefined
  /** That the connection breaks instead of carrying a write: both ends see a reset. */
  readonly resetChance?: number | undefined
  /** That a write arrives `stallMs` late, and all that follows with it. */
  readonly stallChance?: number | undefined
  /** How late, in milliseconds. Default 0. */
  readonly stallMs?: number | undefined
  /** Bytes arrive this many at a time, with a pause before each. */
  readonly drip?: { readonly bytes: number; readonly everyMs: number } | undefined
  /** What becomes of attempts to connect. */
  readonly connect?: 'refused' | 'unreachable' | 'unanswered' | undefined
  /** What becomes of TLS: the connection is made, and nobody answers the handshake. The service never hears of it. */
  readonly tls?: 'unanswered' | undefined
}

/** @internal What a link needs of the network that it is part of. */
export interface LinkHost {
  readonly clock: Clock
  readonly random: Random
  readonly windowBytes: number
  /** Chunks of which only a wire holds the memory, by that memory. */
  readonly lent: WeakMap<ArrayBufferLike, Buffer>
  /** Runs it later, as an event of its own: after every promise that can go on has done so. */
  run(event: () => void): void
  onLinkClosed(link: MemoryLink): void
}

type Item =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  /** The reader has taken this many bytes out of the window. */
  | { readonly kind: 'ack'; readonly count: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }

/** @internal A connection: two wires, and a lane from each to the other. */
export class MemoryLink {
  readonly client: MemoryWire
  readonly server: MemoryWire
  /** Made where it was asked for. */
  readonly opened: Error
  /** What the client wants of TLS; `undefined` without it. */
  readonly asked: TlsConnectOptions | undefined
  /** Whether something was sent before TLS. */
  readonly preamble: boolean
  /** What was agreed on. */
  tls: TlsFacts | undefined
  /** Why no agreement was reached. */
  refused: Error | undefined
  readonly #host: LinkHost
  readonly #lanes: readonly [Lane, Lane]

  constructor(
    host: LinkHost,
    faults: Faults,
    {
      client,
      server,
      asked,
      preamble,
      speaks,
      opened,
    }: {
      client: Address
      server: Address
      asked: TlsConnectOptions | undefined
      preamble: boolean
      /** What the one who listens agrees to; `undefined` where that is not known yet. */
      speaks: readonly string[] | undefined
      opened: Error
    },
  ) {
    this.#host = host
    this.opened = opened
    this.asked = asked
    this.preamble = preamble
    this.tls = asked && pretendedFacts(asked, chosenProtocol(asked.alpn, speaks))
    // As Node does it: what is accepted is read ahead while it is paused, what is connected is not.
    this.client = new MemoryWire(this, host, faults, { local: client, remote: server, readsAhead: false })
    this.server = new MemoryWire(this, host, faults, { local: server, remote: client, readsAhead: true })
    this.#lanes = [new Lane(this, host, faults, this.server), new Lane(this, host, faults, this.client)]
  }

  laneFrom(wire: MemoryWire): Lane {
    return this.#lanes[wire === this.client ? 0 : 1]
  }

  get openWires(): number {
    return Number(this.client.open) + Number(this.server.open)
  }

  /** Breaks the connection between the ends, as a device on the way would. */
  break(): void {
    for (const lane of this.#lanes) lane.cut()
    this.client.arrive({ kind: 'reset' })
    this.server.arrive({ kind: 'reset' })
  }

  /** Holds all that is under way, until `flow(true)`. */
  flow(flows: boolean): void {
    for (const lane of this.#lanes) lane.flow(flows)
  }

  wireClosed(): void {
    if (this.openWires > 0) return
    for (const lane of this.#lanes) lane.cut()
    this.#host.onLinkClosed(this)
  }

  /** For people who look for a leak. */
  describe(): string {
    const { client, server } = this
    const from = `${client.local.address}:${client.local.port}`
    const to = `${server.local.address}:${server.local.port}`
    return `${from} -> ${to} (client ${client.state}, server ${server.state}), opened ${askedFrom(this.opened)}`
  }
}

/** One direction of a link: brings items to the other end in order, at once or by the clock. */
class Lane {
  readonly #link: MemoryLink
  readonly #host: LinkHost
  readonly #faults: Faults
  readonly #target: MemoryWire
  readonly #transit: { readonly item: Item; readonly dueAt: number }[] = []
  #lastDueAt = 0
  #timer: Timer | undefined
  #state: 'flowing' | 'held' | 'cut' = 'flowing'

  constructor(link: MemoryLink, host: LinkHost, faults: Faults, target: MemoryWire) {
    this.#link = link
    this.#host = host
    this.#faults = faults
    this.#target = target
  }

  carry(item: Item): void {
    if (this.#state === 'cut') return
    const { resetChance = 0, drip } = this.#faults
    if (item.kind !== 'data') this.#send(item, 0)
    else if (this.#chance(resetChance)) this.#link.break()
    else if (drip === undefined) this.#send(item, this.#stall())
    else {
      for (let at = 0; at < item.bytes.length; at += drip.bytes) {
        this.#send({ kind: 'data', bytes: item.bytes.subarray(at, at + drip.bytes) }, 0, drip.everyMs)
      }
    }
  }

  flow(flows: boolean): void {
    if (this.#state === 'cut') return
    this.#state = flows ? 'flowing' : 'held'
    if (flows) this.#arriveDue()
  }

  cut(): void {
    this.#state = 'cut'
    this.#transit.length = 0
    this.#timer?.clear()
    this.#timer = undefined
  }

  #stall(): number {
    const { stallChance = 0, stallMs = 0, jitterMs = 0 } = this.#faults
    const jitter = jitterMs > 0 ? this.#host.random() * jitterMs : 0
    return jitter + (this.#chance(stallChance) ? stallMs : 0)
  }

  #chance(chance: number): boolean {
    return chance > 0 && this.#host.random() < chance
  }

  #send(item: Item, extraMs: number, afterLastMs = 0): void {
    const delayMs = (this.#faults.latencyMs ?? 0) + extraMs
    if (delayMs + afterLastMs === 0 && this.#transit.length === 0 && this.#state === 'flowing') {
      this.#target.arrive(item)
      return
    }
    const dueAt = Math.max(this.#lastDueAt, this.#host.clock.now() + delayMs) + afterLastMs
    this.#lastDueAt = dueAt
    this.#transit.push({ item, dueAt })
    this.#arm()
  }

  #arm(): void {
    const first = this.#transit[0]
    if (first === undefined || this.#timer !== undefined || this.#state !== 'flowing') return
    this.#timer = this.#host.clock.setTimeout(() => {
      this.#timer = undefined
      this.#arriveDue()
    }, first.dueAt - this.#host.clock.now())
  }

  #arriveDue(): void {
    const now = this.#host.clock.now()
    while (this.#state === 'flowing' && this.#transit.length > 0 && this.#transit[0]!.dueAt <= now) {
      this.#target.arrive(this.#transit.shift()!.item)
    }
    this.#arm()
  }
}

/** Whoever listens without saying what it speaks agrees to what is asked, to HTTP/1.1 if it may. */
function chosenProtocol(
  asked: readonly string[] | undefined,
  speaks: readonly string[] | undefined,
): string | undefined {
  if (speaks !== undefined) return speaks.find((it) => asked?.includes(it))
  return asked?.find((it) => it === 'http/1.1') ?? asked?.[0]
}

const UNOWNED: WireHandler = {
  onData: unowned,
  onEnd: unowned,
  onDrain: unowned,
  // Who does not want a wire may destroy it without owning it.
  onClose: () => {},
}

function unowned(): never {
  throw new Error(
    'memoryNetwork: the wire has no handler; set `wire.handler` before onWire or onConnect returns',
  )
}

/**
 * @internal One end of a connection. Two halves live in it: what an operating system does (`arrive` and the fields
 * named for it), which happens at once, and what the owner is told, which happens one event at a time.
 */
export class MemoryWire implements Wire {
  handler: WireHandler = UNOWNED
  forwarded: ForwardedConnection | undefined = undefined
  readonly remote: Address
  readonly local: Address
  /** @internal */
  readonly link: MemoryLink
  readonly #host: LinkHost
  readonly #maxChunkBytes: number | undefined
  readonly #readsAhead: boolean

  // The owner's side.
  #state: 'open' | 'closing' | 'closed' = 'open'
  #closeError: Error | undefined
  #eventComes = false
  #paused = false
  #corks = 0
  #ending = false
  #endDelivered = false
  #wantsDrain = false
  #drainDue = false
  /** Written, not copied: as with a socket, who changes this memory changes what is sent. */
  readonly #pending: Uint8Array[] = []
  #pendingBytes = 0
  /** Memory of what was pending since the last time that nothing was. */
  readonly #held = new Set<ArrayBufferLike>()

  // The system's side.
  /** Taken from here and not yet read at the other end. */
  #inFlight = 0
  readonly #inbox: Buffer[] = []
  #inboxBytes = 0
  #endSent = false
  #endArrived = false
  /** After the peer's end, a reset shows as EPIPE, and only to those who write. */
  #resetArrived: 'ECONNRESET' | 'EPIPE' | undefined

  constructor(
    link: MemoryLink,
    host: LinkHost,
    faults: Faults,
    ends: { local: Address; remote: Address; readsAhead: boolean },
  ) {
    this.link = link
    this.#host = host
    this.#maxChunkBytes = faults.maxChunkBytes
    this.#readsAhead = ends.readsAhead
    this.local = ends.local
    this.remote = ends.remote
  }

  get tls(): TlsFacts | undefined {
    return this.link.tls
  }

  get owned(): boolean {
    return this.handler !== UNOWNED || this.#state !== 'open'
  }

  get open(): boolean {
    return this.#state !== 'closed'
  }

  /** For people who look for a leak. */
  get state(): string {
    if (this.#state !== 'open') return this.#state
    const ends = `${this.#endSent ? ', has ended' : ''}${this.#endArrived ? ', peer has ended' : ''}`
    return `open${ends}${this.#paused ? ', paused' : ''}`
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  write(data: Uint8Array | string): boolean {
    if (this.#state !== 'open' || this.#ending) return true
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
    if (bytes.byteLength > 0) {
      this.#pending.push(bytes)
      this.#pendingBytes += bytes.byteLength
      if (this.#corks === 0) this.#flush()
      if (this.#pendingBytes > 0) this.#held.add(bytes.buffer)
    }
    if (this.#pendingBytes + this.#inFlight <= this.#host.windowBytes) return true
    this.#wantsDrain = true
    this.#checkDrain()
    return false
  }

  cork(): void {
    this.#corks++
  }

  uncork(): void {
    if (this.#corks === 0) return
    this.#corks--
    if (this.#corks === 0) this.#flush()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#announce()
  }

  end(): void {
    if (this.#state !== 'open' || this.#ending) return
    this.#ending = true
    this.#corks = 0
    this.#flush()
  }

  destroy(): void {
    if (this.#state !== 'open') return
    // Who closes with bytes unread sends a reset, as Linux does (RFC 1122 section 4.2.2.13).
    if (this.#inboxBytes > 0) this.#send({ kind: 'reset' })
    else if (!this.#endSent) this.#send({ kind: 'end' })
    this.#close(undefined)
  }

  reset(): void {
    if (this.#state !== 'open') return
    this.#send({ kind: 'reset' })
    this.#close(undefined)
  }

  /** The system's side: something came over the lane. */
  arrive(item: Item): void {
    if (this.#state !== 'open') {
      if (item.kind === 'data') this.#send({ kind: 'reset' })
      return
    }
    switch (item.kind) {
      case 'data':
        this.#inbox.push(item.bytes)
        this.#inboxBytes += item.bytes.length
        break
      case 'ack':
        this.#inFlight -= item.count
        if (this.#corks === 0) this.#flush()
        break
      case 'end':
        this.#endArrived = true
        break
      case 'reset':
        this.#resetArrived ??= this.#endArrived ? 'EPIPE' : 'ECONNRESET'
        break
    }
    this.#announce()
  }

  #send(item: Item): void {
    this.link.laneFrom(this).carry(item)
  }

  /** Hands the system what it takes: as much as fits in the window. */
  #flush(): void {
    if (this.#state !== 'open') return
    if (this.#resetArrived !== undefined && this.#pendingBytes > 0) {
      this.#announce()
      return
    }
    while (this.#pending.length > 0 && this.#inFlight < this.#host.windowBytes) {
      const first = this.#pending[0]!
      const taken = Buffer.from(first.subarray(0, this.#host.windowBytes - this.#inFlight))
      if (taken.length === first.byteLength) this.#pending.shift()
      else this.#pending[0] = first.subarray(taken.length)
      this.#pendingBytes -= taken.length
      this.#inFlight += taken.length
      this.#send({ kind: 'data', bytes: taken })
    }
    if (this.#pendingBytes === 0) this.#releaseHeld()
    this.#checkDrain()
    if (!this.#ending || this.#endSent || this.#pendingBytes > 0) return
    this.#endSent = true
    this.#send({ kind: 'end' })
    this.#closeIfOver()
  }

  /** The bytes have left: memory that was lent for it is free. */
  #releaseHeld(): void {
    for (const memory of this.#held) {
      this.#host.lent.get(memory)?.fill(SCRIBBLE)
      this.#host.lent.delete(memory)
    }
    this.#held.clear()
  }

  #checkDrain(): void {
    if (!this.#wantsDrain || this.#pendingBytes > 0) return
    this.#wantsDrain = false
    this.#drainDue = true
    this.#announce()
  }

  #closeIfOver(): void {
    if (this.#endSent && this.#endDelivered) this.#close(undefined)
  }

  #close(error: Error | undefined): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#closeError = error
    this.#pending.length = 0
    this.#pendingBytes = 0
    this.#releaseHeld()
    this.#inbox.length = 0
    this.#inboxBytes = 0
    this.#announce()
  }

  #announce(): void {
    if (this.#eventComes || this.#state === 'closed') return
    this.#eventComes = true
    this.#host.run(() => {
      this.#eventComes = false
      // Each call tells the owner one thing; what it does about it counts before the next.
      if (this.#tell()) this.#announce()
    })
  }

  /** Tells the owner the one thing that is next. `false` when there is none. */
  #tell(): boolean {
    if (this.#state === 'closing') {
      this.#state = 'closed'
      this.link.wireClosed()
      this.handler.onClose(this.#closeError)
      return false
    }
    if (this.#state === 'closed') return false
    if (this.#drainDue) {
      this.#drainDue = false
      this.handler.onDrain()
      return true
    }
    if (!this.#paused && this.#inboxBytes > 0) {
      this.#deliver()
      return true
    }
    const seen = this.#seenReset()
    if (seen !== undefined) {
      this.#close(seen)
      return true
    }
    if (!this.#paused && this.#endArrived && !this.#endDelivered) {
      this.#endDelivered = true
      this.handler.onEnd()
      this.#closeIfOver()
      return true
    }
    return false
  }

  /** A reset is noticed by who writes, and by who reads: a paused wire does not read, or only a little ahead. */
  #seenReset(): Error | undefined {
    if (this.#resetArrived === undefined) return undefined
    if (this.#pendingBytes > 0 && this.#corks === 0) return systemError('write', this.#resetArrived)
    if (this.#resetArrived === 'EPIPE') return undefined
    const reads = !this.#paused || (this.#readsAhead && this.#inboxBytes < READ_BYTES)
    return reads ? systemError('read', this.#resetArrived) : undefined
  }

  #deliver(): void {
    const chunk = this.#take()
    this.#send({ kind: 'ack', count: chunk.length })
    const use = this.handler.onData(chunk)
    if (use === true) chunk.fill(SCRIBBLE)
    else if (use === false) this.#host.lent.set(chunk.buffer, chunk)
  }

  #take(): Buffer {
    const most = this.#maxChunkBytes
    const size = Math.min(
      this.#inboxBytes,
      most === undefined ? READ_BYTES : 1 + Math.floor(this.#host.random() * most),
    )
    this.#inboxBytes -= size
    // Memory of its own, by which a lent chunk is known.
    const chunk = Buffer.allocUnsafeSlow(size)
    let filled = 0
    while (filled < size) {
      const first = this.#inbox[0]!
      const copied = first.copy(chunk, filled)
      if (copied === first.length) this.#inbox.shift()
      else this.#inbox[0] = first.subarray(copied)
      filled += copied
    }
    return chunk
  }
}

/** An error as Node makes it from what the operating system says. */
export function systemError(
  syscall: string,
  code: string,
  rest: { readonly address?: string; readonly port?: number; readonly hostname?: string } = {},
): Error {
  const where = rest.hostname ?? (rest.address === undefined ? '' : `${rest.address}:${rest.port}`)
  const error = new Error(`${syscall} ${code}${where === '' ? '' : ` ${where}`}`)
  return Object.assign(error, { code, syscall, ...rest })
}
