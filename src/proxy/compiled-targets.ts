import type { Compilable, Compiled, Runtime } from '../transport/runtime.ts'
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

/**
 * The pools that run, by their descriptions: a pool that two routes name, or that a reload brings again, is one pool with
 * one set of numbers. A pool that a reload makes anew goes on with the one that it is made from (`predecessors`).
 */
export class CompiledTargets {
  readonly #runtime: Runtime
  readonly #known = new Map<Compilable, CompiledTarget>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Those of a proxy's description. `served` are those of the description that is served until then. */
  acquire(targets: Iterable<Compilable>, served: Iterable<CompiledTarget>): Map<Compilable, CompiledTarget> {
    const distinct = new Set(targets)
    const before = predecessors(distinct, [...served])
    const acquired = new Map<Compilable, CompiledTarget>()
    for (const target of distinct) {
      const entry = this.#known.get(target) ?? this.#compile(target, before.get(target))
      entry.users++
      acquired.set(target, entry)
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

  #compile(target: Compilable, before: CompiledTarget | undefined): CompiledTarget {
    const compiled = target.compile(this.#runtime, before?.compiled)
    const entry: CompiledTarget = { target, compiled, before, users: 0 }
    this.#known.set(target, entry)
    return entry
  }
}
