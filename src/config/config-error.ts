/** One thing that is wrong with a configuration file. */
export interface ConfigProblem {
  readonly file: string
  /** From 1 on. */
  readonly line: number
  /** From 1 on. */
  readonly column: number
  /** The path to it: `proxy.upstreams.users[0].weight`. */
  readonly key: string
  /** A sentence without the place. */
  readonly message: string
  /** What had to be there. */
  readonly expected: string | undefined
  /** What is there, for people; secrets are left out. */
  readonly value: string | undefined
  /** The key that was probably meant, where one is unknown. */
  readonly nearest: string | undefined
}

/** A configuration that cannot be used. The message has one line for each problem: `file:line:column: key: ...`. */
export class ConfigError extends Error {
  readonly code = 'ERR_CONFIG_INVALID'
  readonly problems: readonly ConfigProblem[]
  /** All that were read, or looked for: absolute paths. Whoever mends it may have to write to any of them. */
  readonly files: readonly string[]

  constructor(problems: readonly ConfigProblem[], files: readonly string[] = []) {
    super(problems.map(inOneLine).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
    this.files = files
    // Where in the reader it was found is of no help to whoever must mend the file.
    this.stack = `${this.name}: ${this.message}`
    Object.defineProperty(this, 'code', { enumerable: false })
    Object.defineProperty(this, 'files', { enumerable: false })
  }
}

function inOneLine({ file, line, column, key, message }: ConfigProblem): string {
  return `${file}:${line}:${column}: ${key === '' ? '' : `${key}: `}${message}`
}
