import { parseArgs } from 'node:util'
import { peers } from './peers.ts'
import { scenarios } from './scenarios.ts'

export interface BenchOptions {
  seconds: number
  warmUpSeconds: number
  /** How long a process may come to rest before its memory is read. */
  settleMs: number
  rounds: number
  only: readonly string[]
  scenario: readonly string[]
  smoke: boolean
  /** The page in `bench` to write; `undefined` writes none. */
  page: string | undefined
  pin: boolean
}

const PEER_NAMES = peers.map(({ name }) => name)
const SCENARIO_IDS = scenarios.map(({ id }) => id)

const HELP = `npm run bench:peers -- [options]

  --seconds N        length of each measured run (5)
  --warm-up N        seconds of load before it (2)
  --rounds N         rounds of each scenario; the median counts (3)
  --only a,b         ${PEER_NAMES.join(', ')}
  --scenario a,b     ${SCENARIO_IDS.join(', ')}
  --no-pin           do not give the proxy a core of its own
  --smoke            one short round of everything that is installed; for CI, the figures mean nothing
  --write            also write bench/RESULTS.md, for the repository
  --page NAME        write bench/NAME instead: for a run of some scenarios
`

/** Reads the command line; prints and ends the process on `--help` or a mistake. */
export function readOptions(): BenchOptions {
  try {
    return parse()
  } catch (error) {
    console.error(`bench:peers: ${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
}

function parse(): BenchOptions {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string' },
      scenario: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      page: { type: 'string' },
      'no-pin': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  const { smoke } = values
  const page = values.page ?? (values.write ? 'RESULTS.md' : undefined)
  if (smoke && page !== undefined)
    throw new Error('--smoke measures nothing that may be written down; leave out --write and --page')
  if (page !== undefined && !/^[\w-]+\.md$/.test(page))
    throw new Error(`--page must be the name of a page, such as RESULTS-protocols.md, got ${page}`)
  return {
    seconds: whole('--seconds', values.seconds, smoke ? 1 : 5, 1),
    warmUpSeconds: whole('--warm-up', values['warm-up'], smoke ? 0 : 2, 0),
    settleMs: smoke ? 200 : 2_000,
    rounds: whole('--rounds', values.rounds, smoke ? 1 : 3, 1),
    only: names('--only', values.only, PEER_NAMES),
    scenario: names('--scenario', values.scenario, SCENARIO_IDS),
    smoke,
    page,
    pin: !values['no-pin'],
  }
}

function whole(option: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new Error(`${option} must be a whole number from ${least}, got ${text}`)
}

function names(option: string, text: string | undefined, known: readonly string[]): readonly string[] {
  if (text === undefined) return known
  const chosen = text.split(',')
  const unknown = chosen.find((name) => !known.includes(name))
  if (unknown === undefined) return chosen
  throw new Error(`${option}: there is no "${unknown}"; there are ${known.join(', ')}`)
}
