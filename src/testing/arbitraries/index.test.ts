import { expect, test } from 'vitest'
import { importedFile, importsOf, type SourceFile, sourceFiles } from '../../../test/source-scan.ts'

const FILES: ReadonlyMap<string, SourceFile> = new Map(sourceFiles('src').map((file) => [file.path, file]))

/** Packages that loading a file loads with it. */
function packagesOf(path: string): Set<string> {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const walk = (at: string): void => {
    const file = FILES.get(at)
    if (file === undefined || seen.has(at)) return
    seen.add(at)
    for (const it of importsOf(file)) {
      const to = importedFile(file, it)
      if (to === undefined) packages.add(it.specifier)
      else walk(to)
    }
  }
  walk(path)
  return packages
}

test('the arbitraries alone need fast-check, which is optional', () => {
  expect(packagesOf('src/testing/arbitraries/index.ts')).toContain('fast-check')
  for (const entry of ['src/testing/index.ts', 'src/index.ts', 'src/filters/index.ts'])
    expect(packagesOf(entry)).not.toContain('fast-check')
})
