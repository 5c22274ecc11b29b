import type { Schema } from '../schema.ts'
import { either, moduleValue, text } from '../values.ts'

/** What the value of a field is made from. Attributes have no names in files: a module gives them. */
export const fieldValue: Schema = either(text, moduleValue('an attribute, or a function of the exchange'))
