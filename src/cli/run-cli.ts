import { parseArgs } from 'node:util'
import { nearest } from '../core/nearest.ts'
import { VERSION } from '../core/version.ts'
import type { CliIo } from './cli-io.ts'
import type { AnyCommand, Command, Given } from './command.ts'
import { COMMANDS } from './commands.ts'
import { EXIT } from './exit-codes.ts'
import { told } from './told.ts'
import { usageOf, usageOfAll } from './usage.ts'
import { UsageError } from './usage-error.ts'

/** Does what a command line says. Resolves with what the process is to end with, and never rejects. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = args
  try {
    if (name === '--version' || name === '-v') {
      io.out(`gatewright ${VERSION}\n`)
      return EXIT.ok
    }
    if (name === undefined || name === '--help' || name === '-h') {
      const text = usageOfAll(COMMANDS)
      if (name === undefined) io.err(text)
      else io.out(text)
      return name === undefined ? EXIT.usage : EXIT.ok
    }
    const command = commandNamed(name)
    if (rest.includes('--help') || rest.includes('-h')) {
      io.out(usageOf(command))
      return EXIT.ok
    }
    if (command.runRaw !== undefined) return await command.runRaw(rest, io)
    return await command.run(read(command, rest), io)
  } catch (error) {
    return told(error, COMMANDS.some((command) => command.name === name) ? name : undefined, io)
  }
}

/** @throws UsageError */
export function commandNamed(name: string): AnyCommand {
  const found = COMMANDS.find((command) => command.name === name)
  if (found !== undefined) return found
  const near = nearest(
    name,
    COMMANDS.map((command) => command.name),
  )
  throw new UsageError(
    `there is no command ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`,
  )
}

/** Node says what is wrong, and then how to write something else. */
function misread({ message }: Error, { options }: Command): string {
  const [said] = message.split('. ')
  const unknown = /^Unknown option '--([^']+)'/.exec(message)?.[1]
  const near =
    unknown === undefined
      ? undefined
      : nearest(
          unknown,
          options.flatMap(({ name, isNegatable }) => (isNegatable ? [name, `no-${name}`] : [name])),
        )
  return near === undefined ? said! : `${said}; did you mean '--${near}'?`
}

/** @throws UsageError */
function read(command: Command, args: readonly string[]): Given {
  const known = command.options.map(({ name, value }) => {
    return [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }] as const
  })
  let values: Given['options']
  let positionals: string[]
  try {
    ;({ values, positionals } = parseArgs({
      args: [...args],
      options: Object.fromEntries(known),
      allowPositionals: true,
      allowNegative: command.options.some(({ isNegatable }) => isNegatable),
    }))
  } catch (error) {
    throw new UsageError(misread(error as Error, command))
  }
  const missing = command.arguments.find(
    (argument, i) => positionals[i] === undefined && !argument.isOptional,
  )
  if (missing !== undefined) throw new UsageError(`<${missing.name}> is missing: ${missing.summary}`)
  const tooMany = positionals[command.arguments.length]
  if (tooMany !== undefined) throw new UsageError(`${JSON.stringify(tooMany)} is one argument too many`)
  return { arguments: positionals, options: values }
}
