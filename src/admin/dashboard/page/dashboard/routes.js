/** @import { AdminSnapshot, RouteStatus } from '../../../api.ts' */
import { count, percent, plural, quantity, took } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { attribute, byId, copyOf, part, say, showIf } from './parts.js'
import { Rates } from './rates.js'
import { SortedTable } from './sorted-table.js'

/**
 * @typedef {object} RouteEntry
 * @property {string} key
 * @property {RouteStatus} route
 * @property {string} target
 * @property {number | undefined} rate
 */

/** The table of routes, in the order in which they are tried unless it is sorted by a column. */
export class Routes {
  /** @type {KeyedChildren<RouteEntry, RouteRow>} */
  #rows = new KeyedChildren(byId('route-rows'), () => new RouteRow())
  #filter = /** @type {HTMLInputElement} */ (byId('route-filter'))
  #rates = new Rates()
  #sorting = new SortedTable(byId('route-table'), VALUES, () => this.#show())
  /** @type {readonly RouteEntry[]} */
  #entries = []

  constructor() {
    this.#filter.addEventListener('input', () => this.#show())
  }

  /** @param {AdminSnapshot} snapshot */
  show({ routes, proxy }) {
    const keys = keysOf(routes)
    const rates = this.#rates.of(
      proxy.now,
      new Map(routes.map((route, index) => [keys[index] ?? '', route.matches])),
    )
    this.#entries = routes.map((route, index) => {
      const key = keys[index] ?? ''
      return { key, route, target: targetText(route), rate: rates.get(key) }
    })
    this.#show()
  }

  #show() {
    const word = this.#filter.value.trim().toLowerCase()
    const found = this.#entries.filter(({ route, target }) =>
      [route.match, target, ...route.filters, ...route.pools].some((text) =>
        text.toLowerCase().includes(word),
      ),
    )
    this.#rows.show(this.#sorting.sorted(found), ({ key }) => key)
    showIf(byId('no-routes'), found.length === 0)
    const all = this.#entries.length
    say(
      byId('routes-count'),
      found.length === all ? plural(all, 'route') : `${count(found.length)} of ${plural(all, 'route')}`,
    )
  }
}

/** What the columns are sorted by. @type {Readonly<Record<string, (entry: RouteEntry) => string | number | undefined>>} */
const VALUES = {
  match: ({ route }) => route.match,
  target: ({ target }) => target,
  rate: ({ rate }) => rate,
  matches: ({ route }) => route.matches,
  inFlight: ({ route }) => route.inFlight,
  failures: ({ route }) => route.failures,
  p50: ({ route }) => route.latency?.p50,
  p90: ({ route }) => route.latency?.p90,
  p99: ({ route }) => route.latency?.p99,
  max: ({ route }) => route.latency?.max,
}

class RouteRow {
  element = copyOf('route-template')
  #match = part(this.element, 'match')
  #filters = part(this.element, 'filters')
  #target = part(this.element, 'target')
  #rate = part(this.element, 'rate')
  #matches = part(this.element, 'matches')
  #inFlight = part(this.element, 'in-flight')
  #failures = part(this.element, 'failures')
  #share = part(this.element, 'share')
  #times = /** @type {const} */ (['p50', 'p90', 'p99', 'max']).map((name) => ({
    name,
    cell: part(this.element, name),
  }))

  /** @param {RouteEntry} entry */
  show({ route, target, rate }) {
    say(this.#match, route.match)
    say(this.#filters, route.filters.join(' → '))
    say(this.#target, target)
    say(this.#rate, quantity(rate))
    say(this.#matches, count(route.matches))
    say(this.#inFlight, count(route.inFlight))
    say(this.#failures, count(route.failures))
    attribute(this.#failures, 'class', route.failures > 0 ? 'some' : '')
    say(this.#share, route.failures > 0 ? percent(route.failures, route.matches) : '')
    for (const { name, cell } of this.#times) say(cell, took(route.latency?.[name]))
  }
}

/** @param {RouteStatus} route */
function targetText({ target, pools }) {
  const others = pools.filter((pool) => pool !== target.name)
  // One without a name of its own is called what it is.
  const own = target.name === target.kind ? target.kind : `${target.kind} ${target.name}`
  return [own, ...others].join(', ')
}

/**
 * Routes may match the same: they are told apart by which of those it is.
 * @param {readonly RouteStatus[]} routes
 */
function keysOf(routes) {
  /** @type {Map<string, number>} */
  const seen = new Map()
  return routes.map(({ match }) => {
    const times = (seen.get(match) ?? 0) + 1
    seen.set(match, times)
    return `${match}\n${times}`
  })
}
