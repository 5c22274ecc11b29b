/** @import { AdminSnapshot, EndpointStatus } from '../../../api.ts' */
/** @import { Tone } from './endpoint-tone.js' */
import { toneOf } from './endpoint-tone.js'
import { timeOfDay } from './format.js'
import { phaseText, toneOfPhase } from './masthead.js'
import { attribute, byId, copyOf, part, say, showIf } from './parts.js'

const MOST = 50
/** More than so many at once are told of as a number: a screen reader would read on for minutes. */
const MOST_AT_ONCE = 4

/**
 * What has changed since the page was opened and matters: states of endpoints and of the proxy, and whether it can be reached.
 * It is a live region, and the only one whose content comes from the proxy.
 */
export class Changes {
  /** @type {Map<string, EndpointStatus['state']> | undefined} */
  #states
  #phase = ''

  /** @param {AdminSnapshot} snapshot */
  show({ proxy, pools }) {
    const phase = phaseText(proxy)
    if (this.#phase !== '' && phase !== this.#phase)
      this.tell(proxy.now, toneOfPhase(proxy), `Proxy: ${phase}`)
    this.#phase = phase

    /** @type {Map<string, EndpointStatus['state']>} */
    const states = new Map()
    /** @type {{ tone: Tone, text: string }[]} */
    const found = []
    for (const pool of pools) {
      for (const endpoint of pool.endpoints) {
        const key = JSON.stringify([pool.name, endpoint.id])
        states.set(key, endpoint.state)
        const before = this.#states?.get(key)
        if (before !== undefined && before !== endpoint.state)
          found.push({ tone: toneOf(endpoint.state), text: changeOf(pool.name, endpoint) })
      }
    }
    this.#states = states
    if (found.length <= MOST_AT_ONCE) for (const { tone, text } of found) this.tell(proxy.now, tone, text)
    else this.tell(proxy.now, 'warn', `${found.length} endpoints have changed their state`)
  }

  /**
   * @param {number} at
   * @param {Tone} tone
   * @param {string} text
   */
  tell(at, tone, text) {
    const entry = copyOf('change-template')
    attribute(entry, 'data-tone', tone)
    say(part(entry, 'time'), timeOfDay(at))
    say(part(entry, 'text'), text)
    const list = byId('changes')
    list.prepend(entry)
    while (list.childElementCount > MOST) list.lastElementChild?.remove()
    showIf(byId('no-changes'), false)
  }
}

/**
 * @param {string} pool
 * @param {EndpointStatus} endpoint
 */
function changeOf(pool, endpoint) {
  const why = endpoint.state === 'ejected' && endpoint.ejected ? `: ${endpoint.ejected.reason}` : ''
  const word = endpoint.state === 'serving' ? 'serves' : `is ${endpoint.state}`
  return `${pool}: ${endpoint.id} ${word}${why}`
}
