import { attribute } from './parts.js'

const numerically = new Intl.Collator('en', { numeric: true })

/**
 * A table whose headings are buttons that sort it: once as suits the column, then the other way round, then as it came.
 * @template T
 */
export class SortedTable {
  /** @type {{ column: string, descending: boolean } | undefined} */
  #order
  #values
  /** @type {HTMLElement[]} */
  #headings

  /**
   * @param {HTMLElement} table
   * @param {Readonly<Record<string, (entry: T) => string | number | undefined>>} values
   * @param {() => void} changed
   */
  constructor(table, values, changed) {
    this.#values = values
    this.#headings = [...table.querySelectorAll('th')].filter((heading) => heading.dataset.sort !== undefined)
    for (const heading of this.#headings) {
      heading.querySelector('button')?.addEventListener('click', () => {
        this.#order = nextOrder(this.#order, heading.dataset.sort ?? '', heading.classList.contains('n'))
        this.#mark()
        changed()
      })
    }
  }

  /** @param {readonly T[]} entries */
  sorted(entries) {
    const value = this.#order && this.#values[this.#order.column]
    if (this.#order === undefined || value === undefined) return entries
    const { descending } = this.#order
    return entries.toSorted((a, b) => compare(value(a), value(b), descending))
  }

  #mark() {
    for (const heading of this.#headings) {
      const { column, descending } = this.#order ?? {}
      if (heading.dataset.sort === column)
        attribute(heading, 'aria-sort', descending ? 'descending' : 'ascending')
      else heading.removeAttribute('aria-sort')
    }
  }
}

/**
 * @param {{ column: string, descending: boolean } | undefined} order
 * @param {string} column
 * @param {boolean} numbers the largest are wanted first
 */
function nextOrder(order, column, numbers) {
  if (order?.column !== column) return { column, descending: numbers }
  return order.descending === numbers ? { column, descending: !numbers } : undefined
}

/**
 * Nothing comes last, whichever way it is sorted.
 * @param {string | number | undefined} a
 * @param {string | number | undefined} b
 * @param {boolean} descending
 */
function compare(a, b, descending) {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  const order =
    typeof a === 'number' && typeof b === 'number' ? a - b : numerically.compare(String(a), String(b))
  return descending ? -order : order
}
