import { configKey } from '../config-key.ts'
import type { OptionsSchema, Schema } from './schema.ts'

export const text: Schema = { type: 'string', expected: 'a text' }

export const flag: Schema = { type: 'boolean', expected: 'true or false' }

/** Milliseconds, or a number with a unit: see `durationMs`. */
export const duration: Schema = {
  expected: 'a duration, such as "250ms", "30s" or "5m"',
  anyOf: [
    { type: 'number', minimum: 0, expected: 'milliseconds' },
    {
      type: 'string',
      pattern: '^\\d+(?:\\.\\d+)?\\s*(?:ms|s|m|h|d)$',
      expected: 'a number and one of ms, s, m, h, d',
    },
  ],
}

/** Bytes, or a number with a unit: see `sizeBytes`. */
export const size: Schema = {
  expected: 'a size, such as "64kb" or "100MB"',
  anyOf: [
    { type: 'integer', minimum: 0, expected: 'bytes' },
    {
      type: 'string',
      pattern: '^\\d+(?:\\.\\d+)?\\s*(?:[bB]|[kK][bB]|[mM][bB]|[gG][bB])$',
      expected: 'a number and one of b, kb, mb, gb',
    },
  ],
}

/** A value of the user's code, which the file names: `{ module: './filters.ts#name' }`. `what`: `a function of the exchange`. */
export function moduleValue(what: string): Schema {
  return {
    type: 'object',
    properties: {
      module: { type: 'string', pattern: '#', expected: 'a path, "#" and the name of an export' },
    },
    required: ['module'],
    additionalProperties: false,
    expected: `${what}, as { module: "./file.ts#name" }`,
    stands: 'module',
  }
}

/** The name of an upstream; options get its pool. */
export const upstreamName: Schema = {
  type: 'string',
  expected: 'the name of an upstream',
  stands: 'upstream',
}

/** A path of a file, found from the folder of the file that names it; options get it absolute. */
export const filePath: Schema = { type: 'string', expected: 'the path of a file', stands: 'path' }

/** A regular expression; options get a `RegExp`. */
export const regularExpression: Schema = {
  type: 'string',
  pattern: '^/.*/[a-z]*$',
  expected: 'an expression between slashes, such as "/^v[12]$/"',
  stands: 'pattern',
}

export function integer(minimum = 0, maximum?: number): Schema {
  const upTo = maximum === undefined ? '' : ` to ${maximum}`
  return {
    type: 'integer',
    minimum,
    ...(maximum === undefined ? {} : { maximum }),
    expected:
      maximum === undefined
        ? `a whole number of at least ${minimum}`
        : `a whole number from ${minimum}${upTo}`,
  }
}

export function number(minimum: number, maximum?: number): Schema {
  return {
    type: 'number',
    minimum,
    ...(maximum === undefined ? {} : { maximum }),
    expected:
      maximum === undefined ? `a number of at least ${minimum}` : `a number from ${minimum} to ${maximum}`,
  }
}

export function choice(...values: readonly (string | number | boolean)[]): Schema {
  return { enum: values, expected: `one of ${values.map((value) => JSON.stringify(value)).join(', ')}` }
}

export function listOf(items: Schema, minItems = 0): Schema {
  return {
    type: 'array',
    items,
    ...(minItems > 0 ? { minItems } : {}),
    expected: `a list, each ${items.expected}`,
  }
}

/** An object with keys that users choose. */
export function mapOf(values: Schema): Schema {
  return {
    type: 'object',
    additionalProperties: values,
    expected: `an object, each value ${values.expected}`,
  }
}

export function either(...anyOf: readonly Schema[]): Schema {
  return { anyOf, expected: anyOf.map(({ expected }) => expected).join(', or ') }
}

/** An object with these keys, as they stand in the file. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  { required = [], expected = 'an object' }: { required?: readonly string[]; expected?: string } = {},
): Schema {
  return { type: 'object', properties, required, additionalProperties: false, expected }
}

/** An object of the builder's options, under the keys that they have in files. A compile error where one is not mentioned. */
export function optionsObject<Options extends object>(
  options: OptionsSchema<Options>,
  required: readonly (keyof Options & string)[] = [],
): Schema {
  const properties: Record<string, Schema> = {}
  const names: Record<string, string> = {}
  for (const [name, schema] of Object.entries<Schema | undefined>(options)) {
    if (schema === undefined) continue
    properties[configKey(name)] = schema
    names[configKey(name)] = name
  }
  return { ...object(properties, { required: required.map(configKey) }), names }
}
