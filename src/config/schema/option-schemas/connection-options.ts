import type { ConnectionOptions, UpstreamHttp2Options } from '../../../transport/upstream-limits.ts'
import type { OptionsSchema } from '../schema.ts'
import { choice, duration, either, flag, integer, optionsObject, orUnlimited, size } from '../values.ts'

const upstreamHttp2 = optionsObject<UpstreamHttp2Options>({
  mode: choice(true, 'auto'),
  streams: integer(1),
  streamWindowBytes: size,
  connectionWindowBytes: size,
  idleMs: orUnlimited(duration),
  pingMs: orUnlimited(duration),
  pingTimeoutMs: duration,
})

/** How the connections to endpoints are treated. */
export const connectionOptions: OptionsSchema<ConnectionOptions> = {
  maxConnections: orUnlimited(integer(1)),
  maxPending: integer(0),
  pendingMs: duration,
  idleMs: orUnlimited(duration),
  http2: either(flag, choice('auto'), upstreamHttp2),
  proxyProtocol: choice('v1', 'v2'),
  connectMs: duration,
  tlsMs: duration,
  headMs: duration,
  bodyIdleMs: duration,
  sendIdleMs: duration,
  tunnelIdleMs: duration,
  headBytes: size,
  headers: integer(1),
  bodyBytes: orUnlimited(size),
}
