/** @import { PickRecord } from '../../../../core/decision-record.ts' */
import { count, quantity } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { copyOf, part, say, showIf } from './parts.js'

const MOST_NAMED = 8

/** The last choices of a pool, with what there was to choose from: written while they are unfolded. */
export class Decisions {
  #details
  /** @type {KeyedChildren<PickRecord, DecisionView>} */
  #views
  /** @type {readonly PickRecord[]} */
  #decisions = []

  /** @param {HTMLElement} section of the pool */
  constructor(section) {
    this.#details = /** @type {HTMLDetailsElement} */ (part(section, 'decisions'))
    this.#views = new KeyedChildren(part(section, 'decision-list'), () => new DecisionView())
    this.#details.addEventListener('toggle', () => this.show(this.#decisions))
  }

  /** @param {readonly PickRecord[]} decisions */
  show(decisions) {
    this.#decisions = decisions
    showIf(this.#details, decisions.length > 0)
    if (this.#details.open) this.#views.show(decisions, ({ atMs, number }) => `${atMs} ${number}`)
  }
}

class DecisionView {
  element = copyOf('decision-template')

  /** @param {PickRecord} pick */
  show(pick) {
    say(part(this.element, 'chosen'), pick.chosen ?? 'none')
    say(
      part(this.element, 'kind'),
      `${pick.kind}, of ${count(pick.candidateCount)}${pick.panic ? ' in a panic' : ''}`,
    )
    say(part(this.element, 'candidates'), candidatesOf(pick))
    say(part(this.element, 'left-out'), leftOutOf(pick))
  }
}

/**
 * The best come first, where there are scores.
 * @param {PickRecord} pick
 */
function candidatesOf({ candidates, candidateCount }) {
  const best = candidates.toSorted((a, b) => (a.score ?? 0) - (b.score ?? 0)).slice(0, MOST_NAMED)
  const named = best.map(({ id, score, inFlight }) =>
    score === undefined ? `${id} (${count(inFlight)} in flight)` : `${id} ${quantity(score)}`,
  )
  return listed(named, candidateCount)
}

/** @param {PickRecord} pick */
function leftOutOf({ leftOut, leftOutCount }) {
  if (leftOutCount === 0) return ''
  const named = leftOut
    .slice(0, MOST_NAMED)
    .map(({ id, reason, detail }) => `${id} ${reason}${detail ? ` (${detail})` : ''}`)
  return `Left out: ${listed(named, leftOutCount)}`
}

/**
 * @param {readonly string[]} named
 * @param {number} all
 */
function listed(named, all) {
  const more = all > named.length ? ` and ${count(all - named.length)} more` : ''
  return named.join(', ') + more
}
