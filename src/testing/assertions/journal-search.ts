/** What a search of a journal found. */
export interface JournalSearch {
  /** Whether every line was found. */
  readonly pass: boolean
  /** What of the wanted lines was not found. */
  readonly missing: readonly (string | RegExp)[]
  /** The part of the journal that the first missing line was looked for in: not more than one can read. */
  readonly rest: readonly string[]
  /** Says what was found, and where it stopped. */
  readonly text: string
}

const SHOWN_LINES = 20

/**
 * Looks for lines in this order, with any others between them. A string is found in a line that contains it. Each takes
 * the first line that fits, which finds all of them wherever that can be done.
 */
export function searchJournal(lines: readonly string[], wanted: readonly (string | RegExp)[]): JournalSearch {
  const found: number[] = []
  let from = 0
  for (const line of wanted) {
    const at = lines.findIndex((it, index) => index >= from && fits(it, line))
    if (at < 0) break
    found.push(at)
    from = at + 1
  }
  const missing = wanted.slice(found.length)
  const rest = lines.slice(from, from + SHOWN_LINES)
  const [first] = missing
  if (first === undefined) {
    const list = wanted.map((line, index) => `${shown(line)} (line ${found[index]! + 1})`).join(', ')
    return { pass: true, missing, rest, text: `expected the journal not to have, in this order: ${list}` }
  }
  const place = from === 0 ? '' : ` after line ${from}`
  const earlier = lines.findIndex((it) => fits(it, first))
  const hint = earlier < 0 ? '' : `; it stands too early, in line ${earlier + 1}`
  // The last line that was found is shown with what follows it.
  const start = Math.max(0, from - 1)
  const width = `${from + rest.length}`.length
  const excerpt = lines
    .slice(start, from + SHOWN_LINES)
    .map((line, index) => `  ${`${start + index + 1}`.padStart(width)}: ${line}`)
  const more = lines.length - from - rest.length
  return {
    pass: false,
    missing,
    rest,
    text: [
      `expected the journal to have ${shown(first)}${place}, got no such line${hint}`,
      '',
      ...(lines.length === 0 ? ['  the journal is empty'] : excerpt),
      ...(more > 0 ? [`  and ${more} more`] : []),
    ].join('\n'),
  }
}

function fits(line: string, wanted: string | RegExp): boolean {
  // Unlike `test`, `search` does not remember where a global expression has stopped.
  return typeof wanted === 'string' ? line.includes(wanted) : line.search(wanted) >= 0
}

function shown(line: string | RegExp): string {
  return typeof line === 'string' ? JSON.stringify(line) : String(line)
}
