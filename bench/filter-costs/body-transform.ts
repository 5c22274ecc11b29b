import { type BodyStep, bodyTransform } from 'gatewright/filters/body-transform'
import type { FilterCost } from './filter-cost.ts'

const passing: BodyStep = async function* (chunks) {
  yield* chunks
}

export const costs: readonly FilterCost[] = [
  { name: 'bodyTransform, 1 KiB', filters: () => [bodyTransform({ response: passing })] },
  {
    name: 'bodyTransform, another type',
    filters: () => [bodyTransform({ response: passing, types: 'text/x-other' })],
  },
]
