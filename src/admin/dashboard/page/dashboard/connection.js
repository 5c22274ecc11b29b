import { span, timeOfDay } from './format.js'
import { byId, say } from './parts.js'

/** Whether the proxy can be reached, and since when not. What is on the page is then as it was before. */
export class Connection {
  /** @type {number | undefined} */
  #lostAt
  #retryAt = 0
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking

  /**
   * @param {number} waitMs
   * @param {string} why
   * @returns {boolean} whether it was lost just now
   */
  lost(waitMs, why) {
    const first = this.#lostAt === undefined
    this.#lostAt ??= Date.now()
    this.#retryAt = Date.now() + waitMs
    say(byId('disconnected-title'), `Disconnected since ${timeOfDay(this.#lostAt)}.`)
    say(byId('disconnected-why'), `${capital(why)}. What is shown is as it was then.`)
    this.#tick()
    this.#ticking ??= setInterval(() => this.#tick(), 1000)
    byId('disconnected').hidden = false
    document.documentElement.dataset.connection = 'lost'
    return first
  }

  /** @returns {boolean} whether it had been lost */
  found() {
    const lost = this.#lostAt !== undefined
    this.#lostAt = undefined
    clearInterval(this.#ticking)
    this.#ticking = undefined
    byId('disconnected').hidden = true
    document.documentElement.dataset.connection = 'live'
    return lost
  }

  #tick() {
    const left = this.#retryAt - Date.now()
    say(byId('disconnected-next'), left < 500 ? 'Trying again.' : `Next try in ${span(left)}.`)
  }
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
