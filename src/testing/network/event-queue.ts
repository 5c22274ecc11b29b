/** Below this many, taken events are not worth the move of the others. */
const SLACK = 1_024

/** Events in the order in which they arose. Taking the first costs the same however many there are. */
export class EventQueue {
  #events: (() => void)[] = []
  #head = 0

  get length(): number {
    return this.#events.length - this.#head
  }

  push(event: () => void): void {
    this.#events.push(event)
  }

  /** Takes the one that so many others come before. */
  take(before: number): (() => void) | undefined {
    if (before > 0) return this.#events.splice(this.#head + before, 1)[0]
    const event = this.#events[this.#head]
    if (event === undefined) return undefined
    this.#head++
    if (this.#head >= SLACK && this.#head * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#head)
      this.#head = 0
    }
    return event
  }
}
