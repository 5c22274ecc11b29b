/** @import { AdminSnapshot, EndpointStatus, PoolStatus } from '../../../api.ts' */
import { serves } from './endpoint-tone.js'
import { plural } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { byId, say, showIf } from './parts.js'
import { PoolSection } from './pool-section.js'

/**
 * @typedef {object} PoolEntry
 * @property {PoolStatus} pool
 * @property {readonly EndpointStatus[]} endpoints those that are asked for
 * @property {readonly string[]} routes what leads to it
 * @property {boolean} searched whether others were left out
 * @property {boolean} readOnly whether nothing can be done with them
 * @property {number} now
 */

/** All pools, or what of them is looked for. */
export class Pools {
  /** @type {KeyedChildren<PoolEntry, PoolSection>} */
  #sections
  #filter = /** @type {HTMLInputElement} */ (byId('pool-filter'))
  #unfit = /** @type {HTMLInputElement} */ (byId('pool-unfit'))
  /** @type {AdminSnapshot | undefined} */
  #snapshot

  /** @param {() => void} changed */
  constructor(changed) {
    this.#sections = new KeyedChildren(byId('pool-list'), () => new PoolSection(changed))
    for (const input of [this.#filter, this.#unfit]) input.addEventListener('input', () => this.#show())
  }

  /** @param {AdminSnapshot} snapshot */
  show(snapshot) {
    this.#snapshot = snapshot
    this.#show()
  }

  #show() {
    if (this.#snapshot === undefined) return
    const { pools, routes, proxy } = this.#snapshot
    const word = this.#filter.value.trim().toLowerCase()
    const searched = word !== '' || this.#unfit.checked
    const entries = pools
      .map((pool) => ({
        pool,
        endpoints: this.#asked(pool, word),
        routes: routes.filter((route) => route.pools.includes(pool.name)).map(({ match }) => match),
        searched,
        readOnly: proxy.readOnly,
        now: proxy.now,
      }))
      .filter(({ endpoints }) => !searched || endpoints.length > 0)
    this.#sections.show(entries, ({ pool }) => pool.name)
    showIf(byId('no-pools'), entries.length === 0)
    const endpoints = pools.reduce((sum, pool) => sum + pool.endpoints.length, 0)
    say(byId('pools-count'), `${plural(pools.length, 'pool')}, ${plural(endpoints, 'endpoint')}`)
  }

  /**
   * @param {PoolStatus} pool
   * @param {string} word
   */
  #asked({ name, endpoints }, word) {
    const all = name.toLowerCase().includes(word)
    return endpoints.filter((endpoint) => {
      if (this.#unfit.checked && serves(endpoint)) return false
      const { id, url, zone, state } = endpoint
      return all || [id, url, zone ?? '', state].some((text) => text.toLowerCase().includes(word))
    })
  }
}
