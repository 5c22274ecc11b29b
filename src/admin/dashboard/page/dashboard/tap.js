/** @import { TappedExchange } from '../../../api.ts' */
import { ask, messageOf, TokenWanted } from './api.js'
import { eventsOf } from './event-stream.js'
import { bytes, count, NONE, timeOfDay, took } from './format.js'
import { attribute, byId, copyOf, part, say, showIf } from './parts.js'
import { showStatus } from './status-code.js'

const MOST = 200

/** Exchanges as they end, those that an expression holds for. */
export class Tap {
  #where = /** @type {HTMLInputElement} */ (byId('tap-where'))
  #toggle = byId('tap-toggle')
  #rows = byId('tap-rows')
  /** @type {AbortController | undefined} */
  #running
  /** What runs was asked for with it. */
  #asked = ''
  /** Whether it begins anew when what runs has ended. */
  #again = false
  /** Those that the next frame shows. @type {TappedExchange[]} */
  #waiting = []
  /** Those that the proxy did not show, because there were too many. */
  #dropped = 0

  /** @param {() => void} tokenWanted */
  constructor(tokenWanted) {
    byId('tap-form').addEventListener('submit', (event) => {
      event.preventDefault()
      if (this.#running === undefined) void this.#run(tokenWanted)
      else this.#running.abort()
    })
    this.#where.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.isComposing || this.#running === undefined) return
      if (this.#where.value.trim() === this.#asked) return
      event.preventDefault()
      this.#again = true
      this.#running.abort()
    })
    for (const example of byId('tap-examples').querySelectorAll('button')) {
      example.addEventListener('click', () => {
        this.#where.value = example.textContent
        this.#where.focus()
      })
    }
    byId('tap-clear').addEventListener('click', () => {
      this.#waiting = []
      this.#rows.replaceChildren()
      showIf(byId('no-tapped'), true)
    })
  }

  /**
   * @param {() => void} tokenWanted
   * @returns {Promise<void>}
   */
  async #run(tokenWanted) {
    const running = new AbortController()
    this.#running = running
    this.#countDropped(-this.#dropped)
    say(byId('tap-error'), '')
    say(this.#toggle, 'Stop')
    say(byId('tap-state'), 'connecting')
    let end = 'stopped'
    try {
      const where = this.#where.value.trim()
      this.#asked = where
      const path = where === '' ? '/api/tap' : `/api/tap?where=${encodeURIComponent(where)}`
      const { body } = await ask(path, { signal: running.signal, headers: { accept: 'text/event-stream' } })
      say(byId('tap-state'), 'running')
      if (body !== null) for await (const { event, data } of eventsOf(body)) this.#take(event, data)
      end = 'ended by the proxy'
    } catch (error) {
      if (error instanceof TokenWanted) tokenWanted()
      else if (!running.signal.aborted) say(byId('tap-error'), messageOf(error))
    }
    this.#running = undefined
    if (this.#again) {
      this.#again = false
      return this.#run(tokenWanted)
    }
    say(this.#toggle, 'Start')
    say(byId('tap-state'), end)
  }

  /**
   * @param {string} event
   * @param {string} data
   */
  #take(event, data) {
    if (event === 'dropped') this.#countDropped(JSON.parse(data).count)
    if (event !== 'exchange') return
    // More than a page can show are left out, the oldest first.
    if (this.#waiting.length === 0) requestAnimationFrame(() => this.#flush())
    this.#waiting.push(JSON.parse(data))
    if (this.#waiting.length > MOST) this.#waiting.shift()
  }

  /** @param {number} more */
  #countDropped(more) {
    this.#dropped += more
    say(byId('tap-dropped'), this.#dropped > 0 ? `${count(this.#dropped)} more were left out` : '')
  }

  #flush() {
    const rows = this.#waiting.map(rowOf).reverse()
    this.#waiting = []
    this.#rows.prepend(...rows)
    while (this.#rows.childElementCount > MOST) this.#rows.lastElementChild?.remove()
    showIf(byId('no-tapped'), this.#rows.childElementCount === 0)
  }
}

/** @param {TappedExchange} exchange */
function rowOf(exchange) {
  const row = copyOf('tap-template')
  /** @type {(name: string, text: string) => void} */
  const show = (name, text) => say(part(row, name), text)
  show('time', timeOfDay(exchange.at))
  showStatus(part(row, 'status'), exchange.status)
  show('method', exchange.method)
  show('host', exchange.host)
  show('path', exchange.path)
  show('reason', whyOf(exchange))
  show('route', exchange.route ?? NONE)
  show('endpoint', exchange.endpoint ?? NONE)
  show('cache', exchange.cache === undefined ? '' : `cache ${exchange.cache}`)
  show('attempts', count(exchange.attempts))
  show('took', took(exchange.durationMs))
  show('sent', bytes(exchange.bytesSent))
  show('client', exchange.client)
  show('id', exchange.id)
  attribute(row, 'data-result', exchange.result)
  return row
}

/**
 * A status has a column of its own.
 * @param {TappedExchange} exchange
 */
function whyOf({ reason, status, result }) {
  if (reason !== undefined && reason !== `status ${status}`) return reason
  return result === 'completed' ? '' : result
}
