import type { AdminSnapshot } from './api.ts'
import type { SharedLatencies } from './traffic/shared-latencies.ts'
import type { Traffic } from './traffic/traffic.ts'

/** Where a worker's supervisor asks for it. */
export const SHARE_PATH = '/api/share'

/** What a worker tells its supervisor: a snapshot, and what the percentiles of several workers are made of. */
export interface AdminShare {
  readonly snapshot: AdminSnapshot
  readonly latencies: SharedLatencies
}

export function shareOf(snapshot: AdminSnapshot, traffic: Traffic): AdminShare {
  return { snapshot, latencies: traffic.latencies() }
}
