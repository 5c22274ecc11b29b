import { BENCH_OPTIONS } from './bench/bench-flags.ts'
import type { AnyCommand, CommandArgument, CommandOption } from './command.ts'
import { NEW_OPTIONS } from './new/new-flags.ts'

const FILE: CommandArgument = {
  name: 'file',
  summary: 'a configuration (.yaml, .yml, .json), or a module whose default export is a proxy (.ts, .js)',
  completes: 'files',
}

const JSON_OPTION: CommandOption = { name: 'json', summary: 'answers with JSON' }

const TOLD_OF: readonly AnyCommand[] = [
  {
    name: 'run',
    summary: 'Starts the gateway of a file',
    arguments: [FILE],
    options: [
      {
        name: 'watch',
        summary: 'serves the file anew when it changes; of a configuration, that is the default',
        isNegatable: true,
      },
      { name: 'workers', value: 'n|auto', summary: 'with so many processes; auto: one for each processor' },
      { name: 'json', summary: 'says in one line of JSON that it serves' },
    ],
    details:
      'It ends at SIGTERM and Ctrl-C, when what runs is finished; a second one ends it at once. At SIGHUP it reads a configuration again.',
    run: async (given, io) => (await import('./commands/run.ts')).run(given, io),
  },
  {
    name: 'check',
    summary: 'Says whether a file is right, and what would be served',
    arguments: [FILE],
    options: [JSON_OPTION],
    run: async (given, io) => (await import('./commands/check.ts')).check(given, io),
  },
  {
    name: 'routes',
    summary: 'Lists the routes of a file',
    arguments: [FILE],
    options: [JSON_OPTION],
    run: async (given, io) => (await import('./commands/routes.ts')).routes(given, io),
  },
  {
    name: 'explain',
    summary: 'Says what would become of a request, and why',
    arguments: [
      FILE,
      {
        name: 'request',
        summary:
          "a method and a url: GET /users/7, or 'GET http://example.com/users/7'; GET where there is no method",
      },
      { name: 'url', summary: 'the url, where the method stands alone', isOptional: true },
    ],
    options: [JSON_OPTION],
    run: async (given, io) => (await import('./commands/explain.ts')).explain(given, io),
  },
  {
    name: 'diff',
    summary: 'Says what a new file would change',
    arguments: [
      { ...FILE, name: 'old', summary: 'the file that is served now' },
      { ...FILE, name: 'new', summary: 'the file that is to be served' },
    ],
    options: [JSON_OPTION],
    details:
      'It ends with 0 where nothing would change, with 1 where something would, and with 2 where a file is wrong.',
    run: async (given, io) => (await import('./commands/diff.ts')).diff(given, io),
  },
  {
    name: 'bench',
    summary: 'Puts a load on a service, and says what its users would have felt',
    arguments: [{ name: 'url', summary: 'an http: or https: url' }],
    options: BENCH_OPTIONS,
    details: 'It ends with 1 where nothing was answered, and with 3 where no connection could be made.',
    runRaw: async (args, io) => (await import('./bench/run-bench.ts')).runBench(args, io),
  },
  {
    name: 'new',
    summary: 'Writes a project that can be started, tested and put into a container',
    arguments: [{ name: 'folder', summary: 'its folder, new or empty', completes: 'folders' }],
    options: NEW_OPTIONS,
    runRaw: async (args, io) => (await import('./new/run-new.ts')).runNew(args, io),
  },
  {
    name: 'completion',
    summary: 'Writes a script with which a shell completes command lines',
    arguments: [{ name: 'shell', summary: 'bash, zsh or fish', completes: ['bash', 'zsh', 'fish'] }],
    options: [],
    details:
      'For bash: gatewright completion bash > ~/.local/share/bash-completion/completions/gatewright. For zsh: into a file named _gatewright of a folder of $fpath. For fish: > ~/.config/fish/completions/gatewright.fish.',
    run: async (given, io) => (await import('./commands/completion.ts')).completion(given, io),
  },
]

/** All that the command line can do, in the order in which it is told of. */
export const COMMANDS: readonly AnyCommand[] = [
  ...TOLD_OF,
  {
    name: 'help',
    summary: 'Tells of all commands, or of one',
    arguments: [
      { name: 'command', summary: 'its name', isOptional: true, completes: TOLD_OF.map(({ name }) => name) },
    ],
    options: [],
    run: async (given, io) => (await import('./commands/help.ts')).help(given, io),
  },
]
