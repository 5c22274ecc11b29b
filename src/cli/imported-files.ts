import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** More than anybody's gateway has of its own. */
const MOST_FILES = 1_000

const IMPORT = /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g

/**
 * A module, and all that it imports by a relative path, and that these import. What is looked for are the words; one in a comment
 * or a text is taken for an import as well, where there is such a file, which does no harm.
 */
export function importedFiles(path: string): readonly string[] {
  const found = new Set([path])
  for (const file of found) {
    if (found.size >= MOST_FILES) break
    for (const [, , specifier] of textOf(file).matchAll(IMPORT)) {
      const imported = resolve(dirname(file), specifier!)
      if (existsSync(imported)) found.add(imported)
    }
  }
  return [...found]
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
