import type { GrpcHealthOptions } from '../../../pool/grpc-health-options.ts'
import type { HttpHealthOptions } from '../../../pool/http-health-options.ts'
import type { ProbeOptions } from '../../../pool/probe-options.ts'
import type { TcpHealthOptions } from '../../../pool/tcp-health-options.ts'
import type { OptionsSchema, Schema } from '../schema.ts'
import {
  choice,
  duration,
  either,
  expression,
  integer,
  mapOf,
  number,
  oneOrMore,
  optionsObject,
  text,
} from '../values.ts'
import { statusRange } from './status-range.ts'

const probeOptions: OptionsSchema<ProbeOptions> = {
  intervalMs: duration,
  timeoutMs: duration,
  rise: integer(1),
  fall: integer(1),
  jitter: number(0, 1),
  address: text,
  port: integer(1, 65_535),
  initial: choice('healthy', 'unhealthy'),
}

const http = optionsObject<HttpHealthOptions>(
  {
    ...probeOptions,
    type: choice('http'),
    path: text,
    method: text,
    status: oneOrMore(statusRange),
    body: either(text, expression),
    host: text,
    headers: mapOf(oneOrMore(text)),
  },
  ['path'],
)

const tcp = optionsObject<TcpHealthOptions>(
  { ...probeOptions, type: choice('tcp'), send: text, expect: either(text, expression) },
  ['type'],
)

const grpc = optionsObject<GrpcHealthOptions>(
  { ...probeOptions, type: choice('grpc'), service: text, host: text },
  ['type'],
)

/** How endpoints are probed. */
export const healthOptions: Schema = {
  ...either(http, tcp, grpc),
  expected: 'an object with the path that is asked for, or with type: tcp, or with type: grpc',
}
