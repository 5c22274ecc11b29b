import type { Timer } from '../core/clock.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { EndpointSource } from './endpoint-source.ts'
import type { EndpointOptions } from './endpoint-spec.ts'

/** Told of what a source gives. */
export interface DiscoveryListener {
  listed(endpoints: readonly (string | EndpointOptions)[]): void
  /** It has failed, and is called again after `retryMs`. */
  failed(error: unknown, retryMs: number): void
}

/** The wait for the first call after a failure, which doubles with each further one, up to the longest. */
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000
/** By which share each wait is lengthened at most, by chance: many proxies lose their source at the same moment. */
const JITTER = 0.2

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
    const { clock, random } = this.#runtime
    const { controller } = phase
    try {
      let listed = false
      if (this.#phase === phase) {
        for await (const endpoints of this.#source(controller.signal, { clock, random })) {
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

  #failed(error: unknown): void {
    const { clock, random } = this.#runtime
    const span = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++)
    const retryMs = Math.round(span * (1 + JITTER * random()))
    const timer = clock.setTimeout(() => {
      this.#phase = this.#begin()
    }, retryMs)
    this.#phase = { kind: 'waiting', timer }
    this.#listener.failed(error, retryMs)
  }
}
