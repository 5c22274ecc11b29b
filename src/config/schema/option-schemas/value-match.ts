import type { Schema } from '../schema.ts'
import { choice, either, expression, text } from '../values.ts'

/** What a value must be: equal, matched by an expression, or `true` for just being there. */
export const valueMatch: Schema = either(text, expression, choice(true))
