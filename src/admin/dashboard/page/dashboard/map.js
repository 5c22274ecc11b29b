/** @import { AdminSnapshot, ListenerStatus, PoolStatus, RouteStatus } from '../../../api.ts' */
import { STATES, serves, tallyOf, toneOf } from './endpoint-tone.js'
import { count, plural, quantity } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { MapEdges } from './map-edges.js'
import { attribute, byId, copyOf, part, say, showIf } from './parts.js'
import { Rates } from './rates.js'

const MOST_ROUTES = 10
const MOST_POOLS = 12
const MOST_MARKS = 24

/**
 * @typedef {object} RouteNode
 * @property {string} key
 * @property {RouteStatus} route
 * @property {number} rate
 */

/** How requests flow: from listeners over routes to pools. Of many routes, the busiest are shown. */
export class TrafficMap {
  #rates = new Rates()
  #edges = new MapEdges(byId('map-figure'), byId('map-edges'))
  /** @type {KeyedChildren<ListenerStatus, Node>} */
  #listeners = new KeyedChildren(byId('map-listeners'), () => new Node('map-node-template'))
  /** @type {KeyedChildren<RouteNode, Node>} */
  #routes = new KeyedChildren(byId('map-routes'), () => new Node('map-node-template'))
  /** @type {KeyedChildren<PoolStatus, PoolNode>} */
  #pools = new KeyedChildren(byId('map-pools'), () => new PoolNode())

  /** @param {AdminSnapshot} snapshot */
  show({ proxy, listeners, routes, pools }) {
    const rates = this.#rates.of(
      proxy.now,
      new Map(routes.map(({ matches }, index) => [`${index}`, matches])),
    )
    const all = routes.map((route, index) => ({ key: `${index}`, route, rate: rates.get(`${index}`) ?? 0 }))
    const shown = busiest(all)
    const reached = new Set(shown.flatMap(({ route }) => route.pools))
    const shownPools = pools
      .toSorted((a, b) => Number(reached.has(b.name)) - Number(reached.has(a.name)))
      .slice(0, MOST_POOLS)

    this.#listeners.show(listeners, ({ url }) => url)
    this.#routes.show(shown, ({ key }) => key)
    this.#pools.show(shownPools, ({ name }) => name)
    showRest(byId('map-more-routes'), routes.length - shown.length, 'quieter route')
    showRest(byId('map-more-pools'), pools.length - shownPools.length, 'more pool')
    this.#edges.show(
      shown.flatMap(({ route, key, rate }) => [
        // How much of it each listener brings, nobody counts.
        ...listeners.map(({ url }) => ({ from: `listener ${url}`, to: `route ${key}`, rate: 0 })),
        ...route.pools.map((pool) => ({ from: `route ${key}`, to: `pool ${pool}`, rate })),
      ]),
    )
  }
}

/** A listener or a route. */
class Node {
  element

  /** @param {string} template */
  constructor(template) {
    this.element = copyOf(template)
  }

  /** @param {ListenerStatus | RouteNode} entry */
  show(entry) {
    const { name, about, leads, node } = 'url' in entry ? ofListener(entry) : ofRoute(entry)
    say(part(this.element, 'name'), name)
    say(part(this.element, 'about'), about)
    say(part(this.element, 'leads'), leads)
    attribute(this.element, 'data-node', node)
  }
}

class PoolNode {
  element = copyOf('map-pool-template')
  /** @type {KeyedChildren<PoolStatus['endpoints'][number], Mark>} */
  #marks = new KeyedChildren(part(this.element, 'marks'), () => new Mark())

  /** @param {PoolStatus} pool */
  show({ name, endpoints, panic }) {
    say(part(this.element, 'name'), name)
    attribute(this.element, 'data-node', `pool ${name}`)
    attribute(part(this.element, 'link'), 'href', '#pools')
    // Those that want attention come first, so that they are among the marks of a large pool.
    const marks = endpoints.toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state))
    this.#marks.show(marks.slice(0, MOST_MARKS), (_, index) => `${index}`)
    const fit = endpoints.filter(serves).length
    const unfit = tallyOf(endpoints).filter(({ state }) => state !== 'serving' && state !== 'warming')
    const troubles = unfit.map(({ state, count: number }) => `, ${count(number)} ${state}`).join('')
    say(
      part(this.element, 'about'),
      `${count(fit)} of ${count(endpoints.length)} serve${troubles}${panic ? ', panic' : ''}`,
    )
  }
}

class Mark {
  element = document.createElement('i')

  constructor() {
    this.element.className = 'mark'
  }

  /** @param {PoolStatus['endpoints'][number]} endpoint */
  show({ state }) {
    attribute(this.element, 'data-tone', toneOf(state))
  }
}

/** @param {ListenerStatus} listener */
function ofListener({ url, connections }) {
  return { name: url, about: plural(connections, 'connection'), leads: '', node: `listener ${url}` }
}

/** @param {RouteNode} node */
function ofRoute({ key, route, rate }) {
  const itself = route.pools.length === 0 ? `, answered by ${route.target.name}` : ''
  return {
    name: route.match,
    about: `${quantity(rate)} /s${itself}`,
    leads: route.pools.length === 0 ? '' : ` to ${route.pools.join(', ')}`,
    node: `route ${key}`,
  }
}

/**
 * In the order in which they are tried, whichever are the busiest.
 * @param {readonly RouteNode[]} all
 */
function busiest(all) {
  const by = all
    .toSorted((a, b) => b.rate - a.rate || b.route.matches - a.route.matches)
    .slice(0, MOST_ROUTES)
  const chosen = new Set(by)
  return all.filter((node) => chosen.has(node))
}

/**
 * @param {HTMLElement} element
 * @param {number} number
 * @param {string} what
 */
function showRest(element, number, what) {
  showIf(element, number > 0)
  say(element, number > 0 ? `and ${plural(number, what)}` : '')
}
