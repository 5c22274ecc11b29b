import { invalidOption } from '../core/options.ts'

/** A status, a class of them (`'2xx'`), or all from one to another (`'200-399'`). */
export type StatusRange = number | `${number}xx` | `${number}-${number}`

/** First and last status of each range. */
export type StatusRanges = readonly (readonly [from: number, to: number])[]

/** Checks ranges of final statuses, of which there must be one. */
export function statusRanges(
  owner: string,
  option: string,
  given: StatusRange | readonly StatusRange[],
): StatusRanges {
  const ranges = [given].flat()
  if (ranges.length === 0) throw invalidOption(owner, option, 'at least one status', given)
  return ranges.map((range) => {
    const found = /^(?:([2-5])xx|(\d{3})(?:-(\d{3}))?)$/.exec(String(range))
    if (found !== null) {
      const [, hundreds, first, last = first] = found
      const from = hundreds === undefined ? Number(first) : Number(hundreds) * 100
      const to = hundreds === undefined ? Number(last) : from + 99
      if (from >= 200 && to <= 599 && from <= to) return [from, to] as const
    }
    throw invalidOption(owner, option, 'a status from 200 to 599, "2xx", "200-399" or a list of these', range)
  })
}

/** Whether a status lies in one of the ranges. */
export function inRanges(ranges: StatusRanges, status: number): boolean {
  return ranges.some(([from, to]) => status >= from && status <= to)
}

/** As they are written in options: `503`, `5xx`, `502-504`. */
export function statusRangeTexts(ranges: StatusRanges): string[] {
  return ranges.map(([from, to]) => {
    if (from === to) return `${from}`
    return from % 100 === 0 && to === from + 99 ? `${from / 100}xx` : `${from}-${to}`
  })
}
