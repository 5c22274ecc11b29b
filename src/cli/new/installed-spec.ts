import { readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VERSION } from '../../core/version.ts'

/**
 * How another project gets the very package that runs, as npm takes it: `^0.1.0`, where it came from the registry; the
 * tarball that npm has installed it from; the folder of a clone.
 *
 * `moduleUrl` is that of a file in the package.
 */
export function installedSpec(moduleUrl: string): string {
  const root = packageRoot(dirname(fileURLToPath(moduleUrl)))
  if (root === undefined) return REGISTRY
  const modules = dirname(root)
  if (basename(modules) !== 'node_modules') return `file:${root}`
  const resolved = resolvedFrom(modules)
  return resolved?.startsWith('file:') ? `file:${resolve(dirname(modules), resolved.slice(5))}` : REGISTRY
}

const NAME = 'gatewright'
const REGISTRY = `^${VERSION}`

function packageRoot(folder: string): string | undefined {
  if (field(readJson(join(folder, 'package.json')), 'name') === NAME) return folder
  const above = dirname(folder)
  return above === folder ? undefined : packageRoot(above)
}

/** Where npm has it from, by what it notes beside the packages that it installs. Others note nothing there. */
function resolvedFrom(modules: string): string | undefined {
  const packages = field(readJson(join(modules, '.package-lock.json')), 'packages')
  const resolved = field(field(packages, `node_modules/${NAME}`), 'resolved')
  return typeof resolved === 'string' ? resolved : undefined
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
