import { ProxyError } from '../core/errors.ts'
import type { HeaderList } from '../core/headers.ts'

/** A time as `grpc-timeout` has it: up to eight digits and a unit. A hundred million milliseconds are more than a day. */
export function grpcTimeout(ms: number): string {
  return ms < 100_000_000 ? `${Math.floor(ms)}m` : `${Math.floor(ms / 1_000)}S`
}

const TIMEOUT = /^(\d{1,8})([HMSmun])$/
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/**
 * The time that a client of gRPC gives its call, in milliseconds; `undefined` where it gives none. Read as strictly as gRPC
 * has it (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 *
 * @throws `request_malformed` for what is none: a server would read that in a way of its own.
 */
export function grpcTimeoutMs(headers: HeaderList): number | undefined {
  const value = headers.get('grpc-timeout')
  if (value === undefined) return undefined
  const found = TIMEOUT.exec(value)
  if (found === null) throw new ProxyError('request_malformed', { detail: 'a grpc-timeout that is none' })
  return Number(found[1]) * UNIT_MS[found[2]!]!
}
