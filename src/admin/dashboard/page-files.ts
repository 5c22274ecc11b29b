import { readdirSync, readFileSync } from 'node:fs'

/**
 * The files of the page, by their path below `page/`. They are read where the source itself runs; the build puts this very
 * object in the place of this module (`scripts/inline-dashboard.ts`), so that what is bundled needs no files beside it.
 */
export const PAGE_FILES: Readonly<Record<string, string>> = readPage(new URL('./page/', import.meta.url))

function readPage(folder: URL): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.(?:html|css|js)$/.test(name))
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]))
}
