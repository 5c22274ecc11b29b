import type { AnyCommand } from './command.ts'

/** What all of the command line is, for `help` alone. */
export function usageOfAll(commands: readonly AnyCommand[]): string {
  return [
    'Usage: gatewright <command>',
    '',
    ...columns(commands.map((command) => [lineOf(command), command.summary])),
    '',
    'gatewright help <command> tells more of one. gatewright --version tells which one this is.',
    '',
    'Exit codes: 0 done; 1 the configuration is wrong, or differs; 2 the command line is wrong; 3 it cannot be done here, such as',
    'where a port is in use.',
    '',
  ].join('\n')
}

/** What one command is. */
export function usageOf(command: AnyCommand): string {
  const { summary, details } = command
  const parts = [
    ...command.arguments.map(({ name, summary: said }): [string, string] => [`<${name}>`, said]),
    ...command.options.map(({ name, value, isNegatable = false, summary: said }): [string, string] => [
      `--${isNegatable ? '[no-]' : ''}${name}${value === undefined ? '' : ` <${value}>`}`,
      said,
    ]),
  ]
  return [
    `Usage: gatewright ${lineOf(command)}${command.options.length > 0 ? ' [options]' : ''}`,
    '',
    `${summary}.${details === undefined ? '' : ` ${details}`}`,
    ...(parts.length > 0 ? ['', ...columns(parts)] : []),
    '',
  ].join('\n')
}

/** `run <file>` */
function lineOf(command: AnyCommand): string {
  const names = command.arguments.map(({ name, isOptional = false }) =>
    isOptional ? `[${name}]` : `<${name}>`,
  )
  return [command.name, ...names].join(' ')
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`)
}
