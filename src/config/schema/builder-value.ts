import { invalidOption } from '../../core/options.ts'
import { fits, isObject } from './fits.ts'
import type { Schema } from './schema.ts'

/** Who knows what stands behind names in a file. */
export interface NamedThings {
  /** What a module exports: `./filters.ts#name`. */
  module(reference: string): unknown
  /** The pool of that name. */
  upstream(name: string): unknown
}

/**
 * What the builder takes for a value of a file that fits its schema: options under their own names, expressions, what modules
 * export, pools in place of their names. Everything else stays as it is.
 *
 * @throws `ERR_OPTION_INVALID` for an expression that is none.
 */
export function builderValue(schema: Schema, value: unknown, named: NamedThings): unknown {
  const branch = schema.anyOf?.find((it) => fits(it, value))
  if (branch !== undefined) return builderValue(branch, value, named)
  if (schema.standsFor === 'infinity') return Number.POSITIVE_INFINITY
  if (Array.isArray(value))
    return schema.items === undefined
      ? value
      : value.map((it: unknown) => builderValue(schema.items!, it, named))
  if (!isObject(value)) return value
  if (schema.standsFor === 'module') return named.module(String(value.module))
  if (schema.standsFor === 'upstream') return named.upstream(String(value.upstream))
  if (schema.standsFor === 'expression') return expressionOf(value)
  return Object.fromEntries(
    Object.entries(value).map(([key, it]) => {
      const inner = ownOf(schema.properties, key) ?? (schema.additionalProperties || undefined)
      return [ownOf(schema.options, key) ?? key, inner === undefined ? it : builderValue(inner, it, named)]
    }),
  )
}

function ownOf<T>(of: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return of !== undefined && Object.hasOwn(of, key) ? of[key] : undefined
}

function expressionOf({ regexp, flags }: Readonly<Record<string, unknown>>): RegExp {
  try {
    return new RegExp(String(regexp), typeof flags === 'string' ? flags : '')
  } catch {
    throw invalidOption('regexp', 'regexp', 'a regular expression', regexp)
  }
}
