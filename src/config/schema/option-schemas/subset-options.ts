import type { SubsetOptions } from '../../../pool/subset.ts'
import type { OptionsSchema } from '../schema.ts'
import { choice } from '../values.ts'

/** What happens where no endpoint has the labels that are wanted. What wants them is code. */
export const subsetOptions: OptionsSchema<SubsetOptions> = { fallback: choice('any', 'none') }
