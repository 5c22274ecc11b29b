/** What `npm run bench:filters -- --write` has measured last. */
export interface FilterCosts {
  /** The lines of one cost file, the usual use first. None when it was not measured. */
  readonly of: (slug: string) => readonly { readonly name: string; readonly us: string }[]
}

interface MeasuredCost {
  readonly file: string
  readonly name: string
  readonly us: number
}

export function filterCosts(json: string | undefined): FilterCosts {
  const { costs } =
    json === undefined ? { costs: [] } : (JSON.parse(json) as { costs: readonly MeasuredCost[] })
  return {
    of: (slug) => costs.filter(({ file }) => file === slug).map(({ name, us }) => ({ name, us: shown(us) })),
  }
}

/** What is less cannot be told from nothing: two runs differ by as much. */
const LEAST_US = 0.2

function shown(us: number): string {
  return us < LEAST_US ? `< ${LEAST_US}` : us.toFixed(1)
}
