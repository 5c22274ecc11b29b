import { log } from '../../core/log.ts'
import type { SocketHandle } from '../../transport/network.ts'
import type { SocketChannel } from '../socket-channel.ts'

type Listener = (message: unknown, socket: SocketHandle | undefined) => void

/** The other process, as Node has it. */
export interface Peer {
  readonly connected: boolean
  send(message: Message, socket: SocketHandle | undefined, callback: () => void): boolean
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
  disconnect(): void
}

/** A topic, and what is said of it. */
export type Message = readonly [topic: string, content: unknown]

/**
 * So many messages may wait to leave. A process that takes none for so long hangs; what it is told would fill the memory of the
 * other one.
 */
const MAX_WAITING = 16_384

/** Messages by the channel that Node has between a process and one that it made. */
export class ProcessChannel implements SocketChannel {
  readonly closed: Promise<void>
  readonly #peer: Peer
  readonly #maxWaiting: number
  readonly #listeners = new Map<string, Listener>()
  #waiting = 0
  #emptied: PromiseWithResolvers<void> | undefined

  constructor(peer: Peer, maxWaiting: number = MAX_WAITING) {
    this.#peer = peer
    this.#maxWaiting = maxWaiting
    peer.on('message', (message, handle) => {
      this.#received(message, handle)
    })
    this.closed = new Promise((resolve) => {
      if (!peer.connected) resolve()
      peer.on('disconnect', () => {
        this.#emptied?.resolve()
        resolve()
      })
    })
  }

  send(topic: string, message: unknown, socket?: SocketHandle): boolean {
    if (!this.#peer.connected) return false
    if (this.#waiting >= this.#maxWaiting) {
      log.error(`a process has taken none of ${this.#waiting} messages: the channel to it is closed`)
      this.#peer.disconnect()
      return false
    }
    this.#waiting++
    // With a callback, an error does not become an event. It is that the other side is gone, which `closed` tells of.
    return this.#peer.send([topic, message], socket, () => {
      this.#waiting--
      if (this.#waiting === 0) this.#emptied?.resolve()
    })
  }

  listen(topic: string, listener: Listener): void {
    this.#listeners.set(topic, listener)
  }

  async end(): Promise<void> {
    if (this.#waiting > 0 && this.#peer.connected) {
      this.#emptied ??= Promise.withResolvers()
      await this.#emptied.promise
    }
    if (this.#peer.connected) this.#peer.disconnect()
  }

  #received(message: unknown, handle: unknown): void {
    const socket = isSocketHandle(handle) ? handle : undefined
    const [topic, content] = Array.isArray(message) ? (message as readonly unknown[]) : []
    const listener = typeof topic === 'string' ? this.#listeners.get(topic) : undefined
    if (listener === undefined) {
      socket?.close()
      return
    }
    try {
      listener(content, socket)
    } catch (thrown) {
      log.error(`a message of another process could not be heeded (${String(topic)})`, thrown)
    }
  }
}

function isSocketHandle(handle: unknown): handle is SocketHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    typeof (handle as Partial<SocketHandle>).getsockname === 'function' &&
    typeof (handle as Partial<SocketHandle>).close === 'function'
  )
}
