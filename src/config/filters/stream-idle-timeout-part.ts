import type { Filter } from '../../core/handler.ts'
import type { Duration } from '../../core/options.ts'
import type { Part } from '../part.ts'
import { duration, orUnlimited } from '../schema/values.ts'

interface StreamIdleTimeoutInFile {
  idleMs: Duration
}

export const streamIdleTimeoutPart: Part<StreamIdleTimeoutInFile, Filter> = {
  schema: {
    idleMs: orUnlimited(duration),
  },
  required: ['idleMs'],
  load: async () => {
    const { streamIdleTimeout } = await import('../../filters/stream-idle-timeout.ts')
    return ({ idleMs }) => streamIdleTimeout(idleMs)
  },
}
