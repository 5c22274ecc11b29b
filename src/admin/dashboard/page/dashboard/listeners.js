/** @import { ListenerStatus } from '../../../api.ts' */
import { count, day, NONE, span } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { attribute, byId, copyOf, part, say } from './parts.js'

const DAY = 86_400_000
const SOON = 14 * DAY

/** @typedef {{ listener: ListenerStatus, now: number }} ListenerEntry */

export class Listeners {
  /** @type {KeyedChildren<ListenerEntry, ListenerRow>} */
  #rows = new KeyedChildren(byId('listener-rows'), () => new ListenerRow())

  /**
   * @param {readonly ListenerStatus[]} listeners
   * @param {number} now
   */
  show(listeners, now) {
    this.#rows.show(
      listeners.map((listener) => ({ listener, now })),
      ({ listener }) => listener.url,
    )
  }
}

class ListenerRow {
  element = copyOf('listener-template')

  /** @param {ListenerEntry} entry */
  show({ listener, now }) {
    const { url, connections, accepted, certificatesEndAt } = listener
    say(part(this.element, 'url'), url)
    say(part(this.element, 'connections'), count(connections))
    say(part(this.element, 'accepted'), count(accepted))
    say(part(this.element, 'refused'), refusedText(listener))
    // JSON has no undefined: what is not there is left out, or null.
    const left = certificatesEndAt == null ? undefined : certificatesEndAt - now
    const state = part(this.element, 'certificates')
    attribute(
      state,
      'data-tone',
      left === undefined ? 'none' : left < 0 ? 'bad' : left < SOON ? 'warn' : 'ok',
    )
    say(
      part(this.element, 'ends'),
      certificatesEndAt == null || left === undefined ? NONE : endText(certificatesEndAt, left),
    )
  }
}

/**
 * @param {number} at
 * @param {number} left
 */
function endText(at, left) {
  return left < 0 ? `${day(at)}: over` : left < SOON ? `${day(at)}, in ${span(left)}` : day(at)
}

/** @param {ListenerStatus} listener */
function refusedText({ refusals }) {
  const some = Object.entries(refusals).filter(([, times]) => times > 0)
  return some.length === 0 ? '0' : some.map(([reason, times]) => `${reason} ${count(times)}`).join(', ')
}
