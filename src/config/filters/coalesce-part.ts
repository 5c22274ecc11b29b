import type { Filter } from '../../core/handler.ts'
import type { CoalesceOptions } from '../../filters/coalesce.ts'
import type { Part } from '../part.ts'
import { duration, size, texts } from '../schema/values.ts'

export const coalescePart: Part<CoalesceOptions, Filter> = {
  schema: {
    headers: texts,
    bufferBytes: size,
    stallMs: duration,
  },
  required: [],
  load: async () => (await import('../../filters/coalesce.ts')).coalesce,
}
