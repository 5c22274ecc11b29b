import type { Socket } from 'node:net'

const watched = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls when a socket closes. Returns what takes that back. Many requests may wait on one connection: they share one listener,
 * which is there as long as one of them is.
 */
export function onSocketClose(socket: Socket, listener: () => void): () => void {
  const listeners = watched.get(socket) ?? begin(socket)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0 || watched.get(socket) !== listeners) return
    watched.delete(socket)
    socket.off('close', closed)
  }
}

function begin(socket: Socket): Set<() => void> {
  const listeners = new Set<() => void>()
  watched.set(socket, listeners)
  socket.on('close', closed)
  return listeners
}

function closed(this: Socket): void {
  const listeners = watched.get(this)
  watched.delete(this)
  for (const listener of [...(listeners ?? [])]) listener()
}
