/**
 * Makes the pages of filters out of their sources: `docs/filters/<name>.md`, `docs/filters/README.md`, and the table in
 * README.md.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GUIDES } from './filter-pages/catalog.ts'
import { FILE_EXAMPLES } from './filter-pages/file-examples.ts'
import { type FilterCosts, filterCosts } from './filter-pages/filter-costs.ts'
import { indexPage, indexTable, misplaced } from './filter-pages/index-table.ts'
import { filterPage } from './filter-pages/page.ts'
import {
  type Repository,
  type ShelfEntry,
  shelfEntry,
  shelfPlaces,
  undocumented,
} from './filter-pages/shelf.ts'
import { UnreadableSource } from './filter-pages/unreadable-source.ts'

const ROOT = new URL('..', import.meta.url).pathname
const FOLDER = 'docs/filters'
const COSTS = 'bench/results/filter-costs.json'

export interface Shelf {
  readonly entries: readonly ShelfEntry[]
  /** What is wrong with sources and lists, a line each: pages of these cannot be made. */
  readonly problems: readonly string[]
  /** What is to stand in each file. */
  readonly pages: ReadonlyMap<string, string>
  /** Files that differ from it, are missing, or are left over. */
  readonly stale: readonly string[]
}

export function readShelf(root: string = ROOT): Shelf {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8')
  const readIfThere = (file: string): string | undefined =>
    existsSync(join(root, file)) ? read(file) : undefined
  const list = (folder: string): string[] =>
    globSync(`${folder}/*.ts`, { cwd: root })
      .filter((file) => !file.endsWith('.test.ts'))
      .sort()
  const { entries, problems } = entriesOf({ read, list })
  const costs = filterCosts(readIfThere(COSTS))

  const pageOf = new Map(entries.map(({ place, slug }) => [place.name, `${slug}.md`]))
  const pages = new Map<string, string>()
  for (const entry of entries) {
    const example = readIfThere(`examples/shelf/${entry.slug}.ts`)
    const guide = GUIDES[entry.place.name]
    pages.set(
      `${FOLDER}/${entry.slug}.md`,
      filterPage({ entry, example, costs, inFile: FILE_EXAMPLES[entry.place.name], guide, pages: pageOf }),
    )
  }
  pages.set(`${FOLDER}/README.md`, indexPage(entries, costs))
  const readme = readmeWith(read('README.md'), entries, costs)
  if (readme === undefined) problems.push(`README.md: no lines "${BEGIN}" and "${END}"`)
  else pages.set('README.md', readme)

  const stale = [...pages].filter(([file, text]) => readIfThere(file) !== text).map(([file]) => file)
  const left = globSync(`${FOLDER}/*.md`, { cwd: root }).filter((file) => !pages.has(file))
  return { entries, problems, pages, stale: [...stale, ...left].sort() }
}

function entriesOf(repository: Repository): { entries: ShelfEntry[]; problems: string[] } {
  const problems: string[] = []
  const entries: ShelfEntry[] = []
  const attempt = <T>(make: () => T): T | undefined => {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof UnreadableSource)) throw error
      problems.push(error.message)
      return undefined
    }
  }
  for (const place of attempt(() => shelfPlaces(repository)) ?? []) {
    const entry = attempt(() => shelfEntry(place, repository))
    if (entry === undefined) continue
    const silent = undocumented(entry)
    if (silent.length === 0) entries.push(entry)
    problems.push(...silent)
  }
  if (problems.length === 0)
    problems.push(...misplaced(entries).map((it) => `scripts/filter-pages/catalog.ts: ${it}`))
  return { entries, problems }
}

const BEGIN = '<!-- filters -->'
const END = '<!-- /filters -->'

function readmeWith(text: string, entries: readonly ShelfEntry[], costs: FilterCosts): string | undefined {
  const from = text.indexOf(BEGIN)
  const to = text.indexOf(END)
  if (from < 0 || to < from) return undefined
  return `${text.slice(0, from + BEGIN.length)}\n\n${indexTable(entries, costs, `${FOLDER}/`)}\n\n${text.slice(to)}`
}

/** Writes what has changed; `check`: says what is stale. Sets the exit code to 1 where something is wrong. */
export function makeFilterPages(check: boolean): void {
  const { problems, pages, stale } = readShelf()
  for (const problem of problems) console.error(problem)
  if (check) for (const file of stale) console.error(`${file} is stale: npm run docs`)
  if (problems.length > 0 || (check && stale.length > 0)) process.exitCode = 1
  // With a problem, pages would be missing: nothing is written, so that none is deleted.
  if (check || problems.length > 0) return
  for (const file of stale) {
    const text = pages.get(file)
    if (text === undefined) rmSync(join(ROOT, file))
    else writeFileSync(join(ROOT, file), text)
    console.log(`${text === undefined ? 'deleted' : 'wrote'} ${file}`)
  }
}
