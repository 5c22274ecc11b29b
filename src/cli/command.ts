import type { CliIo } from './cli-io.ts'

/** What stands behind a command's name. */
export interface CommandArgument {
  readonly name: string
  readonly summary: string
  /** What a shell completes it with; a list has all that it can be. Default nothing. */
  readonly completes?: 'files' | 'folders' | readonly string[]
  /** Default false. */
  readonly isOptional?: boolean
}

/** `--name`, or `--name value`. */
export interface CommandOption {
  readonly name: string
  readonly summary: string
  /** What its value is called; left out where it has none. */
  readonly value?: string
  /** Default false: `--no-name` is none. */
  readonly isNegatable?: boolean
}

/** A command line, read. */
export interface Given {
  /** In the order of `Command.arguments`. */
  readonly arguments: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
}

/** One command of the command line: its usage, the completion of shells and the guide are made of this. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly arguments: readonly CommandArgument[]
  readonly options: readonly CommandOption[]
  /** What is worth saying beside the summary, in whole sentences. */
  readonly details?: string
  /** Loads the code of it, and does it. Resolves with what the process is to end with. */
  readonly run: (given: Given, io: CliIo) => Promise<number>
  /** In the place of `run`: it reads what stands behind its name by itself. */
  readonly runRaw?: never
}

/** One that reads what stands behind its name by itself. */
export interface RawCommand extends Omit<Command, 'run' | 'runRaw'> {
  readonly run?: never
  readonly runRaw: (args: readonly string[], io: CliIo) => Promise<number>
}

export type AnyCommand = Command | RawCommand
