import { AsyncLocalStorage } from 'node:async_hooks'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'

/** Told of real input, output or waiting that a simulation's own code has attempted. */
export type OnRealIo = (error: Error) => void

const simulations = new AsyncLocalStorage<OnRealIo>()
let running = 0
let restore: (() => void) | undefined

/**
 * Runs a function, and everything that follows from it, as part of a simulation: in there, opening a real socket, listening,
 * asking the name service or setting a real timer throws. All else in the process goes on as before.
 */
export function withinSimulation<T>(onRealIo: OnRealIo, run: () => T): T {
  return simulations.run(onRealIo, run)
}

/** Watches, until the function that it returns is called. */
export function guardRealIo(): () => void {
  if (running++ === 0) restore = install()
  let released = false
  return () => {
    if (released) return
    released = true
    if (--running > 0) return
    restore?.()
    restore = undefined
  }
}

function install(): () => void {
  const undo = [
    ...[globalThis, timers].flatMap((owner) => [
      refuse(owner, 'setTimeout', SET_TIMER, TAKE_TIME),
      refuse(owner, 'setInterval', SET_TIMER, TAKE_TIME),
    ]),
    refuse(timersPromises, 'setTimeout', SET_TIMER, TAKE_TIME),
    refuse(timersPromises, 'setInterval', SET_TIMER, TAKE_TIME),
    refuse(AbortSignal, 'timeout', SET_TIMER, TAKE_TIME),
    refuse(net.Socket.prototype, 'connect', 'open a real socket'),
    refuse(net.Server.prototype, 'listen', 'listen on a real port'),
    refuse(dgram.Socket.prototype, 'bind', 'bind a real UDP socket'),
    refuse(dgram.Socket.prototype, 'send', 'send a real datagram'),
    refuse(dns, 'lookup', 'ask the real name service'),
    refuse(dns, 'resolve', 'ask the real name service'),
    refuse(dns.promises, 'lookup', 'ask the real name service'),
    refuse(dns.promises, 'resolve', 'ask the real name service'),
  ]
  // Also for those who import the functions by name.
  syncBuiltinESMExports()
  return () => {
    for (const one of undo) one()
    syncBuiltinESMExports()
  }
}

const SET_TIMER = 'set a real timer'
const TAKE_TIME =
  'Inside, time is virtual, and a real timer would fire at a moment of its own: use exchange.clock.setTimeout'
const SCRIPT_IT =
  'Inside, all services are simulated: script them with sim.upstream(url), or give what you call as an option, so that a test can replace it'

/** Puts a method behind the guard. Returns what takes it away again. */
function refuse<T extends object>(
  owner: T,
  name: keyof T & string,
  what: string,
  instead: string = SCRIPT_IT,
): () => void {
  const real = owner[name] as (...args: unknown[]) => unknown
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    const onRealIo = simulations.getStore()
    if (onRealIo === undefined) return real.apply(this, args)
    const error = new Error(`simulate: an attempt to ${what} inside a simulation. ${instead}`)
    onRealIo(error)
    throw error
  }
  Object.defineProperty(owner, name, { value: guarded, configurable: true, writable: true })
  return () => {
    // Someone else may have put something over it since.
    if (owner[name] === guarded)
      Object.defineProperty(owner, name, { value: real, configurable: true, writable: true })
  }
}
