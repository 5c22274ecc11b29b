/** A time as `grpc-timeout` has it: up to eight digits and a unit. A hundred million milliseconds are more than a day. */
export function grpcTimeout(ms: number): string {
  return ms < 100_000_000 ? `${Math.floor(ms)}m` : `${Math.floor(ms / 1_000)}S`
}
