import type { FallbackOptions } from '../../../pool/fallback-options.ts'
import type { OptionsSchema } from '../schema.ts'
import { flag, oneOrMore, size, texts } from '../values.ts'
import { statusRange } from './status-range.ts'

/** When another upstream answers instead. Which one it is stands beside them. */
export const fallbackOptions: OptionsSchema<FallbackOptions> = {
  on: oneOrMore(statusRange),
  methods: texts,
  idempotencyKey: flag,
  replayBytes: size,
}
