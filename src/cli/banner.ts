import { VERSION } from '../core/version.ts'
import type { RouteDescription } from '../proxy/route-listing.ts'
import type { CliIo } from './cli-io.ts'
import { palette } from './palette.ts'
import { fact, routeLine } from './plan-lines.ts'

/** What serves, as whoever has started it is told. */
export interface Serving {
  readonly file: string
  readonly urls: readonly string[]
  readonly admin: string | undefined
  readonly workers: number | undefined
  readonly routes: readonly RouteDescription[]
  /** What it does when the file changes. */
  readonly follows: string | undefined
}

/** A terminal has 24 lines, and the one to type in is one of them. */
const MOST_LINES = 20

/** At most 20 lines: where it listens, and what is answered there. */
export function banner(serving: Serving, io: CliIo): string {
  const { file, urls, admin, workers, routes, follows } = serving
  const paint = palette(io)
  const facts = [
    ...shortened(urls, 6, 'listeners').map((url) => fact('listens', paint('bold', url))),
    ...(admin === undefined ? [] : [fact('admin', admin)]),
    ...(workers === undefined ? [] : [fact('workers', String(workers))]),
  ]
  const end = paint('dim', `${follows === undefined ? '' : `${follows}. `}Ctrl-C ends it.`)
  const most = MOST_LINES - facts.length - 2
  const shown = shortened(routes.map(routeLine), most, 'routes').map((line) => fact('route', line))
  return `${[`${paint('green', 'gatewright')} ${VERSION} serves ${file}`, ...facts, ...shown, end].join('\n')}\n`
}

/** The same for programs: one line of JSON. */
export function bannerJson({ file, urls, admin, workers, routes }: Serving): string {
  return `${JSON.stringify({ event: 'serving', version: VERSION, pid: process.pid, file, urls, admin, workers, routes: routes.length })}\n`
}

function shortened(lines: readonly string[], most: number, what: string): readonly string[] {
  if (lines.length <= most) return lines
  return [...lines.slice(0, most - 1), `... and ${lines.length - most + 1} more ${what}`]
}
