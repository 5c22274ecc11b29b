import { AsyncLocalStorage } from 'node:async_hooks'
import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { KitError } from '../kit-error.ts'

const guards = new AsyncLocalStorage<RealIoGuard>()
/** What stands in the place of real functions, so that nothing is guarded twice. */
const guarded = new WeakSet<object>()
let running = 0
let uninstall: (() => void) | undefined

/**
 * Keeps a simulation's own code from the world outside: in there, opening a real socket, listening, asking the name service,
 * starting a process or setting a real timer throws. All else in the process goes on as before. What is open already, such
 * as a kept connection, is not seen.
 */
export class RealIoGuard {
  readonly #onAttempt: (error: Error) => void
  #released = false

  constructor(onAttempt: (error: Error) => void) {
    this.#onAttempt = onAttempt
    if (running++ === 0) uninstall = install()
  }

  /** Runs a function. What follows from it is guarded. */
  within<T>(run: () => T): T {
    return guards.run(this, run)
  }

  /** Guards no more, not even what goes on after its simulation. */
  release(): void {
    if (this.#released) return
    this.#released = true
    if (--running > 0) return
    uninstall?.()
    uninstall = undefined
  }

  /** @internal */
  check(what: string, instead: string): void {
    if (this.#released) return
    const error = new KitError(`simulate: an attempt to ${what} inside a simulation. ${instead}`)
    this.#onAttempt(error)
    throw error
  }
}

const TAKE_TIME =
  'Inside, time is virtual, and a real timer would fire at a moment of its own: use exchange.clock.setTimeout'
const SCRIPT_IT =
  'Inside, all services are simulated: script them with sim.upstream(url), or give what you call as an option, so that a test can replace it'

function install(): () => void {
  const undo = [
    ...[globalThis, timers, timersPromises].flatMap((owner) =>
      refuseAll(owner, ['setTimeout', 'setInterval'], 'set a real timer', TAKE_TIME),
    ),
    ...refuseAll(AbortSignal, ['timeout'], 'set a real timer', TAKE_TIME),
    ...refuseAll(net.Socket.prototype, ['connect'], 'open a real socket'),
    ...refuseAll(net.Server.prototype, ['listen'], 'listen on a real port'),
    ...refuseAll(dgram.Socket.prototype, ['bind', 'send'], 'use a real UDP socket'),
    ...[dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype].flatMap((owner) =>
      refuseAll(owner, asking(owner), 'ask the real name service'),
    ),
    ...refuseAll(
      childProcess,
      ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'],
      'start a process',
      'Give what you start as an option, so that a test can replace it',
    ),
  ]
  // Also for those who import the functions by name.
  syncBuiltinESMExports()
  return () => {
    for (const one of undo) one()
    syncBuiltinESMExports()
  }
}

/** The names of the methods that ask. */
function asking(owner: object): string[] {
  return Object.getOwnPropertyNames(owner).filter((name) => /^(?:lookup|resolve|reverse)/.test(name))
}

/** Puts methods behind the guard. Returns what takes it away again. */
function refuseAll(
  owner: object,
  names: readonly string[],
  what: string,
  instead: string = SCRIPT_IT,
): (() => void)[] {
  return names.map((name) => {
    const real: unknown = Reflect.get(owner, name)
    if (typeof real !== 'function' || guarded.has(real)) return () => {}
    const own = Object.getOwnPropertyDescriptor(owner, name)
    const stand = function (this: unknown, ...args: unknown[]): unknown {
      guards.getStore()?.check(what, instead)
      return Reflect.apply(real, this, args) as unknown
    }
    guarded.add(stand)
    Object.defineProperties(stand, {
      // Functions that are promisified bring their own way along.
      ...Object.getOwnPropertyDescriptors(real),
    })
    Object.defineProperty(owner, name, {
      value: stand,
      configurable: true,
      writable: true,
      enumerable: own?.enumerable ?? true,
    })
    return () => {
      // Someone else, such as a test runner's fake timers, may have put something over it since.
      if (Reflect.get(owner, name) !== stand) return
      if (own === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, own)
    }
  })
}
