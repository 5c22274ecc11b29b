import { attribute } from './parts.js'

const SVG = 'http://www.w3.org/2000/svg'
const WIDTH = 120
const HEIGHT = 32

/** A line over the last minute, one point for each second, with the area below it. */
export class Sparkline {
  #svg
  #area
  #line
  #label

  /**
   * @param {SVGSVGElement} svg
   * @param {(value: number) => string} label says a value
   * @param {string} name
   */
  constructor(svg, label, name) {
    this.#svg = svg
    this.#label = (/** @type {number} */ value) => label(value)
    this.name = name
    attribute(svg, 'viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
    this.#area = pathIn(svg, 'area')
    this.#line = pathIn(svg, 'line')
  }

  /** @param {readonly (number | undefined)[]} values the oldest first; nothing is drawn where one is missing */
  show(values) {
    const known = values.filter((value) => value !== undefined)
    const highest = Math.max(0, ...known)
    const step = WIDTH / Math.max(1, values.length - 1)
    const y = (/** @type {number} */ value) =>
      highest === 0 ? HEIGHT - 1 : HEIGHT - 1 - (value / highest) * (HEIGHT - 3)
    let line = ''
    let area = ''
    for (const run of runsOf(values)) {
      const points = run.map(({ index, value }) => `${(index * step).toFixed(1)} ${y(value).toFixed(1)}`)
      const [first, last] = [run[0], run.at(-1)]
      if (first === undefined || last === undefined) continue
      // A single second is drawn as a dash, as a line of one point is nothing.
      line += `M${points.join('L')}${points.length === 1 ? 'h1' : ''}`
      area += `M${(first.index * step).toFixed(1)} ${HEIGHT}L${points.join('L')}L${(last.index * step).toFixed(1)} ${HEIGHT}Z`
    }
    attribute(this.#line, 'd', line)
    attribute(this.#area, 'd', area)
    const now = known.at(-1)
    attribute(
      this.#svg,
      'aria-label',
      now === undefined
        ? `${this.name} over the last minute: nothing`
        : `${this.name} over the last minute: now ${this.#label(now)}, highest ${this.#label(highest)}`,
    )
  }
}

/**
 * @param {readonly (number | undefined)[]} values
 * @returns {{ index: number, value: number }[][]}
 */
function runsOf(values) {
  /** @type {{ index: number, value: number }[][]} */
  const runs = []
  let open = false
  values.forEach((value, index) => {
    if (value === undefined) open = false
    else if (open) runs.at(-1)?.push({ index, value })
    else {
      runs.push([{ index, value }])
      open = true
    }
  })
  return runs
}

/**
 * @param {SVGSVGElement} svg
 * @param {string} name
 */
function pathIn(svg, name) {
  const path = document.createElementNS(SVG, 'path')
  attribute(path, 'class', name)
  attribute(path, 'vector-effect', 'non-scaling-stroke')
  svg.append(path)
  return path
}
