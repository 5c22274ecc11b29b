import type { ConnectMethodOptions } from '../../../proxy/connect-options.ts'
import type { OptionsSchema } from '../schema.ts'
import { duration, listOf, orUnlimited, text, texts } from '../values.ts'

/** What CONNECT may reach. */
export const connectOptions: OptionsSchema<ConnectMethodOptions> = {
  allow: listOf(text, 1),
  allowAddresses: texts,
  connectMs: duration,
  idleMs: orUnlimited(duration),
}
