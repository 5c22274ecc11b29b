import type { CliIo } from '../cli-io.ts'
import type { Given } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { loadFile } from '../load-file.ts'
import { routeLine } from '../plan-lines.ts'

/** Lists the routes of a file, in the order in which they stand there. */
export async function routes({ arguments: [file], options }: Given, io: CliIo): Promise<number> {
  const { app } = await loadFile(file!, io)
  if (options.json === true) io.out(`${JSON.stringify(app.routes)}\n`)
  else io.out(app.routes.map((route) => `${routeLine(route)}\n`).join(''))
  return EXIT.ok
}
