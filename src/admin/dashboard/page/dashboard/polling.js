/** @import { AdminSnapshot } from '../../../api.ts' */
import { ask, messageOf, TokenWanted } from './api.js'

const EACH_MS = 1000
const TIMEOUT_MS = 10_000
const LONGEST_WAIT_MS = 15_000

/**
 * @typedef {object} PollingListener
 * @property {(snapshot: AdminSnapshot) => void} snapshot
 * @property {(waitMs: number, why: string) => void} failed it is asked again after so long
 * @property {() => void} tokenWanted nothing is asked until `now()`
 */

/** Asks for a snapshot each second, while the page can be seen; less and less often while that fails. */
export class Polling {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #asking = false
  #failures = 0
  #stopped = false
  #listener

  /** @param {PollingListener} listener */
  constructor(listener) {
    this.#listener = listener
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && !this.#stopped) this.now()
    })
  }

  /** Asks at once, or goes on with asking. */
  now() {
    this.#stopped = false
    clearTimeout(this.#timer)
    void this.#poll()
  }

  async #poll() {
    if (this.#asking) return
    this.#asking = true
    const wait = await this.#ask()
    this.#asking = false
    if (wait === undefined) this.#stopped = true
    else this.#timer = setTimeout(() => this.#unlessHidden(), wait)
  }

  #unlessHidden() {
    if (!document.hidden) void this.#poll()
  }

  /** @returns {Promise<number | undefined>} how long to wait then */
  async #ask() {
    const began = performance.now()
    try {
      const response = await ask('/api/snapshot', { signal: AbortSignal.timeout(TIMEOUT_MS) })
      /** @type {AdminSnapshot} */
      const snapshot = await response.json()
      this.#failures = 0
      this.#listener.snapshot(snapshot)
      return Math.max(0, EACH_MS - (performance.now() - began))
    } catch (error) {
      if (error instanceof TokenWanted) {
        this.#listener.tokenWanted()
        return undefined
      }
      const wait = Math.min(LONGEST_WAIT_MS, EACH_MS * 2 ** this.#failures++)
      this.#listener.failed(wait, messageOf(error))
      return wait
    }
  }
}
