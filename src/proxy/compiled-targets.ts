import { ProxyError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { type LogWriter, log } from '../core/log.ts'
import { Observers } from '../core/observers.ts'
import type { SideCall } from '../core/side-call.ts'
import { type CallTarget, ServiceAddress, usedBy } from '../core/target.ts'
import { type Pool, pool } from '../pool/pool.ts'
import type { Compilable, Compiled, Runtime, TargetRegistry } from '../transport/runtime.ts'
import { predecessors } from './predecessors.ts'

/** A pool that runs, under the description that it was compiled from. */
export interface CompiledTarget {
  readonly target: Compilable
  readonly compiled: Compiled
  /** The one whose pool it is to go on with, until it has taken it over. */
  before: CompiledTarget | undefined
  /** Descriptions of proxies that have it. */
  users: number
}

/** What others know of how it runs. Without a log, the one of the process is told. */
export type GivenRuntime = Omit<Runtime, 'targets' | 'observer' | 'log'> & {
  readonly log?: LogWriter | undefined
}

/**
 * The pools that run, by their descriptions: a pool that two routes name, or that a reload brings again, is one pool with
 * one set of numbers. A pool that a reload makes anew goes on with the one that it is made from (`predecessors`).
 */
export class CompiledTargets implements TargetRegistry {
  readonly runtime: Runtime
  readonly #known = new Map<Compilable, CompiledTarget>()
  /** Pools of services that filters know by their addresses. As many as descriptions name. */
  readonly #services = new Map<string, Pool>()
  /** Calls of filters that are under way. */
  readonly #calls = new Set<SideCall>()
  #closed = false

  constructor(given: GivenRuntime, observers: Observers = new Observers()) {
    this.runtime = {
      ...given,
      log: given.log ?? log,
      targets: this,
      get observer() {
        return observers.current
      },
    }
  }

  /** What answers a target that a filter or a handler has named. */
  handlerOf(target: CallTarget): Handler {
    if (typeof target === 'function') return target
    return this.running(this.#compilable(target)).handler
  }

  running(target: Compilable): Compiled {
    const known = this.#known.get(target)
    if (known === undefined)
      throw new TypeError('a target was asked for that nobody has: filters name theirs with `withTargets`')
    return known.compiled
  }

  /** Those of a proxy's description. `served` are those of the description that is served until then. */
  acquire(targets: Iterable<CallTarget>, served: Iterable<CompiledTarget>): Map<Compilable, CompiledTarget> {
    const distinct = this.#withUsed(targets)
    const before = predecessors(distinct, [...served])
    const acquired = new Map<Compilable, CompiledTarget>()
    try {
      for (const target of distinct) {
        const entry = this.#known.get(target) ?? this.#compile(target, before.get(target))
        entry.users++
        acquired.set(target, entry)
      }
    } catch (error) {
      // A filter that a pool makes for an endpoint, for example, may throw. Those before it are compiled.
      for (const entry of acquired.values()) this.release(entry)
      throw error
    }
    return acquired
  }

  /** It is served from now on. The pool that it goes on with is known by its description, and no longer by the old one. */
  takeOver(entry: CompiledTarget): void {
    const { before } = entry
    if (before === undefined) return
    entry.before = undefined
    if (this.#known.get(before.target) === before) this.#known.delete(before.target)
    entry.compiled.takeOver()
  }

  release(entry: CompiledTarget): void {
    if (--entry.users > 0) return
    if (this.#known.get(entry.target) === entry) this.#known.delete(entry.target)
    entry.compiled.close()
  }

  callBegan(call: SideCall): void {
    if (this.#closed) throw new ProxyError('proxy_closed')
    this.#calls.add(call)
  }

  callEnded(call: SideCall): void {
    this.#calls.delete(call)
  }

  /** Ends what filters still have under way, and lets them begin nothing more. */
  endCalls(): void {
    this.#closed = true
    for (const call of this.#calls) call.abort(new ProxyError('proxy_closed'))
  }

  #compilable(target: Exclude<CallTarget, Handler>): Compilable {
    if (!(target instanceof ServiceAddress)) return target as Compilable
    const { origin } = target
    let service = this.#services.get(origin)
    if (service === undefined) {
      service = pool([origin], { name: origin, host: 'endpoint' })
      this.#services.set(origin, service)
    }
    return service
  }

  /** Targets and all that they use, each behind those that it uses. */
  #withUsed(targets: Iterable<CallTarget>, found: Set<Compilable> = new Set()): Set<Compilable> {
    for (const target of targets) {
      if (typeof target === 'function') {
        this.#withUsed(usedBy([target]), found)
        continue
      }
      const compilable = this.#compilable(target)
      if (found.has(compilable)) continue
      this.#withUsed(compilable.uses ?? [], found)
      found.add(compilable)
    }
    return found
  }

  #compile(target: Compilable, before: CompiledTarget | undefined): CompiledTarget {
    const compiled = target.compile(this.runtime, before?.compiled)
    const entry: CompiledTarget = { target, compiled, before, users: 0 }
    this.#known.set(target, entry)
    return entry
  }
}
