import type { CliIo } from '../cli-io.ts'
import type { Given } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { EXIT } from '../exit-codes.ts'
import { commandNamed } from '../run-cli.ts'
import { usageOf, usageOfAll } from '../usage.ts'

/** Tells of all commands, or of one. */
export async function help({ arguments: [name] }: Given, io: CliIo): Promise<number> {
  io.out(name === undefined ? usageOfAll(COMMANDS) : usageOf(commandNamed(name)))
  return EXIT.ok
}
