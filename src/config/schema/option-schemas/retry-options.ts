import type { BackoffOptions, BudgetOptions, RetryOptions } from '../../../pool/retry-options.ts'
import type { OptionsSchema } from '../schema.ts'
import {
  choice,
  duration,
  either,
  flag,
  integer,
  moduleValue,
  number,
  oneOrMore,
  optionsObject,
  orUnlimited,
  size,
  texts,
} from '../values.ts'
import { grpcFailure } from './grpc-failure.ts'
import { statusRange } from './status-range.ts'

export const retryOptions: OptionsSchema<RetryOptions> = {
  attempts: integer(1),
  on: oneOrMore(
    either(
      choice('unsent', 'reset', 'timeout'),
      statusRange,
      grpcFailure,
      moduleValue('a function of the response and the exchange'),
    ),
  ),
  methods: texts,
  idempotencyKey: flag,
  perAttemptMs: orUnlimited(duration),
  budget: either(
    orUnlimited(number(0)),
    optionsObject<BudgetOptions>({ ratio: number(0), minPerSecond: number(0), windowMs: duration }),
  ),
  backoff: optionsObject<BackoffOptions>({ baseMs: duration, maxMs: duration }),
  maxRetryAfterMs: duration,
  replayBytes: size,
}
