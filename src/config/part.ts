import type { OptionsSchema } from './schema/schema.ts'

/**
 * Something that a configuration names, with options: a filter, a balancer, a store of a cache. The schema has each option of
 * the builder's by its own name; files have them by `configKey`.
 */
export interface Part<Options extends object, Made> {
  readonly schema: OptionsSchema<Options>
  /** Names of options without which it cannot be made. */
  readonly required: readonly (keyof Options & string)[]
  /** Loads the code that makes it: who does not name it never loads that. */
  readonly load: () => Promise<(options: Options) => Made>
}
