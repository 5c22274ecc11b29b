/**
 * The element of the page with an id.
 * @template {HTMLElement | SVGSVGElement} [E=HTMLElement]
 * @param {string} id
 * @returns {E}
 */
export function byId(id) {
  return /** @type {E} */ (found(document.getElementById(id), `#${id}`))
}

/**
 * A copy of what a template holds.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function copyOf(id) {
  const template = /** @type {HTMLTemplateElement} */ (found(document.getElementById(id), `#${id}`))
  const copy = /** @type {HTMLElement} */ (found(template.content.firstElementChild, `#${id}`))
  return /** @type {HTMLElement} */ (copy.cloneNode(true))
}

/**
 * The part of a copy that has a name.
 * @template {HTMLElement} [E=HTMLElement]
 * @param {HTMLElement} copy
 * @param {string} name
 * @returns {E}
 */
export function part(copy, name) {
  return /** @type {E} */ (found(copy.querySelector(`[data-part="${name}"]`), name))
}

/** @type {WeakMap<Element, string>} */
const shown = new WeakMap()

/**
 * Has an element show a text. An element that shows it already is left alone, and with it what is selected there.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (shown.get(element) === text) return
  shown.set(element, text)
  element.textContent = text
}

/**
 * @param {HTMLElement} element
 * @param {boolean} shown
 */
export function showIf(element, shown) {
  if (element.hidden === shown) element.hidden = !shown
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
export function attribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/**
 * @param {Element | null} element
 * @param {string} name
 */
function found(element, name) {
  if (element === null) throw new Error(`the page has no ${name}`)
  return element
}
