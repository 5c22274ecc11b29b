/** An expression that cannot be read. */
export class ExpressionError extends Error {
  /** The first character is 1. */
  readonly position: number
  readonly expected: string

  constructor(at: number, expected: string, got: string) {
    super(`at character ${at + 1}: expected ${expected}, got ${got}`)
    this.name = 'ExpressionError'
    this.position = at + 1
    this.expected = expected
  }
}
