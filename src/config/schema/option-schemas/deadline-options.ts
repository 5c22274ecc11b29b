import type { DeadlineOptions } from '../../../pool/deadline-options.ts'
import type { OptionsSchema } from '../schema.ts'
import { duration, flag, text } from '../values.ts'

export const deadlineOptions: OptionsSchema<DeadlineOptions> = { ms: duration, header: text, grpc: flag }
