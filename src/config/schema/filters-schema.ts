import { configKey } from '../config-key.ts'
import { filterParts } from '../filter-parts.ts'
import type { NamedPart } from '../part.ts'
import type { Schema } from './schema.ts'
import { listOf, moduleValue, optionsObject } from './values.ts'

/** A list of filters, outermost first: `filters` of the whole, of routes and of upstreams. */
export const filtersSchema: Schema = {
  ...listOf(named('a filter', filterParts)),
  expected: 'a list of filters, outermost first',
}

/** Something with a name: the name alone, or an object with the name as its one key and its options as the value. */
export function named<Made>(what: string, parts: Readonly<Record<string, NamedPart<Made>>>): Schema {
  const withoutOptions = Object.entries(parts).filter(([, { required }]) => required.length === 0)
  return {
    expected: `${what}: its name, or an object with its name and its options`,
    anyOf: [
      {
        enum: withoutOptions.map(([name]) => configKey(name)),
        expected: `the name of ${what} that needs no options`,
      },
      withOptions(what, parts),
      moduleValue(what),
    ],
  }
}

/** An object with the name of a part as its one key, and its options as the value. */
export function withOptions<Made>(what: string, parts: Readonly<Record<string, NamedPart<Made>>>): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(parts).map(([name, { schema, required }]) => [
        configKey(name),
        optionsObject(schema, required),
      ]),
    ),
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    expected: `an object with the name of ${what} as its one key`,
  }
}

/** The part that a key of a file names. */
export function partOf<Made>(
  parts: Readonly<Record<string, NamedPart<Made>>>,
  key: string,
): NamedPart<Made> | undefined {
  return Object.entries(parts).find(([name]) => configKey(name) === key)?.[1]
}
