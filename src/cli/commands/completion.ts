import type { CliIo } from '../cli-io.ts'
import type { Given } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { completionScript } from '../completion-script.ts'
import { EXIT } from '../exit-codes.ts'
import { UsageError } from '../usage-error.ts'

/** Writes the script of a shell. */
export async function completion({ arguments: [shell] }: Given, io: CliIo): Promise<number> {
  if (shell !== 'bash' && shell !== 'zsh' && shell !== 'fish')
    throw new UsageError(`<shell> must be bash, zsh or fish, got ${JSON.stringify(shell)}`)
  io.out(completionScript(shell, COMMANDS))
  return EXIT.ok
}
