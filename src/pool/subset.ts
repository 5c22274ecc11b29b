import type { Exchange } from '../core/exchange.ts'
import type { Labels } from '../core/labels.ts'
import { invalidOption, knownOptions } from '../core/options.ts'

/** The labels that an endpoint must have. One that is `undefined` is not asked for. */
export type WantedLabels = Readonly<Record<string, string | undefined>>

/** Names the labels that endpoints must have for an exchange; `undefined` leaves it to the balancer. */
export type SubsetSelector = (exchange: Exchange) => WantedLabels | undefined

export interface SubsetOptions {
  /**
   * Who serves where no endpoint has the labels. `'none'` (default): nobody; the answer is 503 `no_endpoint`. `'any'`: all
   * endpoints, and also where those that have the labels are not fit to serve.
   */
  fallback?: 'any' | 'none'
}

/** How a pool chooses subsets, checked. */
export interface SubsetSettings {
  readonly select: SubsetSelector
  readonly fallback: 'any' | 'none'
}

/** Checks the arguments and fills in the defaults. */
export function subsetSettings(select: SubsetSelector, options: SubsetOptions): SubsetSettings {
  const owner = 'pool.subset'
  if (typeof select !== 'function')
    throw invalidOption(owner, 'select', 'a function (exchange) => labels', select)
  knownOptions(owner, options, ['fallback'] satisfies (keyof SubsetOptions)[])
  const { fallback = 'none' } = options
  if (fallback !== 'any' && fallback !== 'none')
    throw invalidOption(owner, 'fallback', '"any" or "none"', fallback)
  return { select, fallback }
}

/** What was asked for on behalf of an exchange. */
export interface Wanted {
  /** The same for the same labels, in whatever order they were named. */
  readonly key: string
  readonly entries: readonly (readonly [label: string, value: string])[]
}

/** Asks the selector. @throws TypeError for what are no labels. */
export function wantedOf(select: SubsetSelector, exchange: Exchange): Wanted {
  const labels: unknown = select(exchange)
  if (labels === undefined) return NOTHING
  // A promise is an object too, and would seem to ask for nothing.
  if (typeof labels !== 'object' || labels === null || labels instanceof Promise) throw noLabels()
  const entries: [string, string][] = []
  for (const [label, value] of Object.entries(labels)) {
    if (typeof value === 'string') entries.push([label, value])
    else if (value !== undefined) throw noLabels()
  }
  if (entries.length === 0) return NOTHING
  if (entries.length > 1) entries.sort(([one], [other]) => (one < other ? -1 : 1))
  return { key: JSON.stringify(entries), entries }
}

export function hasLabels({ labels }: { readonly labels: Labels }, { entries }: Wanted): boolean {
  return entries.every(([label, value]) => labels[label] === value)
}

const NOTHING: Wanted = { key: '', entries: [] }

function noLabels(): TypeError {
  return new TypeError('the function of pool.subset must return an object of strings, or undefined')
}
