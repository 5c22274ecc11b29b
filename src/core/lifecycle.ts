/**
 * What a running proxy is about, one after the other.
 *
 * - `starting`: not all of its listeners are open.
 * - `serving`: it is as it should be.
 * - `notice`: a drain has begun. Everything is still accepted, so that those who send it traffic have time to notice.
 * - `draining`: nothing new is accepted; what runs finishes.
 * - `closed`: what runs was given up, or nothing ran any more.
 */
export type LifecyclePhase = 'starting' | 'serving' | 'notice' | 'draining' | 'closed'

const ORDER: readonly LifecyclePhase[] = ['starting', 'serving', 'notice', 'draining', 'closed']

/** The phase of a running proxy: it goes on, and never back. */
export class Lifecycle {
  #phase: LifecyclePhase = 'starting'

  get phase(): LifecyclePhase {
    return this.#phase
  }

  /** Begins a phase, unless a later one has begun. */
  enter(phase: LifecyclePhase): void {
    if (ORDER.indexOf(phase) > ORDER.indexOf(this.#phase)) this.#phase = phase
  }
}
