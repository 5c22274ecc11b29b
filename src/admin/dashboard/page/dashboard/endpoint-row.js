/** @import { EndpointStatus } from '../../../api.ts' */
import { messageOf, post } from './api.js'
import { failuresOf, toneOf } from './endpoint-tone.js'
import { count, NONE, quantity, span, took } from './format.js'
import { attribute, copyOf, part, say } from './parts.js'
import { WeightEditor } from './weight-editor.js'

/**
 * @typedef {object} EndpointEntry
 * @property {string} pool
 * @property {EndpointStatus} endpoint
 * @property {boolean} readOnly whether nothing can be done with it
 * @property {number} now
 */

/** A row of a pool's table: how an endpoint is, and what can be done with it. */
export class EndpointRow {
  element = copyOf('endpoint-template')
  #state = part(this.element, 'state')
  #word = part(this.element, 'word')
  #why = part(this.element, 'why')
  #id = part(this.element, 'id')
  #zone = part(this.element, 'zone')
  #health = part(this.element, 'health')
  #inFlight = part(this.element, 'in-flight')
  #connections = part(this.element, 'connections')
  #score = part(this.element, 'score')
  #response = part(this.element, 'response')
  #successes = part(this.element, 'successes')
  #failures = part(this.element, 'failures')
  #codes = part(this.element, 'codes')
  #drain = part(this.element, 'drain')
  #problem = part(this.element, 'problem')
  #weight
  #changed
  #pending = false
  #pool = ''
  #endpointId = ''
  #draining = false

  /** @param {() => void} changed something was done that the next snapshot will show */
  constructor(changed) {
    this.#changed = changed
    this.#weight = new WeightEditor(this.element, (weight) => this.#order('weight', { weight }))
    // What went wrong stands over other cells, for as long as one is busy with this row.
    this.element.addEventListener('focusout', ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.element.contains(relatedTarget))) say(this.#problem, '')
    })
    this.#drain.addEventListener('click', () => void this.#order(this.#draining ? 'readmit' : 'drain', {}))
  }

  /** @param {EndpointEntry} entry */
  show({ pool, endpoint, readOnly, now }) {
    this.#pool = pool
    this.#endpointId = endpoint.id
    this.#draining = endpoint.draining
    attribute(this.#state, 'data-tone', toneOf(endpoint.state))
    say(this.#word, endpoint.state)
    say(this.#why, [whyOf(endpoint, now), differenceOf(endpoint)].filter(Boolean).join('; '))
    say(this.#id, endpoint.id)
    say(
      this.#zone,
      [endpoint.id === endpoint.url ? '' : endpoint.url, endpoint.zone ?? ''].filter(Boolean).join(' '),
    )
    say(this.#health, endpoint.health)
    attribute(this.#health, 'data-health', endpoint.health)
    say(this.#inFlight, count(endpoint.inFlight))
    say(this.#connections, connectionsOf(endpoint))
    this.#weight.show(endpoint, readOnly)
    say(this.#score, quantity(endpoint.score))
    say(this.#response, endpoint.responseTimeMs > 0 ? took(endpoint.responseTimeMs) : NONE)
    say(this.#successes, count(endpoint.successes))
    const failures = failuresOf(endpoint)
    say(this.#failures, count(failures))
    attribute(this.#failures, 'class', failures > 0 ? 'some' : '')
    say(this.#codes, failures > 0 ? codesOf(endpoint) : '')
    say(this.#drain, endpoint.draining ? 'Enable' : 'Drain')
    attribute(
      this.#drain,
      'aria-label',
      `${endpoint.draining ? 'Enable' : 'Drain'} ${endpoint.id} of ${pool}`,
    )
  }

  /**
   * @param {'drain' | 'readmit' | 'weight'} command
   * @param {{ weight?: number }} more
   */
  async #order(command, more) {
    if (this.#pending) return
    this.#pending = true
    // Not `disabled`: that takes the focus away.
    attribute(this.#drain, 'aria-disabled', 'true')
    say(this.#problem, '')
    try {
      await post(`/api/endpoints/${command}`, { pool: this.#pool, endpoint: this.#endpointId, ...more })
      this.#changed()
    } catch (error) {
      say(this.#problem, `Not done: ${messageOf(error)}`)
    } finally {
      this.#pending = false
      this.#drain.removeAttribute('aria-disabled')
    }
  }
}

/**
 * @param {EndpointStatus} endpoint
 * @param {number} now
 */
function whyOf({ state, ejected, inFlight, weight, fullWeight, health }, now) {
  const ejection = ejected ? `${ejected.reason}, ${span(ejected.untilMs - now)} left` : ''
  if (state === 'ejected') return ejection
  if (state === 'draining') return `${count(inFlight)} to finish`
  if (state === 'warming') return `${Math.round((100 * weight) / fullWeight)} % of its weight`
  // What is kept beneath a drain: an ejection, and what its probes say.
  return [
    ejection && `ejected: ${ejection}`,
    state === 'drained' && health === 'unhealthy' ? 'unhealthy' : '',
  ]
    .filter(Boolean)
    .join(', ')
}

/**
 * How many workers say what, where they differ.
 * @param {EndpointStatus} endpoint
 */
function differenceOf({ states }) {
  const some = Object.entries(states ?? {}).map(([state, workers]) => `${state} ${workers}`)
  return some.length === 0 ? '' : `workers differ: ${some.join(', ')}`
}

/** @param {EndpointStatus} endpoint */
function connectionsOf({ connections, idle, queued }) {
  const waiting = queued > 0 ? `, ${count(queued)} wait` : ''
  return `${count(connections)} (${count(idle)} idle${waiting})`
}

/** @param {EndpointStatus} endpoint */
function codesOf({ failures }) {
  return Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .map(([code, times]) => `${code.replace(/^ERR_/, '')} ${count(times)}`)
    .join(', ')
}
