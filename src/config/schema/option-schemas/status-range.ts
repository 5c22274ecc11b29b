import type { Schema } from '../schema.ts'
import { either, integer } from '../values.ts'

/** `503`, `'5xx'` or `'502-504'`. */
export const statusRange: Schema = either(integer(200, 599), {
  type: 'string',
  pattern: '^(?:[2-5]xx|\\d{3}(?:-\\d{3})?)$',
  expected: 'a range such as "5xx" or "502-504"',
})
