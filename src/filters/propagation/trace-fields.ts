/** The fields of a request that say which trace it belongs to, as they came. */
export class TraceFields {
  readonly #fields: readonly (readonly [name: string, value: string])[]

  /** Names are in lower case. */
  constructor(fields: readonly (readonly [name: string, value: string])[]) {
    this.#fields = fields
  }

  lines(name: string): string[] {
    const found: string[] = []
    for (const [one, value] of this.#fields) if (one === name) found.push(value)
    return found
  }

  /** The line of this name. Where there are several, nobody can say which of them counts: none. */
  only(name: string): string | undefined {
    const found = this.lines(name)
    return found.length === 1 ? found[0] : undefined
  }
}
