import type { LimitOptions } from '../../../transport/limits.ts'
import type { OptionsSchema } from '../schema.ts'
import { duration, integer, number, orUnlimited, size } from '../values.ts'

/** What a client of a listener may cost. */
export const limitOptions: OptionsSchema<LimitOptions> = {
  headBytes: size,
  headers: integer(1),
  targetBytes: size,
  bodyBytes: orUnlimited(size),
  chunkExtensionBytes: size,
  trailerBytes: size,
  trailers: integer(0),
  headMs: duration,
  bodyIdleMs: duration,
  minBodyBytesPerSecond: number(0),
  sendIdleMs: duration,
  keepAliveMs: duration,
  readAheadBytes: size,
  drainBytes: size,
  lingerMs: duration,
  lingerBytes: size,
  connections: orUnlimited(integer(1)),
  handshakeMs: duration,
  handshakes: orUnlimited(integer(1)),
}
