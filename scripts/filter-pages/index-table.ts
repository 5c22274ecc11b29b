import { GROUPS } from './catalog.ts'
import type { FilterCosts } from './filter-costs.ts'
import type { ShelfEntry } from './shelf.ts'

/** All filters by groups, with a link to each page from where the table stands. */
export function indexTable(entries: readonly ShelfEntry[], costs: FilterCosts, folder: string): string {
  const byName = new Map(entries.map((it) => [it.place.name, it]))
  const lines = ['| | | µs |', '|---|---|---:|']
  for (const { title, says, names } of GROUPS) {
    const known = names.map((name) => byName.get(name)).filter((it) => it !== undefined)
    if (known.length === 0) continue
    lines.push(`| **${title}** | *${says}* | |`)
    for (const { slug, main } of known) {
      const us = costs.of(slug)[0]?.us ?? '–'
      lines.push(
        `| [\`${main.name}\`](${folder}${slug}.md) | ${main.doc!.summary.replaceAll('|', '\\|')} | ${us} |`,
      )
    }
  }
  return lines.join('\n')
}

/** Which filters stand in no group. */
export function misplaced(entries: readonly ShelfEntry[]): string[] {
  const listed = GROUPS.flatMap(({ names }) => names)
  return entries
    .map(({ place }) => place.name)
    .filter((name) => !listed.includes(name))
    .map((name) => `${name} stands in no group`)
}

/** The page of all filters, `docs/filters/README.md`. */
export function indexPage(entries: readonly ShelfEntry[], costs: FilterCosts): string {
  return `<!-- Made by \`npm run docs\`. Change scripts/filter-pages. -->

# Filters that are ready

Each is a function that makes a filter: see [filters](../guides/filters.md) for what that is, where it may stand, and in which order. Take all from \`gatewright/filters\`, or one from \`gatewright/filters/<name>\`, which loads nothing of the others; the adapters come from \`gatewright\` itself.

The last column is the CPU time, in microseconds, that the usual use of a filter adds to each exchange: [all figures](../../bench/RESULTS-filters.md).

${indexTable(entries, costs, '')}
`
}
