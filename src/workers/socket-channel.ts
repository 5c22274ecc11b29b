import type { SocketHandle } from '../transport/network.ts'
import type { Channel } from './channel.ts'

/** A channel that hands over listening sockets beside what is said. */
export interface SocketChannel extends Channel {
  send(topic: string, message: unknown, socket?: SocketHandle): boolean
  listen(topic: string, listener: (message: unknown, socket: SocketHandle | undefined) => void): void
  /** Closes it when what was sent has left. */
  end(): Promise<void>
}
