import type { EndpointOptions } from '../pool/endpoint-spec.ts'

type List = readonly (string | EndpointOptions)[]

/** More than any pool has. What names more is taken for a mistake. */
const MAX_ENDPOINTS = 10_000

/**
 * What a source makes of one answer after the other: nothing of one that says the same as the last list, nor of an empty one,
 * unless it may be empty.
 */
export class Answers {
  readonly #what: string
  readonly #allowEmpty: boolean
  readonly #refused: (error: Error) => void
  #last: string | undefined
  #refusing = false

  /** `what` has answered, for messages; `refused` is told of an answer that does not count, once until one does. */
  constructor(what: string, allowEmpty: boolean, refused: (error: Error) => void) {
    this.#what = what
    this.#allowEmpty = allowEmpty
    this.#refused = refused
  }

  /** The list to give, or `undefined` where the last one stays. The order says nothing. */
  next(found: List): List | undefined {
    const wrong = this.#wrong(found)
    if (wrong !== undefined) {
      if (!this.#refusing) this.#refused(new Error(wrong))
      this.#refusing = true
      return undefined
    }
    this.#refusing = false
    const list = found
      .map((one) => ({ one, text: JSON.stringify(one) }))
      .sort((one, other) => (one.text < other.text ? -1 : 1))
    const text = list.map((it) => it.text).join()
    if (text === this.#last) return undefined
    this.#last = text
    return list.map((it) => it.one)
  }

  #wrong({ length }: List): string | undefined {
    if (length === 0 && !this.#allowEmpty)
      return `${this.#what} names no endpoint at all ("allowEmpty" would take it at its word)`
    if (length > MAX_ENDPOINTS) return `${this.#what} names ${length} endpoints, more than ${MAX_ENDPOINTS}`
    return undefined
  }
}
