import { NONE } from './format.js'
import { attribute, say } from './parts.js'

/**
 * @param {HTMLElement} element
 * @param {number | undefined} status
 */
export function showStatus(element, status) {
  say(element, status === undefined ? NONE : String(status))
  attribute(element, 'data-class', status === undefined ? '' : `${Math.floor(status / 100)}`)
}
