/** What is looked at of a field, so that a long one costs no more. Browsers send 30 characters. */
const MAX_LENGTH = 1_000

const ELEMENT =
  /^[\t ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[\t ]*(?:;[\t ]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[\t ]*)?$/

/** What a client says of codings (RFC 9110 section 12.5.3). What is malformed is left out. */
export class AcceptEncoding {
  readonly #weights = new Map<string, number>()

  /** Without the field, nothing is asked for: the content goes as it is. */
  constructor(field: string | undefined) {
    if (field === undefined) return
    for (const element of field.slice(0, MAX_LENGTH).split(',')) {
      const found = ELEMENT.exec(element)
      if (found === null) continue
      const name = found[1]!.toLowerCase()
      const coding = name === 'x-gzip' ? 'gzip' : name
      if (!this.#weights.has(coding)) this.#weights.set(coding, found[2] === undefined ? 1 : Number(found[2]))
    }
  }

  /** From 0 (not acceptable) to 1. A coding that is not named has the weight of `*`, if that is there. */
  weightOf(coding: string): number {
    return this.#weights.get(coding) ?? this.#weights.get('*') ?? 0
  }

  /** Whether content without a coding is refused: by name, or by `*;q=0`. */
  get refusesIdentity(): boolean {
    return (this.#weights.get('identity') ?? this.#weights.get('*') ?? 1) === 0
  }

  /**
   * The one that is wanted most, of equals the first; `undefined` where none is wanted, or content without a coding is
   * wanted more than any.
   */
  best<T extends string>(codings: readonly T[]): T | undefined {
    let best: T | undefined
    // Content without a coding is always acceptable, but only preferred where it says so.
    let weight = Math.max(this.#weights.get('identity') ?? 0, Number.MIN_VALUE)
    for (const coding of codings) {
      const its = this.weightOf(coding)
      if (its < weight || (its === weight && best !== undefined)) continue
      best = coding
      weight = its
    }
    return best
  }
}
