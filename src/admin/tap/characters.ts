/** What is read of a text: of a string, or of what counts the reads. */
export interface Characters {
  readonly length: number
  charCodeAt(at: number): number
  slice(from: number, to: number): string
}
