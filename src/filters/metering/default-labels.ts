import type { OpenMetricsContentType, Registry } from 'prom-client'
import type { Labels } from './label-set.ts'

/**
 * What a registry gives every series that has no label of that name. `setDefaultLabels` has no counterpart that reads; a test
 * sees where prom-client calls the field otherwise.
 */
export function defaultLabels(registry: Registry | Registry<OpenMetricsContentType>): Labels {
  return (registry as unknown as { readonly _defaultLabels?: Labels })._defaultLabels ?? {}
}
