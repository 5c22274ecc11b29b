/** What the command line reads of its surroundings and writes to: the process's own, or a test's. */
export interface CliIo {
  /** Takes what was asked for, as it stands: lines end with `\n`. */
  out(text: string): void
  /** Takes what went wrong, and what is said beside the answer. */
  err(text: string): void
  /** Whether a person reads what `out` takes. */
  readonly isTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** What relative paths start from. */
  readonly cwd: string
}
