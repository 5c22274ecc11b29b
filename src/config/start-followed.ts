import { resolve } from 'node:path'
import { systemClock } from '../core/clock.ts'
import type { ConfigurationControl } from '../core/configuration-control.ts'
import { log } from '../core/log.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { RunningProxy, type Surroundings } from '../proxy/running-proxy.ts'
import type { StartOptions } from '../proxy/start.ts'
import type { RunningWorkers } from '../workers/running-workers.ts'
import { startWorkers } from '../workers/start-workers.ts'
import type { Configuration } from './configuration.ts'
import { followHangups } from './follow-hangups.ts'
import { Follower } from './follower.ts'
import { fromConfig } from './from-config.ts'

export interface StartConfigOptions {
  /**
   * Whether the files are looked at once a second, and served as they change. `false`: only at SIGHUP, and when the admin
   * listener is told to reload. Default true.
   */
  watch?: boolean
  /** How many processes serve: in the place of what the file says. Default that; without it, this one. */
  workers?: number | 'auto'
  /** What `${NAME}` stands for. Default `process.env`. */
  env?: Readonly<Record<string, string | undefined>>
  /**
   * Drains on SIGTERM and SIGINT, with these options; a second signal closes at once. `true`: with what the file says of
   * `drain`. `false` leaves signals alone, SIGHUP too. Default true.
   */
  signals?: StartOptions['signals']
  /** Time, chance and network, where they are not to be the real ones. Not with workers. */
  surroundings?: Partial<Surroundings>
}

/** A proxy that serves what a configuration says, and what follows that. */
export interface Followed {
  readonly running: RunningProxy | RunningWorkers
  readonly follower: Follower<Configuration>
  /** Whether this process is one of the workers: another one follows, and tells of it. */
  readonly isWorker: boolean
}

/** Options with their defaults. */
interface Settings extends StartConfigOptions {
  readonly watch: boolean
  readonly env: NonNullable<StartConfigOptions['env']>
  readonly signals: NonNullable<StartConfigOptions['signals']>
  readonly surroundings: Partial<Surroundings>
}

/** How often files are looked at. */
const EVERY_MS = 1_000

/**
 * Starts what a configuration says, and follows it.
 * @throws ConfigError, StartError, `ERR_OPTION_INVALID`
 */
export async function startFollowed(path: string, options: StartConfigOptions = {}): Promise<Followed> {
  knownOptions('startConfig', options, [
    'watch',
    'workers',
    'env',
    'signals',
    'surroundings',
  ] satisfies (keyof StartConfigOptions)[])
  const { watch = true, env = process.env, signals = true, surroundings = {} } = options
  if (typeof path !== 'string' || path === '')
    throw invalidOption('startConfig', 'path', 'the path of a file', path)
  if (typeof watch !== 'boolean') throw invalidOption('startConfig', 'watch', 'true or false', watch)
  const follows = Promise.withResolvers<ConfigurationControl>()
  const over = Promise.withResolvers<void>()
  if (signals !== false) followHangups(follows.promise, over.promise)
  try {
    const followed = await start(path, { ...options, watch, env, signals, surroundings })
    follows.resolve(followed.follower)
    // With workers, whoever looks after them heeds it from now on, and they do not.
    const { running, isWorker } = followed
    if (isWorker || !(running instanceof RunningProxy)) over.resolve()
    else void running.closed.then(over.resolve)
    return followed
  } catch (error) {
    over.resolve()
    throw error
  }
}

async function start(path: string, options: Settings): Promise<Followed> {
  const { watch, env, signals, surroundings } = options
  const load = (previous: Configuration | undefined): Promise<Configuration> =>
    fromConfig(path, previous === undefined ? { env } : { env, previous })
  const { promise: started, resolve: hasStarted } = Promise.withResolvers<RunningProxy | RunningWorkers>()
  const follower: Follower<Configuration> = await Follower.load([resolve(path)], {
    title: path,
    clock: surroundings.clock ?? systemClock,
    log,
    everyMs: watch ? EVERY_MS : undefined,
    load,
    apply: async (next) => {
      const running = await started
      await (running instanceof RunningProxy ? running.reload(next.app) : running.reload())
      followLogLevel(follower.served, next)
      tellOfLater(path, follower.served, next)
    },
  })
  const { app, drain, logLevel, workers: wanted } = follower.served
  if (logLevel !== undefined) log.level = logLevel
  const workers = options.workers ?? wanted
  const ending = signals === true ? drain : signals
  if (workers === undefined) {
    const running = await app.start({
      signals: ending,
      surroundings: { ...surroundings, configuration: follower },
    })
    hasStarted(running)
    begin(follower, running)
    return { running, follower, isWorker: false }
  }
  let current = follower.served
  const running = await startWorkers(app, {
    workers,
    signals: ending,
    configuration: follower,
    load: async () => {
      const before = current
      current = await load(before)
      followLogLevel(before, current)
      return current.app
    },
  })
  const isWorker = running instanceof RunningProxy
  hasStarted(running)
  // The process that looks after the workers follows for all.
  if (!isWorker) begin(follower, running)
  return { running, follower, isWorker }
}

function begin(follower: Follower<Configuration>, { closed }: RunningProxy | RunningWorkers): void {
  follower.begin()
  void closed.then(() => follower.end())
}

/** Only where the file has another one than before: the level may have been set by hand since. */
function followLogLevel({ logLevel: before }: Configuration, { logLevel }: Configuration): void {
  if (logLevel !== undefined && logLevel !== before) log.level = logLevel
}

/** Some of it is of the process, which goes on. */
function tellOfLater(title: string, before: Configuration, next: Configuration): void {
  const later = (['workers', 'drain'] as const).filter(
    (part) => JSON.stringify(before[part]) !== JSON.stringify(next[part]),
  )
  if (later.length > 0) log.warn(`${title}: ${later.join(' and ')} will count from the next start on`)
}
