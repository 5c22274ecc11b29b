/** Counts how often a text is looked at: what takes no more than linear time takes no more than so many looks. */
export class CountedText {
  readonly #text: string
  reads = 0

  constructor(text: string) {
    this.#text = text
  }

  get length(): number {
    return this.#text.length
  }

  charCodeAt(at: number): number {
    this.reads++
    return this.#text.charCodeAt(at)
  }

  slice(from: number, to: number): string {
    this.reads += to - from
    return this.#text.slice(from, to)
  }
}
