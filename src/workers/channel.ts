/** Messages between a supervisor and one of its workers. What is sent is cloned (structured clone: bytes are cheap). */
export interface Channel {
  /** Sends under a topic. Nothing once it is closed. `false`: much waits to leave; send less, where that can wait. */
  send(topic: string, message: unknown): boolean
  /** One listener for each topic; another one takes its place. Until there is one, messages of a topic are dropped. */
  listen(topic: string, listener: (message: unknown) => void): void
  /** Resolves when the other side is gone, or the channel was closed. */
  readonly closed: Promise<void>
}
