/** What all taps together may keep of bodies: however many exchanges are under way. */
export class BodyBudget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  get left(): number {
    return this.#left
  }

  /** As many of these bytes as there is room for. */
  take(bytes: number): number {
    const granted = Math.min(bytes, this.#left)
    this.#left -= granted
    return granted
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}
