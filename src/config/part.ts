import type { OptionsSchema, Schema } from './schema/schema.ts'

/**
 * Something that a configuration names, with options: a filter, a balancer, a store of a cache. The schema has each option of
 * the builder's by its own name; files have them by `configKey`.
 */
export interface Part<Options extends object, Made> {
  readonly schema: OptionsSchema<Options>
  /** Names of options without which it cannot be made. */
  readonly required: readonly (keyof Options & string)[]
  /** Whether it answers by itself: a route whose last filter it is needs no upstream. */
  readonly answers?: true
  /** Loads the code that makes it: who does not name it never loads that. */
  readonly load: () => Promise<(options: Options) => Made>
}

/** A part of which no more is known than its name: its options have been checked against its schema before they are given to it. */
export interface NamedPart<Made> {
  readonly schema: Readonly<Record<string, Schema | undefined>>
  readonly required: readonly string[]
  readonly answers?: true
  readonly load: () => Promise<(options: never) => Made>
}
