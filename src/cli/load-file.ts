import { statSync } from 'node:fs'
import { extname, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Configuration } from '../config/configuration.ts'
import { importModule } from '../config/import-module.ts'
import { OptionError } from '../core/options.ts'
import type { RoutedProxy } from '../proxy/proxy.ts'
import type { Startable } from '../workers/startable.ts'
import type { CliIo } from './cli-io.ts'
import { FileError } from './file-error.ts'

/** What a file has: a proxy, whether code or a configuration says so. */
export type LoadedFile = { readonly file: string; readonly path: string } & (
  | { readonly kind: 'configuration'; readonly app: RoutedProxy; readonly configuration: Configuration }
  | { readonly kind: 'module'; readonly app: ModuleApp }
)

/** `proxy()` or `tcp()`, of whichever copy of this package the module has imported. */
export interface ModuleApp extends Startable {
  readonly routes: RoutedProxy['routes']
  explain?(request: string): { toString(): string }
}

const CONFIGURATIONS = ['.yaml', '.yml', '.json']
const MODULES = ['.ts', '.mts', '.js', '.mjs']

interface Located {
  readonly path: string
  /** The same as it was named, which is how its mistakes are told of. */
  readonly named: string
  readonly kind: LoadedFile['kind']
}

/** Where a file is, and what it is by its name. @throws FileError where it is none, or not there. */
export function located(file: string, { cwd }: CliIo): Located {
  const path = resolve(cwd, file)
  const extension = extname(path)
  const isModule = MODULES.includes(extension)
  if (!isModule && !CONFIGURATIONS.includes(extension))
    throw new FileError(
      `${file}: the name of a configuration ends with ${CONFIGURATIONS.join(', ')}, that of a module with ${MODULES.join(', ')}`,
    )
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new FileError(`${file}: there is no such file`)
  return { path, named: cwd === process.cwd() ? file : path, kind: isModule ? 'module' : 'configuration' }
}

/**
 * Reads a file, and opens nothing.
 * @throws ConfigError, FileError
 */
export async function loadFile(file: string, io: CliIo, previous?: LoadedFile): Promise<LoadedFile> {
  const { path, named, kind } = located(file, io)
  if (kind === 'module') return { kind, file, path, app: await loadModule(file, path, io) }
  const { fromConfig } = await import('../config/from-config.ts')
  const before = previous?.kind === 'configuration' ? { previous: previous.configuration } : {}
  const configuration = await fromConfig(named, { env: io.env, ...before })
  return { kind, file, path, app: configuration.app, configuration }
}

async function loadModule(file: string, path: string, io: CliIo): Promise<ModuleApp> {
  let module: { readonly default?: unknown }
  try {
    module = await importModule(pathToFileURL(path).href)
  } catch (error) {
    throw new FileError(inWords(file, error, io))
  }
  const app = await module.default
  if (isApp(app)) return app
  const found = app === undefined ? 'has no default export' : 'has a default export that is no proxy'
  throw new FileError(
    `${file} ${found}: it must end with "export default proxy()...", without start(). A file that starts its proxy by itself is run with node: node ${file}`,
  )
}

function isApp(app: unknown): app is ModuleApp {
  if (typeof app !== 'object' || app === null) return false
  const { start, description } = app as Partial<ModuleApp>
  return typeof start === 'function' && Array.isArray(description?.listeners)
}

/** With the place in code of the user's own, where it is known; without a stack. */
function inWords(file: string, error: unknown, io: CliIo): string {
  if (!(error instanceof Error)) return `${file}: ${String(error)}`
  const { message, stack = '' } = error
  const what = error instanceof OptionError || error.name === 'Error' ? message : `${error.name}: ${message}`
  return `${placeIn(stack, io) ?? file}: ${what}`
}

/** `proxy.ts:3:5` of the first line that is not ours or Node's. A mistake in writing has its place above all. */
function placeIn(stack: string, { cwd }: CliIo): string | undefined {
  const own = fileURLToPath(new URL('..', import.meta.url))
  for (const [, scheme, given = '', at] of stack.matchAll(/(file:\/\/)?(\/[^\s():]+\.\w+)(:\d+(?::\d+)?)/g)) {
    const path = scheme === undefined ? given : decodeURI(given)
    if (!path.startsWith(own) && !path.includes('/node_modules/')) return relative(cwd, path) + at
  }
  return undefined
}
