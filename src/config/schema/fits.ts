import type { JsonType, Schema } from './schema.ts'

/** Whether a value is what a schema says. Where several of `anyOf` fit, the first one counts. */
export function fits(schema: Schema, value: unknown): boolean {
  const { type, pattern, minItems = 0, items, anyOf } = schema
  if (type !== undefined && ![type].flat().some((it) => isOf(it, value))) return false
  if (schema.enum !== undefined && !schema.enum.some((it) => it === value)) return false
  if (anyOf !== undefined && !anyOf.some((it) => fits(it, value))) return false
  if (typeof value === 'string') return pattern === undefined || new RegExp(pattern, 'u').test(value)
  if (typeof value === 'number') return isWithin(schema, value)
  if (Array.isArray(value))
    return value.length >= minItems && (items === undefined || value.every((it) => fits(items, it)))
  if (isObject(value)) return hasProperties(schema, value)
  return true
}

/** An object that is no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOf(type: JsonType, value: unknown): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'null':
      return value === null
    case 'number':
      return Number.isFinite(value)
    case 'object':
      return isObject(value)
    default:
      return typeof value === type
  }
}

function isWithin({ minimum, maximum, exclusiveMinimum }: Schema, value: number): boolean {
  return (
    (minimum === undefined || value >= minimum) &&
    (maximum === undefined || value <= maximum) &&
    (exclusiveMinimum === undefined || value > exclusiveMinimum)
  )
}

function hasProperties(schema: Schema, value: Readonly<Record<string, unknown>>): boolean {
  const { properties = {}, required = [], additionalProperties } = schema
  if (!required.every((key) => Object.hasOwn(value, key))) return false
  return Object.entries(value).every(([key, it]) => {
    if (Object.hasOwn(properties, key)) return fits(properties[key]!, it)
    return (
      additionalProperties !== false && (additionalProperties === undefined || fits(additionalProperties, it))
    )
  })
}
