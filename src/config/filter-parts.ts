import type { Filter } from '../core/handler.ts'
import type { Part } from './part.ts'

/** The filters that a configuration can name, by their names in the builder: `rateLimit` is `rate_limit` in a file. */
export const filterParts: Readonly<Record<string, Part<never, Filter>>> = {}
