import type { CliIo } from '../cli-io.ts'
import type { Given } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { loadFile } from '../load-file.ts'
import { planOf } from '../plan.ts'
import { planLines } from '../plan-lines.ts'

/** Says that a file is right, and what would be served. */
export async function check({ arguments: [file], options }: Given, io: CliIo): Promise<number> {
  const plan = planOf(await loadFile(file!, io))
  if (options.json === true) io.out(`${JSON.stringify(plan)}\n`)
  else io.out(`${[`${file} is right`, ...planLines(plan)].join('\n')}\n`)
  return EXIT.ok
}
