import { invalidOption, knownOptions } from '../core/options.ts'
import { makeApp } from './building/app.ts'
import { Building } from './building/building.ts'
import { Memo } from './building/memo.ts'
import { Modules } from './building/modules.ts'
import { Upstreams } from './building/upstreams.ts'
import { ConfigError } from './config-error.ts'
import type { Configuration } from './configuration.ts'
import { Problems } from './problems.ts'
import { child } from './reading/config-node.ts'
import { readConfig } from './reading/read-config.ts'
import { SourceFiles } from './reading/source-files.ts'
import { configSchema } from './schema/config-schema.ts'
import { readValue } from './schema/read-value.ts'

export interface FromConfigOptions {
  /** What `${NAME}` stands for. Default `process.env`. */
  env?: Readonly<Record<string, string | undefined>>
  /**
   * The configuration that is served now. What says the same in both is the same object in both, with everything that it has
   * counted and kept. Default none.
   */
  previous?: Configuration
}

/**
 * Reads a configuration file, YAML or JSON, and makes the proxy that it describes. Nothing is opened: that is for `app.start()`.
 *
 * @example
 * const { app, drain } = await fromConfig('gateway.yaml')
 * await app.start({ signals: drain })
 *
 * @throws ConfigError with everything that is wrong with it, each with its file, line, column and key; and nothing else.
 */
export async function fromConfig(path: string, options: FromConfigOptions = {}): Promise<Configuration> {
  knownOptions('fromConfig', options, ['env', 'previous'] satisfies (keyof FromConfigOptions)[])
  if (typeof path !== 'string' || path === '')
    throw invalidOption('fromConfig', 'path', 'the path of a file', path)
  const { env = process.env, previous } = options
  const files = new SourceFiles()
  const problems = new Problems()
  const root = await readConfig(path, { env, files }, problems)
  if (root !== undefined) readValue(configSchema, root, problems)
  const proxy = child(root, 'proxy')
  if (proxy?.kind !== 'map') {
    problems.throwAny(files.all)
    throw new ConfigError([], files.all)
  }
  const memo = new Memo(path, previous?.memo)
  const building: Building = new Building(memo, problems, new Modules(files, problems), (node) =>
    upstreams.named(node),
  )
  const upstreams = new Upstreams(child(proxy, 'upstreams'), building)
  const made = await makeApp(proxy, upstreams, building)
  problems.throwAny(files.all)
  memo.complete()
  return { ...made, files: files.all, memo }
}
