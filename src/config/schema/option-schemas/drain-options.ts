import type { DrainOptions } from '../../../proxy/drain-options.ts'
import type { OptionsSchema } from '../schema.ts'
import { duration, orUnlimited } from '../values.ts'

export const drainOptions: OptionsSchema<DrainOptions> = {
  noticeMs: duration,
  limitMs: orUnlimited(duration),
  tunnelMs: orUnlimited(duration),
}
