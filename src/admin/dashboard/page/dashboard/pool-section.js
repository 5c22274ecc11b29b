/** @import { EndpointStatus } from '../../../api.ts' */
/** @import { EndpointEntry } from './endpoint-row.js' */
/** @import { PoolEntry } from './pools.js' */
import { Decisions } from './decisions.js'
import { EndpointRow } from './endpoint-row.js'
import { serves, tallyOf, toneOf } from './endpoint-tone.js'
import { count, plural } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { attribute, copyOf, part, say, showIf } from './parts.js'

/** Of a pool with more endpoints than this, those that serve are shown when they are asked for. */
const MOST_OPEN = 16
/** Of those that do not serve, so many are shown without being asked for. */
const MOST_UNFIT = 12
const MOST_ROUTES = 6

let sections = 0

/** A pool: its balancer, the routes that lead to it, a tally of states, and its endpoints. */
export class PoolSection {
  element = copyOf('pool-template')
  #name = part(this.element, 'name')
  #balancer = part(this.element, 'balancer')
  #panic = part(this.element, 'panic')
  #toggle = part(this.element, 'toggle')
  #routes = part(this.element, 'routes')
  #rest = part(this.element, 'rest')
  #table = part(this.element, 'table')
  /** @type {KeyedChildren<Tally, TallyView>} */
  #tally = new KeyedChildren(part(this.element, 'tally'), () => new TallyView())
  /** @type {KeyedChildren<EndpointEntry, EndpointRow>} */
  #rows
  /** @type {PoolEntry | undefined} */
  #entry
  #decisions
  #open = false

  /** @param {() => void} changed */
  constructor(changed) {
    const id = `pool-${++sections}`
    this.#name.id = `${id}-name`
    part(this.element, 'rows').id = `${id}-rows`
    attribute(this.element, 'aria-labelledby', `${id}-name`)
    attribute(this.#table, 'aria-labelledby', `${id}-name`)
    attribute(this.#toggle, 'aria-controls', `${id}-rows`)
    this.#decisions = new Decisions(this.element)
    this.#rows = new KeyedChildren(part(this.element, 'rows'), () => new EndpointRow(changed))
    this.#toggle.addEventListener('click', () => {
      this.#open = !this.#open
      if (this.#entry !== undefined) this.show(this.#entry)
    })
  }

  /** @param {PoolEntry} entry */
  show(entry) {
    this.#entry = entry
    const { pool, endpoints, routes, searched, readOnly, now } = entry
    say(this.#name, pool.name)
    say(this.#balancer, pool.balancer)
    showIf(this.#panic, pool.panic)
    say(this.#routes, routesText(routes))
    this.#decisions.show(pool.lastDecisions)
    this.#tally.show(tallyOf(pool.endpoints), ({ state }) => state)

    const large = endpoints.length > MOST_OPEN
    const shown = large && !this.#open ? unfitOf(endpoints, this.#rows.focusedKey()) : endpoints
    this.#rows.show(
      shown.map((endpoint) => ({ pool: pool.name, endpoint, readOnly, now })),
      ({ endpoint }) => endpoint.id,
    )
    showIf(this.#table, shown.length > 0)
    showIf(this.#toggle, large)
    attribute(this.#toggle, 'aria-expanded', String(this.#open))
    say(this.#toggle, this.#open ? 'Show fewer' : `Show all ${count(endpoints.length)}`)
    say(this.#rest, restText(pool.endpoints.length, endpoints.length, shown.length, searched))
    showIf(this.#rest, this.#rest.textContent !== '')
  }
}

/** @typedef {{ state: EndpointStatus['state'], count: number }} Tally */

class TallyView {
  element = copyOf('tally-template')

  /** @param {Tally} tally */
  show(tally) {
    attribute(this.element, 'data-tone', toneOf(tally.state))
    say(part(this.element, 'count'), count(tally.count))
    say(part(this.element, 'word'), tally.state)
  }
}

/**
 * Also the one that someone is busy with, who would lose the focus.
 * @param {readonly EndpointStatus[]} endpoints
 * @param {string | undefined} held
 */
function unfitOf(endpoints, held) {
  const unfit = endpoints.filter((endpoint) => !serves(endpoint)).slice(0, MOST_UNFIT)
  return endpoints.filter((endpoint) => unfit.includes(endpoint) || endpoint.id === held)
}

/** @param {readonly string[]} routes */
function routesText(routes) {
  if (routes.length === 0) return 'no route'
  const more = routes.length > MOST_ROUTES ? ` and ${plural(routes.length - MOST_ROUTES, 'more route')}` : ''
  return routes.slice(0, MOST_ROUTES).join(' · ') + more
}

/**
 * @param {number} all
 * @param {number} asked
 * @param {number} shown
 * @param {boolean} searched
 */
function restText(all, asked, shown, searched) {
  if (all === 0) return 'It has no endpoint.'
  if (shown < asked) return `${plural(asked - shown, 'endpoint')} not shown.`
  return searched && asked < all ? `${plural(all - asked, 'endpoint')} left out by the search.` : ''
}
