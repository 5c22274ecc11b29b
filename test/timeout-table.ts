import { readFileSync } from 'node:fs'
import { ROOT } from './source-scan.ts'

/** A row of the table of timeouts in the guide. */
export interface TimeoutRow {
  /** `pool.connectMs`, for example. */
  readonly option: string
  /** As it stands there: `5s`, or `none`. */
  readonly defaultText: string
  /** What a client is answered, where there is an error. */
  readonly status: number | undefined
  readonly code: string | undefined
}

const ROW =
  /^\| [^|]+ \| `([a-zA-Z.]+Ms|deadline\.ms)` \| (?:`(\w+)`|none) \| (?:(\d{3}) `(\w+)`)?\s*\| [^|]+ \|$/gm

/** The table of timeouts in the guide. */
export function timeoutTable(): TimeoutRow[] {
  const page = readFileSync(`${ROOT}docs/guides/resilience.md`, 'utf8')
  const section = page.slice(page.indexOf('## Timeouts'), page.indexOf('## Retries'))
  const rows = [...section.matchAll(ROW)]
  const lines = section.match(/^\| [^|]+ \| `/gm) ?? []
  if (rows.length !== lines.length) throw new Error('a row of the table of timeouts cannot be read')
  return rows.map(([, option, value, status, code]) => ({
    option: option!,
    defaultText: value ?? 'none',
    status: status === undefined ? undefined : Number(status),
    code,
  }))
}
