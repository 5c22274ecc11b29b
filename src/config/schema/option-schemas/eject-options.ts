import type {
  EjectOptions,
  FailurePercentageOptions,
  LatencyOptions,
  SuccessRateOptions,
} from '../../../pool/eject-options.ts'
import type { OptionsSchema } from '../schema.ts'
import {
  duration,
  integer,
  listOf,
  number,
  oneOrMore,
  optionsObject,
  orUnlimited,
  positive,
} from '../values.ts'
import { grpcFailure } from './grpc-failure.ts'
import { statusRange } from './status-range.ts'

export const ejectOptions: OptionsSchema<EjectOptions> = {
  consecutiveErrors: orUnlimited(integer(1)),
  consecutiveConnectFailures: orUnlimited(integer(1)),
  successRate: optionsObject<SuccessRateOptions>({
    deviations: positive,
    minEndpoints: integer(3),
    minRequests: integer(1),
  }),
  failurePercentage: optionsObject<FailurePercentageOptions>({
    threshold: number(1, 100),
    minEndpoints: integer(1),
    minRequests: integer(1),
  }),
  latency: optionsObject<LatencyOptions>({
    factor: number(1),
    marginMs: duration,
    minEndpoints: integer(2),
    minRequests: integer(1),
  }),
  intervalMs: duration,
  ejectMs: duration,
  maxEjectMs: duration,
  jitter: number(0, 1),
  maxEjected: number(0, 1),
  statuses: oneOrMore(statusRange),
  grpcStatuses: listOf(grpcFailure),
}
