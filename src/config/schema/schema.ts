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
  /** What the builder calls the properties, by the keys that they have in files. Missing for keys that are nobody's options. */
  readonly options?: Readonly<Record<string, string>>
  /** What the builder is given in its place, where that is no plain value. */
  readonly standsFor?: 'module' | 'expression' | 'infinity' | 'upstream' | 'path'
  /** Never shown to anyone. */
  readonly secret?: true
  /** One of these fits. */
  readonly anyOf?: readonly Schema[]
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly default?: unknown
  /** Stands for one of `$defs` of the whole schema: `#/$defs/routes`. */
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
}

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null'

/** A schema for each option of the builder, by its own name; `undefined` for those that no file can give. */
export type OptionsSchema<Options extends object> = {
  readonly [K in keyof Required<Options>]: Schema | undefined
}
