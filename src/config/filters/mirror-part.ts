import type { Filter } from '../../core/handler.ts'
import type { MirrorOptions } from '../../filters/mirror.ts'
import type { Part } from '../part.ts'
import { callTarget } from '../schema/option-schemas/called-services.ts'
import { duration, integer, moduleValue, number, size, texts } from '../schema/values.ts'

export const mirrorPart: Part<MirrorOptions, Filter> = {
  schema: {
    to: callTarget,
    share: number(0, 1),
    when: moduleValue('a function of the exchange'),
    maxBodyBytes: size,
    timeoutMs: duration,
    maxInFlight: integer(1),
    removeHeaders: texts,
  },
  required: ['to'],
  load: async () => (await import('../../filters/mirror.ts')).mirror,
}
