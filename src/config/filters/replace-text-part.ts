import type { Filter } from '../../core/handler.ts'
import type { ReplaceTextOptions } from '../../filters/replace-text.ts'
import type { Part } from '../part.ts'
import { flag, listOf, object, oneOrMore, text } from '../schema/values.ts'

interface ReplaceTextInFile extends ReplaceTextOptions {
  pairs: readonly { readonly from: string; readonly to: string }[]
}

export const replaceTextPart: Part<ReplaceTextInFile, Filter> = {
  schema: {
    pairs: listOf(
      object({ from: text, to: text }, { required: ['from', 'to'], expected: '{ from, to }' }),
      1,
    ),
    requests: flag,
    responses: flag,
    types: oneOrMore(text),
  },
  required: ['pairs'],
  load: async () => {
    const { replaceText } = await import('../../filters/replace-text.ts')
    return ({ pairs, ...options }) =>
      replaceText(
        pairs.map(({ from, to }) => [from, to] as const),
        options,
      )
  },
}
