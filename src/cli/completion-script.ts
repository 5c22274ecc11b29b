import type { AnyCommand, CommandArgument } from './command.ts'

/** A script with which a shell completes command lines. It asks nothing when it runs: all commands stand in it. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', commands: readonly AnyCommand[]): string {
  return { bash, zsh, fish }[shell](commands)
}

function bash(commands: readonly AnyCommand[]): string {
  const cases = commands.map(
    (command) => `    ${command.name})
      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W '${flagsOf(command).join(' ')}' -- "$current"))
      else ${bashArguments(command)}; fi ;;`,
  )
  return `# bash completion of gatewright
_gatewright() {
  local current=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${namesOf(commands).join(' ')} --help --version' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
}
complete -F _gatewright gatewright
`
}

/** Of whichever argument: bash does not know which of the words before are options. */
function bashArguments(command: AnyCommand): string {
  switch (kindOf(command)) {
    case 'files':
      return 'compopt -o default'
    case 'folders':
      return 'COMPREPLY=($(compgen -d -- "$current"))'
    case 'nothing':
      return ':'
    default:
      return `COMPREPLY=($(compgen -W '${wordsOf(command).join(' ')}' -- "$current"))`
  }
}

function zsh(commands: readonly AnyCommand[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  const cases = commands.map((command) => {
    const options = command.options.flatMap(({ name, value, summary, isNegatable = false }) => [
      quoted(`--${name}[${bracketed(summary)}]${value === undefined ? '' : `:${colonless(value)}:`}`),
      ...(isNegatable ? [quoted(`--no-${name}[not so]`)] : []),
    ])
    const positionals = command.arguments.map((argument) =>
      quoted(`${argument.isOptional ? '::' : ':'}${argument.name}:${zshAction(argument)}`),
    )
    return `        ${command.name}) _arguments ${[...options, ...positionals].join(' ')} ;;`
  })
  return `#compdef gatewright
_gatewright() {
  local -a commands=(
${described.join('\n')}
  )
  _arguments -C '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${cases.join('\n')}
      esac ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _gatewright "$@"; else compdef _gatewright gatewright; fi
`
}

function zshAction({ completes }: CommandArgument): string {
  if (completes === undefined) return ''
  if (completes === 'files') return '_files'
  return completes === 'folders' ? '_directories' : `(${completes.join(' ')})`
}

function fish(commands: readonly AnyCommand[]): string {
  const lines = ['# fish completion of gatewright', 'complete -c gatewright -f']
  for (const { name, summary } of commands)
    lines.push(`complete -c gatewright -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`)
  for (const command of commands) {
    const seen = `-n '__fish_seen_subcommand_from ${command.name}'`
    for (const { name, value, summary, isNegatable = false } of command.options) {
      lines.push(
        `complete -c gatewright ${seen} -l ${name}${value === undefined ? '' : ' -x'} -d ${quoted(summary)}`,
      )
      if (isNegatable) lines.push(`complete -c gatewright ${seen} -l no-${name}`)
    }
    const kind = kindOf(command)
    if (kind === 'files') lines.push(`complete -c gatewright ${seen} -F`)
    else if (kind === 'folders')
      lines.push(`complete -c gatewright ${seen} -a '(__fish_complete_directories)'`)
    else if (kind === 'words')
      lines.push(`complete -c gatewright ${seen} -a ${quoted(wordsOf(command).join(' '))}`)
  }
  return `${lines.join('\n')}\n`
}

function namesOf(commands: readonly AnyCommand[]): string[] {
  return commands.map(({ name }) => name)
}

function flagsOf({ options }: AnyCommand): string[] {
  const flags = options.flatMap(({ name, isNegatable = false }) => [
    `--${name}`,
    ...(isNegatable ? [`--no-${name}`] : []),
  ])
  return [...flags, '--help']
}

function kindOf(command: AnyCommand): 'files' | 'folders' | 'words' | 'nothing' {
  const [first] = command.arguments
  if (first?.completes === undefined) return 'nothing'
  return typeof first.completes === 'string' ? first.completes : 'words'
}

function wordsOf(command: AnyCommand): readonly string[] {
  return command.arguments.flatMap(({ completes }) => (typeof completes === 'object' ? completes : []))
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function bracketed(text: string): string {
  return text.replace(/[[\]:]/g, (char) => `\\${char}`)
}

function colonless(text: string): string {
  return text.replaceAll(':', ' ')
}
