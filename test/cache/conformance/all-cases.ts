import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CacheCase } from './case.ts'

/** The cases of all files `*.cases.ts`, each of which exports them as `cases`. */
export async function allCases(): Promise<readonly CacheCase[]> {
  const folder = import.meta.dirname
  const files = globSync('*.cases.ts', { cwd: folder }).sort()
  const modules = await Promise.all(
    files.map(
      (file) => import(pathToFileURL(join(folder, file)).href) as Promise<{ cases: readonly CacheCase[] }>,
    ),
  )
  return modules.flatMap(({ cases }) => cases)
}
