import { Follower } from '../../config/follower.ts'
import { startFollowed } from '../../config/start-followed.ts'
import { systemClock } from '../../core/clock.ts'
import { log } from '../../core/log.ts'
import { type ListenOptions, listenerSettings, type ProxyDescription } from '../../proxy/description.ts'
import type { RunningProxy } from '../../proxy/running-proxy.ts'
import type { RunningWorkers } from '../../workers/running-workers.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { banner, bannerJson, type Serving } from '../banner.ts'
import type { CliIo } from '../cli-io.ts'
import type { Given } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { importedFiles } from '../imported-files.ts'
import { type LoadedFile, loadFile, located } from '../load-file.ts'
import { listenerUrl } from '../plan.ts'
import { UsageError } from '../usage-error.ts'

interface Started {
  readonly running: RunningProxy | RunningWorkers
  readonly app: LoadedFile['app']
  readonly follows: string | undefined
  /** Another process tells of it. */
  readonly isWorker: boolean
}

const EVERY_MS = 1_000

/** Starts the gateway of a file, and ends with it. */
export async function run({ arguments: [file], options }: Given, io: CliIo): Promise<number> {
  const workers = workersOf(options.workers)
  const start = located(file!, io).kind === 'configuration' ? startConfiguration : startModule
  const started = await start(file!, workers, options.watch as boolean | undefined, io)
  const { running, isWorker } = started
  if (!isWorker) {
    const serving = servingOf(file!, started)
    io.out(options.json === true ? bannerJson(serving) : banner(serving, io))
  }
  await running.closed
  return EXIT.ok
}

async function startConfiguration(
  file: string,
  workers: number | 'auto' | undefined,
  watch = true,
  io: CliIo,
): Promise<Started> {
  const { running, follower, isWorker } = await startFollowed(located(file, io).named, {
    watch,
    env: io.env,
    ...(workers === undefined ? {} : { workers }),
  })
  return {
    running,
    app: follower.served.app,
    isWorker,
    follows: watch ? `What is saved in ${file} is served` : undefined,
  }
}

/** Code is loaded once in a process: another one serves what has changed, and takes the place of this one's worker. */
async function startModule(
  file: string,
  workers: number | 'auto' | undefined,
  watch = false,
  io: CliIo,
): Promise<Started> {
  const { app, path } = await loadFile(file, io)
  if (workers === undefined && !watch)
    return { running: await app.start(), app, follows: undefined, isWorker: false }
  const running = await startWorkers(app, { workers: workers ?? 1 })
  if (!('roll' in running)) return { running, app, follows: undefined, isWorker: true }
  if (watch) await follow(file, path, running)
  return {
    running,
    app,
    isWorker: false,
    follows: watch ? `What is saved in ${file}, and in what it imports, is served` : undefined,
  }
}

async function follow(file: string, path: string, running: RunningWorkers): Promise<void> {
  const follower = await Follower.load([path], {
    title: file,
    load: async () => ({ files: importedFiles(path) }),
    apply: () => running.roll(),
    clock: systemClock,
    log,
    everyMs: EVERY_MS,
  })
  follower.begin()
  void running.closed.then(() => follower.end())
}

function servingOf(file: string, { running, app, follows }: Started): Serving {
  return {
    file,
    urls: running.urls,
    admin: adminUrl(app.description),
    workers: 'workers' in running ? running.workers.length : undefined,
    routes: app.routes,
    follows,
  }
}

/** Of the `admin()` that was attached, whichever copy of this package it is of. */
function adminUrl({ companions }: ProxyDescription): string | undefined {
  const admin = companions.find(({ kind }) => kind === 'admin') as AttachedAdmin | undefined
  try {
    return admin?.url
  } catch {
    // With workers, one for all of them listens in its place: at the same address.
    return urlOf(admin?.settings?.listen)
  }
}

interface AttachedAdmin {
  readonly url?: string
  readonly settings?: { readonly listen: ListenOptions }
}

/** `undefined` where the system chooses the port. */
function urlOf(listen: ListenOptions | undefined): string | undefined {
  if (listen === undefined || listen.port === 0) return undefined
  return listenerUrl(listenerSettings(listen))
}

/** @throws UsageError */
function workersOf(given: string | boolean | undefined): number | 'auto' | undefined {
  if (given === undefined || given === 'auto') return given
  const count = Number(given)
  if (Number.isInteger(count) && count >= 1 && count <= 256) return count
  throw new UsageError(`--workers must be a number from 1 to 256, or auto, got ${JSON.stringify(given)}`)
}
