/**
 * Makes what follows from sources: the pages of filters, that of the cache's cases, and for configuration files the schema for
 * editors and the type.
 *
 *   npm run docs              writes what has changed
 *   npm run docs -- --check   says what is stale, and exits with 1 if anything is
 */
import { makeConfigFiles } from './config-schema.ts'
import { CONFORMANCE_PAGE, makeConformancePage } from './conformance-page.ts'
import { makeFilterPages } from './filter-pages.ts'

const check = process.argv.includes('--check')
makeFilterPages(check)
const root = new URL('..', import.meta.url).pathname
const page = await makeConformancePage(root, check)
const config = await makeConfigFiles(root, check)
for (const file of [...(page.stale ? [CONFORMANCE_PAGE] : []), ...config.stale]) {
  if (!check) console.log(`wrote ${file}`)
  else {
    console.error(`${file} is stale: npm run docs`)
    process.exitCode = 1
  }
}
