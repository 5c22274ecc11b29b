import type { SlowStartOptions } from '../../../pool/slow-start.ts'
import type { OptionsSchema } from '../schema.ts'
import { duration, positive } from '../values.ts'

export const slowStartOptions: OptionsSchema<SlowStartOptions> = { lastsMs: duration, aggression: positive }
