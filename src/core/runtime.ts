import type { Clock } from './clock.ts'
import type { Handler } from './handler.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'

/** What a description is compiled against: time, chance and network, and the one who closes what is opened. */
export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
}

/** A compiled part of a proxy: its handler, and its end. */
export interface Compiled {
  readonly handler: Handler
  /** What it is and does, for `explain`. */
  readonly explain: ExplainTarget
  /** Releases what it holds once no exchange uses it any more. */
  close(): void
}

/** Something that stands where a handler can stand and is compiled to one: a pool, a proxy. */
export interface Compilable {
  /** @internal */
  [compile](runtime: Runtime): Compiled
}

/** @internal */
export const compile: unique symbol = Symbol('gatewright.compile')

export type Target = Handler | Compilable

/** A target as `explain` shows it. */
export interface ExplainTarget {
  readonly kind: 'handler' | 'pool' | 'proxy'
  readonly name: string
  readonly balancer?: string
  readonly filters?: readonly string[]
  readonly endpoints?: readonly {
    readonly id: string
    readonly url: string
    readonly weight: number
    readonly inFlight: number
  }[]
}

export function isCompilable(target: unknown): target is Compilable {
  return typeof target === 'object' && target !== null && compile in target
}
