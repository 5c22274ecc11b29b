import { attribute } from './parts.js'

const SVG = 'http://www.w3.org/2000/svg'

/** @typedef {{ from: string, to: string, rate: number }} Edge */

/** The lines between the nodes of the map: the more flows, the thicker. */
export class MapEdges {
  #figure
  #svg
  /** @type {readonly Edge[]} */
  #edges = []

  /**
   * @param {HTMLElement} figure whose elements with `data-node` the edges join
   * @param {Element} svg
   */
  constructor(figure, svg) {
    this.#figure = figure
    this.#svg = svg
    new ResizeObserver(() => this.#draw()).observe(figure)
  }

  /** @param {readonly Edge[]} edges */
  show(edges) {
    this.#edges = edges
    this.#draw()
  }

  #draw() {
    const origin = this.#figure.getBoundingClientRect()
    const boxes = new Map(
      [...this.#figure.querySelectorAll('[data-node]')].map((element) => [
        element.getAttribute('data-node') ?? '',
        (element.firstElementChild ?? element).getBoundingClientRect(),
      ]),
    )
    attribute(this.#svg, 'viewBox', `0 0 ${Math.round(origin.width)} ${Math.round(origin.height)}`)
    const highest = Math.max(1, ...this.#edges.map(({ rate }) => rate))
    while (this.#svg.childElementCount < this.#edges.length)
      this.#svg.append(document.createElementNS(SVG, 'path'))
    while (this.#svg.childElementCount > this.#edges.length) this.#svg.lastElementChild?.remove()
    this.#edges.forEach(({ from, to, rate }, index) => {
      const path = this.#svg.children[index]
      const [a, b] = [boxes.get(from), boxes.get(to)]
      if (path === undefined) return
      attribute(path, 'd', a && b ? curve(a, b, origin) : '')
      attribute(path, 'stroke-width', (1 + 3 * Math.sqrt(rate / highest)).toFixed(1))
      attribute(path, 'class', rate > 0 ? 'flows' : '')
    })
  }
}

/**
 * @param {DOMRect} a
 * @param {DOMRect} b
 * @param {DOMRect} origin
 */
function curve(a, b, origin) {
  const [x1, y1] = [a.right - origin.left, a.top + a.height / 2 - origin.top]
  const [x2, y2] = [b.left - origin.left, b.top + b.height / 2 - origin.top]
  const bend = (x2 - x1) / 2
  return `M${x1.toFixed(0)} ${y1.toFixed(0)}C${(x1 + bend).toFixed(0)} ${y1.toFixed(0)} ${(x2 - bend).toFixed(0)} ${y2.toFixed(0)} ${x2.toFixed(0)} ${y2.toFixed(0)}`
}
