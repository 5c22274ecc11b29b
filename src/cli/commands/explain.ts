import { OptionError } from '../../core/options.ts'
import type { CliIo } from '../cli-io.ts'
import type { Given } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { FileError } from '../file-error.ts'
import { loadFile } from '../load-file.ts'
import { UsageError } from '../usage-error.ts'

/** Says what would become of a request, and why. */
export async function explain({ arguments: [file, ...request], options }: Given, io: CliIo): Promise<number> {
  const { app } = await loadFile(file!, io)
  if (app.explain === undefined) throw new FileError(`${file} carries connections, which have no requests`)
  try {
    const explanation = app.explain(request.join(' '))
    io.out(`${options.json === true ? JSON.stringify(explanation) : explanation.toString()}\n`)
  } catch (error) {
    // It was asked in other words than it understands.
    if (isOptionError(error)) throw new UsageError(error.message)
    throw error
  }
  return EXIT.ok
}

/** Of whichever copy of this package. */
function isOptionError(error: unknown): error is OptionError {
  return error instanceof OptionError || (error as Partial<OptionError>).code === 'ERR_OPTION_INVALID'
}
