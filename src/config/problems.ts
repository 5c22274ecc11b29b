import { ConfigError, type ConfigProblem } from './config-error.ts'
import { type ConfigNode, type Place, shownNode } from './reading/config-node.ts'

/** What else is known of a problem. */
export interface ProblemFacts {
  readonly expected?: string
  readonly value?: string
  readonly nearest?: string | undefined
}

/** So many are told at once: a file of something else altogether has one in each line. */
const MAX_PROBLEMS = 100

/** More than that is not worth sorting. */
const MAX_FOUND = 1_000

/** What is wrong with a configuration, collected, so that all of it is told at once. */
export class Problems {
  readonly #found: ConfigProblem[] = []
  readonly #seen = new Set<string>()

  get size(): number {
    return this.#found.length
  }

  at({ file, line, column }: Place, key: string, said: string, facts: ProblemFacts = {}): void {
    const { expected, value, nearest } = facts
    // Of a module, for example, which says what it likes: in several lines, or in words for a terminal.
    const message = said.replace(/\s*[\r\n]+\s*/g, ' ').replace(/\p{Cc}/gu, '\uFFFD')
    if (this.#found.length >= MAX_FOUND) return
    const seen = JSON.stringify([file, line, column, key, message])
    if (this.#seen.has(seen)) return
    this.#seen.add(seen)
    this.#found.push({ file, line, column, key, message, expected, value, nearest })
  }

  /** The value of `node` is another than it must be. */
  wrong(node: ConfigNode, expected: string, nearest?: string): void {
    const value = shownNode(node)
    const hint = nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`
    this.at(node.place, node.path, `must be ${expected}, got ${value}${hint}`, { expected, value, nearest })
  }

  add(other: Problems): void {
    for (const problem of other.#found)
      this.at(problem, problem.key, problem.message, withoutNothing(problem))
  }

  /** `files`: all that were read. @throws ConfigError with all of them, in the order in which they stand in the files, where there are any. */
  throwAny(files: readonly string[] = []): void {
    if (this.#found.length === 0) return
    const order = new Map<string, number>()
    for (const { file } of this.#found) if (!order.has(file)) order.set(file, order.size)
    const sorted = this.#found.toSorted(
      (one, other) =>
        order.get(one.file)! - order.get(other.file)! || one.line - other.line || one.column - other.column,
    )
    throw new ConfigError(sorted.slice(0, MAX_PROBLEMS), files)
  }
}

function withoutNothing({ expected, value, nearest }: ConfigProblem): ProblemFacts {
  return {
    ...(expected === undefined ? {} : { expected }),
    ...(value === undefined ? {} : { value }),
    nearest,
  }
}
