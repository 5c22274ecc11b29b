import type { Filter } from '../../core/handler.ts'
import type { ServerTimingOptions } from '../../filters/server-timing.ts'
import type { Part } from '../part.ts'
import { choice } from '../schema/values.ts'

export const serverTimingPart: Part<ServerTimingOptions, Filter> = {
  schema: {
    to: choice('trusted', 'everyone'),
  },
  required: [],
  load: async () => (await import('../../filters/server-timing.ts')).serverTiming,
}
