/**
 * Makes the pages that follow from sources: those of filters, and that of the cache's cases.
 *
 *   npm run docs              writes what has changed
 *   npm run docs -- --check   says what is stale, and exits with 1 if anything is
 */
import { CONFORMANCE_PAGE, makeConformancePage } from './conformance-page.ts'
import { makeFilterPages } from './filter-pages.ts'

const check = process.argv.includes('--check')
makeFilterPages(check)
const { stale } = await makeConformancePage(new URL('..', import.meta.url).pathname, check)
if (stale && check) {
  console.error(`${CONFORMANCE_PAGE} is stale: npm run docs`)
  process.exitCode = 1
} else if (stale) console.log(`wrote ${CONFORMANCE_PAGE}`)
