import { resolve } from 'node:path'
import { nearest } from '../../core/nearest.ts'
import { Problems } from '../problems.ts'
import {
  type ConfigNode,
  child,
  type MapNode,
  pathOf,
  type ScalarNode,
  shownNode,
} from '../reading/config-node.ts'
import { besideFile } from '../reading/source-files.ts'
import type { JsonType, Schema } from './schema.ts'

/** What values that stand for something else are read as. */
export interface References {
  /** The export that `{ module }` names. */
  module(node: MapNode): unknown
  /** The pool that `{ upstream }` names. */
  upstream(node: MapNode): unknown
}

/** For whoever only wants to know whether it fits. */
export const NO_REFERENCES: References = { module: () => undefined, upstream: () => undefined }

interface Reading {
  readonly root: Schema
  readonly problems: Problems
  readonly references: References
}

/**
 * A value of a file as the builder takes it: options under the names that they have there, modules and upstreams in the place of
 * their names. Everything that does not fit is a problem, and then what is returned is of no use.
 */
export function readValue(
  schema: Schema,
  node: ConfigNode,
  problems: Problems,
  references: References = NO_REFERENCES,
  root: Schema = schema,
): unknown {
  return read(schema, node, { root, problems, references })
}

function read(given: Schema, node: ConfigNode, reading: Reading): unknown {
  const schema = resolved(given, reading.root)
  if (node.kind === 'scalar' && node.failed === true) return undefined
  if (isAnything(schema)) return plainValue(node)
  if (schema.anyOf !== undefined) return readOneOf(schema, schema.anyOf, node, reading)
  if (node.kind === 'map') return readObject(schema, node, reading)
  if (node.kind === 'list') return readList(schema, node, reading)
  return readScalar(schema, node, reading)
}

function isAnything({ type, anyOf, enum: values }: Schema): boolean {
  return type === undefined && anyOf === undefined && values === undefined
}

function resolved(schema: Schema, root: Schema): Schema {
  if (schema.$ref === undefined) return schema
  const found = root.$defs?.[schema.$ref.slice('#/$defs/'.length)]
  if (found === undefined) throw new TypeError(`the schema has no ${schema.$ref}`)
  return found
}

function readScalar(schema: Schema, node: ScalarNode, { problems }: Reading): unknown {
  const value = typedFor(schema, node)
  if (!hasType(schema, value) || !fitsText(schema, value) || !fitsNumber(schema, value)) {
    const known = schema.enum?.filter((one) => typeof one === 'string') ?? []
    const near =
      typeof node.value === 'string' && node.origin === undefined ? nearest(node.value, known) : undefined
    problems.wrong(holdsSecret(schema) ? withoutSecret(node) : node, schema.expected, near)
    return undefined
  }
  if (schema.standsFor === 'path') return resolve(besideFile(node.place.file, String(value)))
  return schema.standsFor === 'infinity' ? Number.POSITIVE_INFINITY : value
}

/** What nobody may see, as if it came from elsewhere. */
function withoutSecret(node: ConfigNode): ConfigNode {
  return node.kind === 'scalar' && node.origin === undefined ? { ...node, origin: 'the file' } : node
}

/** What came from elsewhere is a text there: whether it is a number is for the schema to say. */
function typedFor(schema: Schema, { value, text }: ScalarNode): ScalarNode['value'] {
  if (text === undefined || schema.type === undefined) return value
  const types = [schema.type].flat()
  if (types.includes('string')) return text
  if ((types.includes('number') || types.includes('integer')) && text.trim() !== '') {
    const number = Number(text)
    if (Number.isFinite(number)) return number
  }
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return value
}

function hasType(schema: Schema, value: ScalarNode['value']): boolean {
  if (schema.enum !== undefined && (value === null || !schema.enum.includes(value))) return false
  return schema.type === undefined || [schema.type].flat().some((type) => isOf(type, value))
}

function isOf(type: JsonType, value: ScalarNode['value']): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'null':
      return value === null
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    default:
      return false
  }
}

function fitsText({ pattern }: Schema, value: ScalarNode['value']): boolean {
  return pattern === undefined || typeof value !== 'string' || compiled(pattern).test(value)
}

/** As many as schemas have. */
const patterns = new Map<string, RegExp>()

function compiled(pattern: string): RegExp {
  let found = patterns.get(pattern)
  if (found === undefined) {
    found = new RegExp(pattern, 'u')
    patterns.set(pattern, found)
  }
  return found
}

function fitsNumber({ minimum, maximum, exclusiveMinimum }: Schema, value: ScalarNode['value']): boolean {
  if (typeof value !== 'number') return true
  if (Number.isNaN(value)) return false
  if (minimum !== undefined && value < minimum) return false
  if (maximum !== undefined && value > maximum) return false
  return exclusiveMinimum === undefined || value > exclusiveMinimum
}

function expression(node: MapNode, problems: Problems): RegExp | undefined {
  const [source, flags] = ['regexp', 'flags'].map((key) => plainValue(child(node, key)))
  try {
    return new RegExp(String(source), typeof flags === 'string' ? flags : '')
  } catch (error) {
    const { message } = error as Error
    const of = child(node, 'regexp')
    const said =
      of?.kind === 'scalar' && of.origin !== undefined ? `is no expression, got ${shownNode(of)}` : message
    problems.at(of?.place ?? node.place, pathOf(node.path, 'regexp'), said)
    return undefined
  }
}

function readList(schema: Schema, node: ConfigNode & { kind: 'list' }, reading: Reading): unknown {
  const { items, minItems = 0 } = schema
  if (!accepts(schema, 'array') || node.items.length < minItems) {
    reading.problems.wrong(
      node,
      minItems > 0 && accepts(schema, 'array') ? `${schema.expected}, ${minItems} or more` : schema.expected,
    )
    return undefined
  }
  return node.items.map((item) => (items === undefined ? plainValue(item) : read(items, item, reading)))
}

function readMap(schema: Schema, node: MapNode, reading: Reading): unknown {
  const { problems } = reading
  if (!accepts(schema, 'object')) {
    problems.wrong(node, schema.expected)
    return undefined
  }
  const { properties = {}, required = [], additionalProperties, options = {} } = schema
  const known = Object.keys(properties)
  const made: [string, unknown][] = []
  for (const [key, { node: value, keyPlace }] of node.entries) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (property !== undefined) made.push([options[key] ?? key, read(property, value, reading)])
    else if (additionalProperties === false) {
      const near = nearest(key, known)
      const hint = near === undefined ? `it has ${known.join(', ')}` : `did you mean ${JSON.stringify(near)}?`
      problems.at(keyPlace, pathOf(node.path, key), `is no key of this object: ${hint}`, {
        expected: `one of ${known.join(', ')}`,
        nearest: near,
      })
    } else
      made.push([
        key,
        additionalProperties === undefined ? plainValue(value) : read(additionalProperties, value, reading),
      ])
  }
  for (const key of required) {
    if (node.entries.has(key)) continue
    const expected = resolved(properties[key]!, reading.root).expected
    problems.at(node.place, pathOf(node.path, key), `is missing: it must be ${expected}`, { expected })
  }
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema
  if (node.entries.size < minProperties || node.entries.size > maxProperties)
    problems.wrong(node, schema.expected)
  // A key such as `__proto__` is one like any other.
  return Object.fromEntries(made)
}

/** An object, or what it stands for. */
function readObject(schema: Schema, node: MapNode, reading: Reading): unknown {
  const { problems, references } = reading
  const { size } = problems
  const value = readMap(schema, node, reading)
  if (problems.size > size) return undefined
  switch (schema.standsFor) {
    case 'module':
      return references.module(node)
    case 'upstream':
      return references.upstream(node)
    case 'expression':
      return expression(node, problems)
    default:
      return value
  }
}

function accepts({ type }: Schema, wanted: JsonType): boolean {
  return type !== undefined && [type].flat().includes(wanted)
}

/** Reads by the first one that fits; where none does, what is said is of the one that was most likely meant. */
function readOneOf(schema: Schema, branches: readonly Schema[], node: ConfigNode, reading: Reading): unknown {
  const likely = branches
    .map((one) => resolved(one, reading.root))
    .filter((one) => mayBe(one, node, reading.root))
  const [only] = likely
  if (only !== undefined && likely.length === 1 && node.kind !== 'scalar') return read(only, node, reading)
  const tried: { readonly branch: Schema; readonly problems: Problems }[] = []
  for (const branch of likely) {
    const problems = new Problems()
    const value = read(branch, node, { ...reading, problems })
    if (problems.size === 0) return value
    tried.push({ branch, problems })
  }
  if (node.kind === 'scalar' || tried.length === 0) {
    const shown = holdsSecret(schema) ? withoutSecret(node) : node
    reading.problems.wrong(shown, schema.expected, nearestOf(likely, node))
    return undefined
  }
  const scored = tried.map((one) => ({ ...one, score: likeness(one.branch, node, reading.root) }))
  const best = scored.reduce((so, one) => (one.score > so.score ? one : so))
  reading.problems.add(best.problems)
  return undefined
}

/** Whether there is a secret where a text may have been put by mistake: it is one, or a list or an object of such. */
function holdsSecret(schema: Schema): boolean {
  const { items, properties = {}, additionalProperties } = schema
  const inner = [items, additionalProperties === false ? undefined : additionalProperties]
  const all = [schema, ...(schema.anyOf ?? []), ...inner, ...Object.values(properties)]
  return (
    all.some((one) => one?.secret === true || one?.anyOf?.some(({ secret }) => secret === true) === true) ||
    (schema.anyOf ?? []).some(holdsSecret) ||
    (items !== undefined && holdsSecret(items))
  )
}

function nearestOf(branches: readonly Schema[], node: ConfigNode): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.origin !== undefined) return undefined
  return nearest(
    node.value,
    branches.flatMap((one) => (one.enum ?? []).filter((value) => typeof value === 'string')),
  )
}

/** Whether a branch is for values of this kind. */
function mayBe(schema: Schema, node: ConfigNode, root: Schema): boolean {
  if (isAnything(schema)) return true
  if (schema.anyOf !== undefined) return schema.anyOf.some((one) => mayBe(resolved(one, root), node, root))
  if (node.kind === 'map') return accepts(schema, 'object')
  if (node.kind === 'list') return accepts(schema, 'array')
  const value = typedFor(schema, node)
  if (schema.type === undefined) return schema.enum?.some((one) => typeof one === typeof value) === true
  return [schema.type]
    .flat()
    .some((type) => isOf(type, value) || (type === 'integer' && typeof value === 'number'))
}

/** How much an object looks like what a schema is for: a key that says which one it is counts most. */
function likeness(schema: Schema, node: ConfigNode, root: Schema): number {
  if (node.kind !== 'map') return 0
  const { properties = {}, required = [], anyOf } = schema
  if (anyOf !== undefined) return Math.max(...anyOf.map((one) => likeness(resolved(one, root), node, root)))
  const known = Object.keys(properties)
  const there = new Set<string>()
  let sum = 0
  for (const [key, { node: value }] of node.entries) {
    const meant = known.includes(key) ? key : nearest(key, known)
    if (meant === undefined) sum -= 1
    else {
      there.add(meant)
      const { enum: allowed } = properties[meant]!
      if (allowed === undefined || value.kind !== 'scalar' || value.value === null)
        sum += meant === key ? 1 : 0.5
      else sum += allowed.includes(value.value) ? 10 : -10
    }
  }
  return sum - required.filter((key) => !there.has(key)).length
}

/** A value that no schema looks into. */
export function plainValue(node: ConfigNode | undefined): unknown {
  if (node === undefined) return undefined
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plainValue)
  return Object.fromEntries([...node.entries].map(([key, { node: value }]) => [key, plainValue(value)]))
}
