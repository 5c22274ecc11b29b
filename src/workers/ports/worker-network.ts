import type { Clock } from '../../core/clock.ts'
import { log } from '../../core/log.ts'
import type { Address, BoundListener, ListenOptions, Network, Wire } from '../../core/network.ts'
import { DEFAULT_BACKLOG, type SharedListener, type SocketHandle } from '../../transport/network.ts'
import type { SocketChannel } from '../socket-channel.ts'
import { PORTS, type PortAnswer, type PortError, type PortQuestion } from './port-messages.ts'

/** Accepts from a socket. */
export type ListenWith = (
  socket: SocketHandle,
  backlog: number,
  onWire: (wire: Wire) => void,
) => Promise<SharedListener>

interface Opened {
  readonly port: number
  readonly socket: number
  readonly address: Address
  readonly bound: SocketHandle
}

interface Opening extends Pick<PromiseWithResolvers<Opened>, 'resolve' | 'reject'> {
  readonly open: OpenPort
}

/** A port that this worker listens at. */
interface OpenPort {
  readonly backlog: number
  readonly onWire: (wire: Wire) => void
  /** By the number of their socket: its own, and those that were lent to it. A loan may end before its listener is there. */
  readonly listeners: Map<number, Promise<SharedListener>>
  closing: Promise<void> | undefined
}

/** The supervisor answers at once. One that hangs is not to keep a worker from its end. */
const ANSWER_MS = 2_000

/** The network of a worker: its sockets to listen with are those of the supervisor, everything else is as everywhere. */
export class WorkerNetwork implements Network {
  readonly connect: Network['connect']
  readonly tlsServer?: NonNullable<Network['tlsServer']>
  readonly #channel: SocketChannel
  readonly #listenWith: ListenWith
  readonly #clock: Clock
  readonly #ports = new Map<number, OpenPort>()
  readonly #opening = new Map<number, Opening>()
  readonly #leaving = new Map<number, (last: boolean) => void>()
  #nextId = 1
  /** Whether the supervisor has ended. */
  #alone = false

  constructor(channel: SocketChannel, network: Network, listenWith: ListenWith, clock: Clock) {
    this.#channel = channel
    this.#listenWith = listenWith
    this.#clock = clock
    this.connect = (options, handler) => network.connect(options, handler)
    if (network.tlsServer !== undefined) this.tlsServer = (settings) => network.tlsServer!(settings)
    channel.listen(PORTS, (message, socket) => this.#answered(message as PortAnswer, socket))
    void channel.closed.then(() => this.#goOnAlone())
  }

  async listen(options: ListenOptions, onWire: (wire: Wire) => void): Promise<BoundListener> {
    const { host, port, backlog = DEFAULT_BACKLOG } = options
    const open: OpenPort = { backlog, onWire, listeners: new Map(), closing: undefined }
    const opened = await this.#open(host, port, open)
    try {
      await this.#accept(open, opened.socket, opened.bound)
    } catch (error) {
      this.#destroy(opened.port, open)
      throw error
    }
    return {
      address: opened.address,
      close: () => {
        open.closing ??= this.#close(opened.port, open)
        return open.closing
      },
      destroy: () => {
        open.closing ??= Promise.resolve(this.#destroy(opened.port, open))
      },
    }
  }

  #open(host: string, port: number, open: OpenPort): Promise<Opened> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<Opened>()
    this.#opening.set(id, { open, resolve, reject })
    this.#ask({ kind: 'open', id, host, port })
    if (this.#alone) this.#goOnAlone()
    return promise
  }

  #answered(message: PortAnswer, socket: SocketHandle | undefined): void {
    switch (message.kind) {
      case 'opened': {
        const opening = this.#opening.get(message.id)
        this.#opening.delete(message.id)
        if (socket === undefined) opening?.reject(new Error('a socket of the supervisor did not arrive'))
        else if (opening !== undefined) {
          // At once: what others have left behind is lent to it in the next message.
          this.#ports.set(message.port, opening.open)
          opening.resolve({ ...message, bound: socket })
        }
        return
      }
      case 'refused':
        this.#opening.get(message.id)?.reject(asError(message.error))
        this.#opening.delete(message.id)
        return
      case 'leave':
        this.#leaving.get(message.id)?.(message.last)
        this.#leaving.delete(message.id)
        return
      case 'lent':
        if (socket !== undefined) this.#borrow(message.port, message.socket, socket)
        return
      case 'back':
        this.#giveBack(message.socket, message.last)
    }
  }

  /** Serves those, too, who connect to a worker that is not there. */
  #borrow(port: number, id: number, socket: SocketHandle): void {
    const open = this.#ports.get(port)
    if (open === undefined || open.closing !== undefined) {
      socket.close()
      this.#ask({ kind: 'left', socket: id })
      return
    }
    this.#accept(open, id, socket).catch((error: unknown) => {
      open.listeners.delete(id)
      log.error('whoever connects to a worker that is not there has to wait for it', error)
    })
  }

  #accept(
    { backlog, onWire, listeners }: OpenPort,
    id: number,
    socket: SocketHandle,
  ): Promise<SharedListener> {
    const listener = this.#listenWith(socket, backlog, onWire)
    listeners.set(id, listener)
    return listener
  }

  #giveBack(id: number, last: boolean): void {
    for (const { listeners } of this.#ports.values()) {
      const listener = listeners.get(id)
      if (listener === undefined) continue
      listeners.delete(id)
      if (last) listener.then((it) => it.close()).catch(ignore)
      else leave(listener)
    }
  }

  async #close(port: number, open: OpenPort): Promise<void> {
    await Promise.all(
      [...open.listeners].map(async ([id, listener]) => {
        if (await this.#mayLeave(id)) await (await listener).close()
        else leave(listener)
      }),
    )
    // It may listen there again meanwhile.
    if (this.#ports.get(port) === open) this.#ports.delete(port)
  }

  #destroy(port: number, { listeners }: OpenPort): void {
    for (const [id, listener] of listeners) {
      leave(listener)
      this.#ask({ kind: 'left', socket: id })
    }
    this.#ports.delete(port)
  }

  /** Asks whether this worker is the last that accepts from a socket. While it waits, it does. */
  #mayLeave(socket: number): Promise<boolean> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(() => answered(true), ANSWER_MS)
      const answered = (last: boolean): void => {
        timer.clear()
        this.#leaving.delete(id)
        resolve(last)
      }
      this.#leaving.set(id, answered)
      this.#ask({ kind: 'leave', id, socket })
      if (this.#alone) this.#goOnAlone()
    })
  }

  /** Without a supervisor nothing more can be listened at, and nobody else has what there is. */
  #goOnAlone(): void {
    this.#alone = true
    for (const { reject } of this.#opening.values()) reject(new Error('the supervisor has ended'))
    this.#opening.clear()
    for (const answered of [...this.#leaving.values()]) answered(true)
  }

  #ask(question: PortQuestion): void {
    this.#channel.send(PORTS, question)
  }
}

function leave(listener: Promise<SharedListener>): void {
  listener.then((it) => it.leave()).catch(ignore)
}

/** Of a listener that could not be had: whoever asked for it has been told. */
function ignore(): void {}

function asError({ message, code }: PortError): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}
