import type { Timer } from '../core/clock.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { EndpointSource, SourceSurroundings } from './endpoint-source.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import { SourceCalls } from './source-calls.ts'
import { sourceRetryMs } from './source-retry.ts'

/** Told of what a source gives. */
export interface DiscoveryListener {
  listed(endpoints: readonly (string | EndpointOptions)[]): void
  /** It has an answer that it makes no list of. */
  refused(error: Error): void
  /** It has failed, and is called again, or asks again, after `retryMs`. */
  failed(error: unknown, retryMs: number): void
}

/**
 * - `following`: the source is at work. `controller` ends it.
 * - `waiting`: it has failed, and is called again when the timer fires.
 * - `ended`: it has said all it had to say.
 * - `closed`: nobody listens any more.
 */
type Phase =
  | { readonly kind: 'following'; readonly controller: AbortController }
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'ended' }
  | { readonly kind: 'closed' }

/** Follows a source of endpoints, from its making until it is closed, and calls it again when it fails. */
export class Discovery {
  readonly #source: EndpointSource
  readonly #runtime: Runtime
  readonly #listener: DiscoveryListener
  #phase: Phase
  /** In a row: since the source was begun, or gave a list. */
  #failures = 0

  constructor(source: EndpointSource, runtime: Runtime, listener: DiscoveryListener) {
    this.#source = source
    this.#runtime = runtime
    this.#listener = listener
    this.#phase = this.#begin()
  }

  /** Aborts the source. Whatever it still gives is ignored, also by one that does not heed its signal. */
  close(): void {
    const phase = this.#phase
    this.#phase = { kind: 'closed' }
    if (phase.kind === 'following') phase.controller.abort()
    else if (phase.kind === 'waiting') phase.timer.clear()
  }

  #begin(): Phase {
    const controller = new AbortController()
    const phase: Phase = { kind: 'following', controller }
    // In a moment, so that a source which gives or throws at once finds whoever made this ready for it.
    void Promise.resolve().then(() => this.#follow(phase))
    return phase
  }

  async #follow(phase: Phase & { kind: 'following' }): Promise<void> {
    const { controller } = phase
    try {
      let listed = false
      if (this.#phase === phase) {
        for await (const endpoints of this.#source(controller.signal, this.#surroundings(phase))) {
          if (this.#phase !== phase) return
          listed = true
          this.#failures = 0
          this.#listener.listed(endpoints)
        }
      }
      if (this.#phase !== phase) return
      if (!listed) throw new Error('it has ended without a list')
      this.#phase = { kind: 'ended' }
    } catch (error) {
      if (this.#phase === phase) this.#failed(error)
    } finally {
      // What it has begun for this call ends with the call.
      controller.abort()
    }
  }

  #surroundings(phase: Phase & { kind: 'following' }): SourceSurroundings {
    const { clock, random } = this.#runtime
    const calls = new SourceCalls(this.#runtime, phase.controller.signal)
    return {
      clock,
      random,
      get: (url, options) => calls.get(url, options),
      refused: (error) => {
        if (this.#phase === phase) this.#listener.refused(error)
      },
      failed: (error, retryMs) => {
        if (this.#phase === phase) this.#listener.failed(error, retryMs)
      },
    }
  }

  #failed(error: unknown): void {
    const { clock, random } = this.#runtime
    const retryMs = sourceRetryMs(this.#failures++, random)
    const timer = clock.setTimeout(() => {
      this.#phase = this.#begin()
    }, retryMs)
    this.#phase = { kind: 'waiting', timer }
    this.#listener.failed(error, retryMs)
  }
}
