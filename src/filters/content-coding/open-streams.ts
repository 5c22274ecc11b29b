/** How many streams of zlib a filter has open: each holds memory of its own, outside the heap. */
export class OpenStreams {
  #count = 0

  get count(): number {
    return this.#count
  }

  opened(): void {
    this.#count++
  }

  closed(): void {
    this.#count--
  }
}
