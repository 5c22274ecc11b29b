import type { Described, RunningProxy } from '../proxy/running-proxy.ts'
import type { StartOptions } from '../proxy/start.ts'

/** Something that can be started: `proxy()` and `tcp()`. */
export interface Startable extends Described {
  start(options?: StartOptions): Promise<RunningProxy>
}
