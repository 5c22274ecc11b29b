import { configKey } from '../config-key.ts'
import type { OptionsSchema, Schema } from './schema.ts'

export const text: Schema = { type: 'string', expected: 'a text' }

/** A text that nobody may see: errors say where it stands, and not what it is. */
export const secret: Schema = { type: 'string', secret: true, expected: 'a text' }

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

/** `Infinity`, which files cannot say. */
const unlimited: Schema = { enum: ['unlimited'], standsFor: 'infinity', expected: '"unlimited"' }

/** The same as `given`, or no limit at all. */
export function orUnlimited(given: Schema): Schema {
  return either(given, unlimited)
}

/** An expression: `{ regexp: '^/v[0-9]+$' }`, with `flags` where it needs some. */
export const expression: Schema = {
  type: 'object',
  properties: {
    regexp: { type: 'string', expected: 'an expression' },
    flags: { type: 'string', pattern: '^[imsuv]*$', expected: 'letters of i, m, s, u, v' },
  },
  required: ['regexp'],
  additionalProperties: false,
  standsFor: 'expression',
  expected: 'an expression, as { regexp: "..." }',
}

/** The path of a file, found from the folder of the file that names it. */
export const filePath: Schema = { type: 'string', standsFor: 'path', expected: 'the path of a file' }

/** Whatever it is. */
export const anything: Schema = { expected: 'anything' }

/** An object of which nobody looks at what is in it. */
export function freeObject(expected: string): Schema {
  return { type: 'object', expected }
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
    standsFor: 'module',
    expected: `${what}, as { module: "./file.ts#name" }`,
  }
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

/** A number above zero. */
export const positive: Schema = { type: 'number', exclusiveMinimum: 0, expected: 'a positive number' }

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

export const texts: Schema = listOf(text)

/** One of them, or a list of some. */
export function oneOrMore(one: Schema): Schema {
  return either(one, listOf(one, 1))
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
  const given = Object.entries<Schema | undefined>(options).filter(
    (entry): entry is [string, Schema] => entry[1] !== undefined,
  )
  const needed = required.map((name) => `${configKey(name)}: ...`).join(', ')
  return {
    ...object(Object.fromEntries(given.map(([name, schema]) => [configKey(name), schema])), {
      required: required.map(configKey),
    }),
    // A value in the place of options is a value of the option that is meant: its name is what is asked for next.
    expected: needed === '' ? 'an object of options' : `an object such as { ${needed} }`,
    options: Object.fromEntries(given.map(([name]) => [configKey(name), name])),
  }
}
