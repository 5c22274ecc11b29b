import { ConfigError } from '../../config/config-error.ts'
import type { CliIo } from '../cli-io.ts'
import type { Given } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { loadFile } from '../load-file.ts'
import { planOf } from '../plan.ts'
import { planLines } from '../plan-lines.ts'

/** Says that a file is right, and what would be served. */
export async function check({ arguments: [file], options }: Given, io: CliIo): Promise<number> {
  const plan = planOf(await loadFile(file!, io).catch((error: unknown) => problemsAsJson(error, options, io)))
  if (options.json === true) io.out(`${JSON.stringify(plan)}\n`)
  else io.out(`${[`${file} is right`, ...planLines(plan)].join('\n')}\n`)
  return EXIT.ok
}

/** Programs are told all that is wrong as what they have asked for; people, on standard error, in any case. */
function problemsAsJson(error: unknown, options: Given['options'], io: CliIo): never {
  if (options.json === true && error instanceof ConfigError)
    io.out(`${JSON.stringify({ problems: error.problems })}\n`)
  throw error
}
