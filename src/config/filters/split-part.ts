import type { Filter } from '../../core/handler.ts'
import type { SplitArm, SplitOptions } from '../../filters/split.ts'
import type { Part } from '../part.ts'
import { callTarget } from '../schema/option-schemas/called-services.ts'
import { ownCookie } from '../schema/option-schemas/own-cookie.ts'
import { either, flag, listOf, moduleValue, number, optionsObject, text } from '../schema/values.ts'

interface SplitInFile extends SplitOptions {
  arms: readonly SplitArm[]
}

export const splitPart: Part<SplitInFile, Filter> = {
  schema: {
    arms: listOf(
      optionsObject<SplitArm>(
        { to: callTarget, weight: number(0), name: text, when: moduleValue('a function of the exchange') },
        ['to', 'weight'],
      ),
      1,
    ),
    by: moduleValue('a function of the exchange'),
    salt: text,
    cookie: either(flag, ownCookie),
  },
  required: ['arms'],
  answers: true,
  load: async () => {
    const { split } = await import('../../filters/split.ts')
    return ({ arms, ...options }) => split(arms, options)
  },
}
