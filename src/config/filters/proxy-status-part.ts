import type { Filter } from '../../core/handler.ts'
import type { ProxyStatusOptions } from '../../filters/proxy-status.ts'
import type { Part } from '../part.ts'
import { flag, text } from '../schema/values.ts'

export const proxyStatusPart: Part<ProxyStatusOptions, Filter> = {
  schema: {
    name: text,
    nextHop: flag,
    received: flag,
    details: flag,
  },
  required: [],
  load: async () => (await import('../../filters/proxy-status.ts')).proxyStatus,
}
