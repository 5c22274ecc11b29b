import type { SocketChannel } from './socket-channel.ts'

/** A process that was made to serve. */
export interface WorkerProcess {
  readonly pid: number
  readonly channel: SocketChannel
  /** Resolves when it has ended, however. */
  readonly ended: Promise<ProcessEnd>
  /** Ends it at once: it is not asked. */
  kill(): void
}

export interface ProcessEnd {
  /** `null` where a signal ended it, or it could not be made. */
  readonly code: number | null
  readonly signal: string | null
  /** Why it could not be made. */
  readonly error?: Error
}

/** Makes the process of a worker. */
export type MakeProcess = (number: number) => WorkerProcess
