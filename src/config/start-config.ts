import type { RunningProxy } from '../proxy/running-proxy.ts'
import type { RunningWorkers } from '../workers/running-workers.ts'
import { type StartConfigOptions, startFollowed } from './start-followed.ts'

/**
 * Starts what a configuration file says, and serves it anew when it changes.
 *
 * All files that it was made of are looked at once a second, through links: includes, secrets and modules too. What has changed
 * is read and checked as a whole; a mistake is told of in the log and by the admin listener, and what was served before goes on.
 * What says the same as before is kept with all that it knows: pools, caches, counts, connections. SIGHUP does the same at once.
 *
 * With `workers`, it runs in this script's process and in one for each worker, which run this script again to here.
 *
 * Trap: `drain` and `workers` of the file count from the next start on.
 *
 * @example
 * const running = await startConfig('gateway.yaml')
 *
 * @throws ConfigError with everything that is wrong with the file; StartError where a listener cannot be opened;
 * `ERR_OPTION_INVALID`.
 */
export async function startConfig(
  path: string,
  options: StartConfigOptions = {},
): Promise<RunningProxy | RunningWorkers> {
  return (await startFollowed(path, options)).running
}
