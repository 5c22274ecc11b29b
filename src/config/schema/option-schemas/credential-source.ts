import type { Schema } from '../schema.ts'
import { either, object, text } from '../values.ts'

/** Where a credential stands in a request. */
export const credentialSource: Schema = either(
  object({ header: text }, { required: ['header'], expected: '{ header: "..." }' }),
  object({ query: text }, { required: ['query'], expected: '{ query: "..." }' }),
  object({ cookie: text }, { required: ['cookie'], expected: '{ cookie: "..." }' }),
)
