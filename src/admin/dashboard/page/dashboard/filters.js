/** @import { FilterStatus } from '../../../api.ts' */
import { filterFigures } from './filter-figures.js'
import { KeyedChildren } from './keyed-children.js'
import { attribute, byId, copyOf, part, say, showIf } from './parts.js'

/** How things stand with filters that keep numbers: breakers, limits, caches. */
export class Filters {
  /** @type {KeyedChildren<FilterStatus, FilterView>} */
  #views = new KeyedChildren(byId('filter-list'), () => new FilterView())

  /** @param {readonly FilterStatus[]} filters */
  show(filters) {
    this.#views.show(filters, ({ id }) => id)
    showIf(byId('no-filters'), filters.length === 0)
  }
}

class FilterView {
  element = copyOf('filter-template')
  /** @type {KeyedChildren<readonly [string, string], NumberView>} */
  #numbers = new KeyedChildren(part(this.element, 'numbers'), () => new NumberView())

  /** @param {FilterStatus} filter */
  show({ name, at, state, states }) {
    const { tone, word, numbers } = filterFigures(state)
    say(part(this.element, 'name'), name)
    say(part(this.element, 'at'), at)
    attribute(part(this.element, 'state'), 'data-tone', tone)
    const some = Object.entries(states ?? {}).map(([one, workers]) => `${one} ${workers}`)
    say(part(this.element, 'word'), some.length === 0 ? word : `${word} (workers: ${some.join(', ')})`)
    this.#numbers.show(numbers, ([name]) => name)
  }
}

class NumberView {
  element = copyOf('number-template')

  /** @param {readonly [string, string]} number */
  show([name, value]) {
    say(part(this.element, 'name'), name)
    say(part(this.element, 'value'), value)
  }
}
