import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { invalidOption, OptionError } from '../../core/options.ts'
import type { CliIo } from '../cli-io.ts'
import { installedSpec } from './installed-spec.ts'
import { NEW_FLAGS } from './new-flags.ts'
import { type Project, projectFiles } from './project-files.ts'

/**
 * `gatewright new <folder>`: writes a project that can be started, tested and put into a container. Gives the exit code: 0
 * when it is there, 2 for arguments that are wrong, 3 when the folder cannot be written or is not empty.
 */
export async function runNew(args: readonly string[], io: CliIo): Promise<number> {
  try {
    const { folder, project } = readNewArguments(args, io.cwd)
    const files = projectFiles(project)
    const failure = write(folder, files)
    if (failure !== undefined) {
      io.err(`new: ${failure}\n`)
      return 3
    }
    io.out(whatNext(relative(io.cwd, folder), files, project))
    return 0
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    io.err(`${error.message}\n`)
    return 2
  }
}

interface NewArguments {
  /** An absolute path. */
  readonly folder: string
  readonly project: Project
}

function readNewArguments(args: readonly string[], cwd: string): NewArguments {
  const { values, positionals } = parsed(args)
  const [given] = positionals
  if (given === undefined) throw new OptionError('new: which folder? gatewright new my-gateway', 'folder')
  if (positionals.length > 1)
    throw new OptionError(`new: one folder at a time, got ${positionals.length}`, 'folder')
  const folder = resolve(cwd, given)
  const name = basename(folder)
  if (!PACKAGE_NAME.test(name) || name.length > 100 || name === 'node_modules' || name === 'gatewright')
    throw invalidOption(
      'new',
      'folder',
      'a name that npm takes: small letters, digits, "-", "_" and "." inside, and not that of this package',
      name,
    )
  const spec = values.gatewright ?? installedSpec(import.meta.url)
  if (spec === '') throw invalidOption('new', '--gatewright', 'a version, or what else npm installs', spec)
  return { folder, project: { name, gatewright: spec, kind: values.config === true ? 'config' : 'code' } }
}

/** Stricter than npm, so that it is fine as the name of an image and of a folder, too: what parts words stands alone there. */
const PACKAGE_NAME = /^[a-z0-9]+(?:(?:\.|_|-+)[a-z0-9]+)*$/

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: NEW_FLAGS, allowPositionals: true })
  } catch (error) {
    if (error instanceof Error) throw new OptionError(`new: ${error.message}`, 'arguments')
    throw error
  }
}

/** Writes everything, or says why not. A file that is there is never written over. */
function write(folder: string, files: ReadonlyMap<string, string>): string | undefined {
  try {
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0) return `${folder} is not empty`
    for (const [name, text] of files) writeFileSync(join(folder, name), text, { flag: 'wx' })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function whatNext(folder: string, files: ReadonlyMap<string, string>, { kind }: Project): string {
  const change = folder === '' ? [] : [`  cd ${/[^\w./\\:-]/.test(folder) ? `"${folder}"` : folder}`]
  return [
    `${[...files.keys()].join(', ')}`,
    '',
    ...change,
    '  npm install',
    `  npm test        # ${kind === 'code' ? 'an outage of a minute, in milliseconds' : 'checks gateway.yaml'}`,
    '  npm start       # http://127.0.0.1:8080',
    ...(kind === 'code' ? [] : ['  npm run services  # beside it: stand-ins for services of yours']),
    '',
  ].join('\n')
}
