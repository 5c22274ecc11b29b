/** Where lines go to. */
export interface Sink {
  /**
   * Takes whole lines, each with its end. The next ones come when `done` was called, within this call or later; with an error,
   * these are lost.
   */
  write(lines: Buffer, count: number, done: (error?: unknown) => void): void
  /** Closes what it has opened itself. What is written after that opens it anew. */
  release?(): void
}
