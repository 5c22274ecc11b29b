import type { Filter } from '../../core/handler.ts'
import type { WebSocketOptions } from '../../filters/websocket.ts'
import type { Part } from '../part.ts'
import { duration, flag, integer, moduleValue, orUnlimited, size } from '../schema/values.ts'

export const websocketPart: Part<WebSocketOptions, Filter> = {
  schema: {
    onMessage: moduleValue('a function of a message'),
    maxMessageBytes: size,
    maxQueued: integer(1),
    compression: flag,
    pingMs: orUnlimited(duration),
    pingTimeoutMs: duration,
  },
  required: [],
  load: async () => (await import('../../filters/websocket.ts')).websocket,
}
