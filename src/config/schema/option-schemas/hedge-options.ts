import type { HedgeOptions } from '../../../pool/hedge-options.ts'
import type { OptionsSchema } from '../schema.ts'
import { duration, either, flag, number, texts } from '../values.ts'

export const hedgeOptions: OptionsSchema<HedgeOptions> = {
  afterMs: either(duration, {
    type: 'string',
    pattern: '^p\\d{2}(?:\\.\\d+)?$',
    expected: 'a percentile such as "p95"',
  }),
  budget: number(0, 1),
  methods: texts,
  idempotencyKey: flag,
}
