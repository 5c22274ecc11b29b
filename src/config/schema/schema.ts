/** A JSON Schema (2020-12) of a value in a configuration file, in the few words that are used here. */
export interface Schema {
  readonly type?: JsonType | readonly JsonType[]
  /** What it must be, for people: `a duration such as "30s"`. Errors say it. */
  readonly expected: string
  /** For editors. */
  readonly description?: string
  readonly enum?: readonly (string | number | boolean)[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minItems?: number
  readonly items?: Schema
  /** Keys as they stand in files. */
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  /** `false` unless any key may stand there; then what its value must be. */
  readonly additionalProperties?: false | Schema
  /** One of these fits. */
  readonly anyOf?: readonly Schema[]
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly default?: unknown
  /** Stands for one of `$defs` of the whole: `#/$defs/route`. */
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  /** The names that the builder has for keys, where they are others. No word of JSON Schema. */
  readonly names?: Readonly<Record<string, string>>
  /** What a text or an object stands for. No word of JSON Schema. */
  readonly stands?: StandsFor
}

/**
 * `module`: an export of the user's code. `upstream`: the pool of that name. `path`: a file, found from the file that names it.
 * `pattern`: a regular expression between slashes.
 */
export type StandsFor = 'module' | 'upstream' | 'path' | 'pattern'

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null'

/** A schema for each option of the builder, by its own name; `undefined` for those that no file can give. */
export type OptionsSchema<Options extends object> = {
  readonly [K in keyof Required<Options>]: Schema | undefined
}
