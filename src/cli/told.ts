import { ConfigError } from '../config/config-error.ts'
import { OptionError } from '../core/options.ts'
import type { CliIo } from './cli-io.ts'
import { COMMANDS } from './commands.ts'
import { EXIT } from './exit-codes.ts'
import { FileError } from './file-error.ts'
import { UsageError } from './usage-error.ts'

/** Tells of a failure, in words that say what to do, and gives what the process is to end with. */
export function told(error: unknown, command: string | undefined, io: CliIo): number {
  if (error instanceof UsageError) {
    const isKnown = command !== 'help' && COMMANDS.some(({ name }) => name === command)
    const help = isKnown ? `gatewright help ${command}` : 'gatewright help'
    io.err(`gatewright: ${error.message}\nSee: ${help}\n`)
    return EXIT.usage
  }
  if (error instanceof ConfigError) {
    const { length } = error.problems
    io.err(`${error.message}\n${length} ${length === 1 ? 'problem' : 'problems'}\n`)
    return EXIT.no
  }
  if (error instanceof FileError || error instanceof OptionError) {
    io.err(`gatewright: ${error.message}\n`)
    return EXIT.no
  }
  if (isSystemError(error)) {
    io.err(`gatewright: ${error.message}\n`)
    return EXIT.cannot
  }
  // Nobody's mistake but ours, or of code that we cannot know: what is known of it helps to find it.
  io.err(`gatewright: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return EXIT.cannot
}

/** What the system has said: a port is in use, a file may not be read. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && /^E[A-Z0-9]+$/.test((error as NodeJS.ErrnoException).code ?? '')
}
