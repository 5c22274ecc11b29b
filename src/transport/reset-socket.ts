import type { Socket } from 'node:net'

/**
 * Closes a connection so that what was sent last cannot be taken for the whole: with a reset, where there can be one. Node throws
 * where it is asked to reset a connection with TLS, or one of a Unix socket: these are closed. What the peer sees of TLS is an end that was not
 * announced. Where we have said that we send no more, the system refuses to reset, and Node's socket would be neither open nor
 * closed ever after.
 */
export function resetSocket(socket: Socket): void {
  const isPlainTcp = !('encrypted' in socket) && socket.remoteFamily !== undefined
  if (isPlainTcp && !socket.writableEnded) socket.resetAndDestroy()
  else socket.destroy()
}
