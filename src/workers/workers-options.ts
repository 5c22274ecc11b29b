import type { ConfigurationControl } from '../core/configuration-control.ts'
import { integer, invalidOption, knownOptions } from '../core/options.ts'
import { type DrainSettings, drainSettings } from '../proxy/drain-options.ts'
import type { Described } from '../proxy/running-proxy.ts'
import type { StartOptions } from '../proxy/start.ts'

/** How many processes serve, and what becomes of them. */
export interface WorkersOptions {
  /** How many; `'auto'` is one for each processor that this process may use. */
  workers: number | 'auto'
  /**
   * Drains on SIGTERM and SIGINT, with these options or the defaults; a second signal closes at once. SIGHUP is a `reload()`.
   * Default true.
   */
  signals?: StartOptions['signals']
  /** Reads the description again, for `reload()`: every worker calls it, and first the process that looks after them. */
  load?: () => Promise<Described>
  /** @internal What the proxy was made of, where that can be read again. */
  configuration?: ConfigurationControl
}

/** The options, checked. */
export interface WorkersSettings {
  readonly size: number
  /** `undefined`: signals are not heeded. */
  readonly signals: DrainSettings | undefined
  readonly load: (() => Promise<Described>) | undefined
  readonly configuration: ConfigurationControl | undefined
}

const MAX_WORKERS = 256

/** Checks the options, and fills in the defaults. `processors`: what `'auto'` is. */
export function workersSettings(options: WorkersOptions, processors: () => number): WorkersSettings {
  knownOptions('startWorkers', options, [
    'workers',
    'signals',
    'load',
    'configuration',
  ] satisfies (keyof WorkersOptions)[])
  const { workers, signals = true, load, configuration } = options
  if (workers !== 'auto' && typeof workers !== 'number')
    throw invalidOption('startWorkers', 'workers', 'a number of processes, or "auto"', workers)
  if (typeof signals !== 'boolean' && (typeof signals !== 'object' || signals === null))
    throw invalidOption('startWorkers', 'signals', 'true, false or options of a drain', signals)
  if (load !== undefined && typeof load !== 'function')
    throw invalidOption('startWorkers', 'load', 'a function that promises a proxy', load)
  return {
    size:
      workers === 'auto'
        ? processors()
        : integer('startWorkers', 'workers', workers, { min: 1, max: MAX_WORKERS }),
    signals:
      signals === false ? undefined : drainSettings('startWorkers.signals', signals === true ? {} : signals),
    load,
    configuration,
  }
}
