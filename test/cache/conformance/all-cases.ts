import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CacheCase } from './case.ts'

/** The cases of all files `*.cases.ts`, each of which exports them as `cases`. */
export async function allCases(): Promise<readonly (CacheCase & { readonly file: string })[]> {
  const folder = import.meta.dirname
  const files = globSync('*.cases.ts', { cwd: folder }).sort()
  const all = await Promise.all(
    files.map(async (file) => {
      const { cases } = (await import(pathToFileURL(join(folder, file)).href)) as {
        cases: readonly CacheCase[]
      }
      return cases.map((it) => ({ ...it, file }))
    }),
  )
  return all.flat()
}
