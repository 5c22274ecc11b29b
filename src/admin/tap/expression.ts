import type { Glob } from './glob.ts'

/** What says which exchanges a tap shows, as a tree. */
export type Expression =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Expression[] }
  | { readonly kind: 'not'; readonly term: Expression }
  | { readonly kind: 'text'; readonly field: TextField; readonly equal: boolean; readonly value: string }
  | { readonly kind: 'glob'; readonly field: TextField; readonly equal: boolean; readonly glob: Glob }
  | { readonly kind: 'texts'; readonly field: TextField; readonly values: readonly string[] }
  | {
      readonly kind: 'number'
      readonly field: NumberField
      readonly order: NumberOrder
      readonly value: number
    }
  | { readonly kind: 'ranges'; readonly field: NumberField; readonly ranges: readonly NumberRange[] }

export const TEXT_FIELDS = [
  'method',
  'host',
  'path',
  'route',
  'pool',
  'endpoint',
  'client',
  'result',
  'reason',
  'cache',
] as const

/** A field of a request, in lower case, is one too. */
export type TextField = (typeof TEXT_FIELDS)[number] | `header.${string}`

/** What the numbers of a field count. */
export const NUMBER_FIELDS = {
  status: 'plain',
  attempts: 'plain',
  duration: 'duration',
  bytesSent: 'size',
  bytesReceived: 'size',
} as const

export type NumberField = keyof typeof NUMBER_FIELDS

export const NUMBER_ORDERS = ['==', '!=', '<', '<=', '>', '>='] as const

export type NumberOrder = (typeof NUMBER_ORDERS)[number]

/** Both ends belong to it. */
export type NumberRange = readonly [from: number, to: number]

/** What an expression is about. */
export interface Facts {
  /** `''` where there is none. */
  text(field: TextField): string
  /** Milliseconds, bytes, or just a number; `NaN` where there is none. */
  number(field: NumberField): number
}

/** Whether it holds. What is not there is equal to nothing: `status != 200` holds where nothing was answered. */
export function holds(expression: Expression, facts: Facts): boolean {
  switch (expression.kind) {
    case 'all':
      return true
    case 'and':
      return expression.terms.every((term) => holds(term, facts))
    case 'or':
      return expression.terms.some((term) => holds(term, facts))
    case 'not':
      return !holds(expression.term, facts)
    case 'text':
      return (facts.text(expression.field) === expression.value) === expression.equal
    case 'glob':
      return expression.glob.matches(facts.text(expression.field)) === expression.equal
    case 'texts':
      return expression.values.includes(facts.text(expression.field))
    case 'number':
      return ordered(facts.number(expression.field), expression.order, expression.value)
    case 'ranges': {
      const number = facts.number(expression.field)
      return expression.ranges.some(([from, to]) => from <= number && number <= to)
    }
  }
}

function ordered(one: number, order: NumberOrder, other: number): boolean {
  switch (order) {
    case '==':
      return one === other
    case '!=':
      return one !== other
    case '<':
      return one < other
    case '<=':
      return one <= other
    case '>':
      return one > other
    case '>=':
      return one >= other
  }
}
