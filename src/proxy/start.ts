import { systemClock } from '../core/clock.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { systemRandom } from '../core/random.ts'
import { nodeNetwork } from '../transport/network.ts'
import type { ProxyDescription } from './description.ts'
import { type DrainOptions, drainSettings } from './drain-options.ts'
import { RunningProxy, type Surroundings } from './running-proxy.ts'
import { drainOnSignals } from './signals.ts'

export interface StartOptions {
  /** Drains on SIGTERM and SIGINT, with these options or the defaults; a second signal closes at once. Default true. */
  signals?: boolean | DrainOptions
  /** Time, chance and network, where they are not to be the real ones: the testing kit has others. */
  surroundings?: Partial<Surroundings>
}

/** Runs what was described. */
export async function start(description: ProxyDescription, options: StartOptions): Promise<RunningProxy> {
  knownOptions('start', options, ['signals', 'surroundings'])
  const { signals = true, surroundings = {} } = options
  if (typeof signals !== 'boolean' && (typeof signals !== 'object' || signals === null))
    throw invalidOption('start', 'signals', 'true, false or options of a drain', signals)
  const draining =
    signals === false ? undefined : drainSettings('start.signals', signals === true ? {} : signals)
  const running = await RunningProxy.start(description, {
    clock: systemClock,
    random: systemRandom,
    network: nodeNetwork,
    ...surroundings,
  })
  if (draining !== undefined) drainOnSignals(running, draining)
  return running
}
