import type { Schema } from '../../src/config/schema/schema.ts'
import { duration, size } from '../../src/config/schema/values.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

/** What docstrings of the builder say, by keys of files. */
export interface OptionTexts {
  /** Of the options of an object. `of`: the key that the object has itself; `sure`: whether they are one interface's, all of them. */
  options(keys: readonly string[], of: string, sure: boolean): ReadonlyMap<string, string>
  /** Of a filter or a balancer. */
  part(key: string): string | undefined
}

/** What is published is for whoever writes a file, what types are made of for programs that write one. */
export interface Published {
  readonly for: 'editors' | 'types'
  readonly texts: OptionTexts
}

const VARIABLE = { $ref: '#/$defs/variable' }

/** Schemas that stand in many places, and have a name. */
const NAMED: ReadonlyMap<Schema, { readonly name: string; readonly type: string }> = new Map([
  [duration, { name: 'duration', type: 'Duration' }],
  [size, { name: 'size', type: 'Size' }],
])

/** A JSON Schema of the whole, without our own words. */
export function publishedSchema(root: Schema, published: Published): JsonSchema {
  const { $defs = {}, ...whole } = root
  const forEditors = published.for === 'editors'
  const names = forEditors ? [...NAMED] : []
  return {
    ...schemaOf(whole, '', published),
    $defs: {
      ...mapped($defs, (it, name) => schemaOf(it, name, published)),
      ...Object.fromEntries(names.map(([it, { name }]) => [name, plain(it, published)])),
      ...(forEditors
        ? {
            variable: {
              type: 'string',
              pattern: '\\$\\{',
              description: 'A variable of the environment, or the content of a file.',
            },
          }
        : {}),
    },
  }
}

/** The same of a part of it, for editors. */
export function schemaOf(schema: Schema, key: string, published: Published): JsonSchema {
  if (schema.standsFor === 'module' && published.for === 'types') return { tsType: 'FromModule' }
  const isEmpty = schema.additionalProperties === false && Object.keys(schema.properties ?? {}).length === 0
  if (isEmpty && published.for === 'types') return { tsType: 'Record<string, never>' }
  const named = NAMED.get(schema)
  if (named === undefined) return plain(schema, published, key)
  return published.for === 'editors' ? { $ref: `#/$defs/${named.name}` } : { tsType: named.type }
}

function plain(schema: Schema, published: Published, key = ''): JsonSchema {
  const { expected: _, options, standsFor: __, secret: ___, ...rest } = schema
  const { properties, items, anyOf, required = [], additionalProperties, ...scalar } = rest
  const inner = (it: Schema, name = key) => schemaOf(it, name, published)
  const texts = published.texts.options(Object.keys(properties ?? {}), key, options !== undefined)
  // An object with one of these keys: a part by its name.
  const textOf = (name: string) => (schema.maxProperties === 1 ? published.texts.part(name) : texts.get(name))
  const made: JsonSchema = {
    ...scalar,
    ...(required.length === 0 ? {} : { required }),
    ...(items === undefined ? {} : { items: inner(items) }),
    ...(properties === undefined
      ? {}
      : {
          properties: mapped(properties, (it, name) => {
            const made = inner(it, name)
            // Types of what has a name would be written out where something stands beside it.
            if (made.$ref !== undefined && published.for === 'types') return made
            const text = it.description ?? textOf(name)
            return text === undefined ? made : { ...made, description: text }
          }),
        }),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: additionalProperties === false ? false : inner(additionalProperties) }),
  }
  const branches = anyOf?.map((it) => inner(it))
  if (published.for === 'types') return branches === undefined ? made : { ...made, anyOf: branches }
  if (branches !== undefined) return { ...made, anyOf: withVariable(branches) }
  // Whatever is no text already can be given by a variable.
  const isRead = schema.type !== undefined || schema.enum !== undefined
  const isText = schema.type === 'string' && schema.pattern === undefined && schema.enum === undefined
  const isScalar = schema.type !== 'object' && schema.type !== 'array'
  return isRead && isScalar && !isText ? { anyOf: [made, VARIABLE] } : made
}

/** One branch for all, in the place of one in each. */
function withVariable(branches: readonly JsonSchema[]): readonly JsonSchema[] {
  const flat = branches.flatMap((it) =>
    Object.keys(it).length === 1 && Array.isArray(it.anyOf) ? (it.anyOf as JsonSchema[]) : [it],
  )
  const others = flat.filter((it) => it.$ref !== VARIABLE.$ref)
  return others.length === flat.length ? flat : [...others, VARIABLE]
}

function mapped<T>(
  of: Readonly<Record<string, T>>,
  map: (it: T, name: string) => JsonSchema,
): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(Object.entries(of).map(([name, it]) => [name, map(it, name)]))
}
