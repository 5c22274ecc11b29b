/** @import { EndpointStatus } from '../../../api.ts' */
import { quantity } from './format.js'
import { attribute, part, say, showIf } from './parts.js'

/** The weight in a row: a button that shows it, and a form in its place while it is edited; a text where it cannot be. */
export class WeightEditor {
  #button
  #text
  #form
  #input
  #fullWeight = 1

  /**
   * @param {HTMLElement} row
   * @param {(weight: number) => Promise<void>} set
   */
  constructor(row, set) {
    this.#button = part(row, 'weight')
    this.#text = part(row, 'weight-text')
    this.#form = /** @type {HTMLFormElement} */ (part(row, 'weight-form'))
    this.#input = /** @type {HTMLInputElement} */ (part(row, 'weight-input'))
    this.#button.addEventListener('click', () => this.#open())
    part(row, 'weight-cancel').addEventListener('click', () => this.#close())
    this.#form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#close()
    })
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      const weight = this.#input.valueAsNumber
      this.#close()
      void set(weight)
    })
  }

  /**
   * @param {EndpointStatus} endpoint
   * @param {boolean} readOnly
   */
  show({ id, weight, fullWeight }, readOnly) {
    this.#fullWeight = fullWeight
    const text = weight === fullWeight ? quantity(weight) : `${quantity(weight)} of ${quantity(fullWeight)}`
    say(this.#button, readOnly ? '' : text)
    say(this.#text, readOnly ? text : '')
    if (readOnly) this.#form.hidden = true
    showIf(this.#button, !readOnly && this.#form.hidden === true)
    attribute(this.#button, 'aria-label', `Weight of ${id}: ${text}. Change`)
    attribute(this.#input, 'aria-label', `New weight of ${id}`)
  }

  #open() {
    this.#input.value = String(this.#fullWeight)
    this.#button.hidden = true
    this.#form.hidden = false
    this.#input.select()
    this.#input.focus()
  }

  #close() {
    this.#form.hidden = true
    this.#button.hidden = false
    this.#button.focus()
  }
}
