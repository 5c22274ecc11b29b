/** Makes `docs/cache-conformance.md`: each requirement of the RFCs of caching, with the cases that show it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { allCases } from '../test/cache/conformance/all-cases.ts'
import type { CacheCase } from '../test/cache/conformance/case.ts'
import { RFCS, SECTIONS, type Section } from '../test/cache/conformance/sections.ts'

export const CONFORMANCE_PAGE = 'docs/cache-conformance.md'

type CaseInFile = CacheCase & { readonly file: string }

export async function conformancePage(): Promise<string> {
  return pageOf(await allCases())
}

/** Writes the page; `check`: says whether it is stale, and writes nothing. */
export async function makeConformancePage(root: string, check: boolean): Promise<{ stale: boolean }> {
  const file = root + CONFORMANCE_PAGE
  const page = await conformancePage()
  const stale = !existsSync(file) || readFileSync(file, 'utf8') !== page
  if (stale && !check) writeFileSync(file, page)
  return { stale }
}

function pageOf(cases: readonly CaseInFile[]): string {
  const built = cases.filter(({ until }) => until === undefined)
  const requirements = new Set(built.map(({ rfc, requires }) => `${rfc} ${requires}`))
  return `<!-- Made by \`npm run docs\` from test/cache/conformance. Change that. -->

# What the cache keeps to

What the RFCs ask of a shared cache, in our own words, each requirement with the cases that show it: ${requirements.size} requirements, ${built.length} cases. A case is a run of requests through a whole proxy with \`.use(cache(...))\` in a [simulation](guides/testing.md): it says of each request whether the service is asked, with which fields, and what the client gets. [All of them are run](../test/cache/conformance/conformance.test.ts) by \`npm test\`; those in which the cache has to answer are run without a cache too, and the others with one that knows no rules, and have to fail there.

*must*, *should* and *may* are those of the RFC; *own* is what is chosen here where it leaves something open: [decision 0030](decisions/0030-the-rules-of-the-cache-are-pure-functions.md) says why. Where there is no case the table says so.

${RFCS.map(([rfc, about]) => chapter(rfc, about, cases)).join('\n\n')}
`
}

function chapter(rfc: string, about: string, cases: readonly CaseInFile[]): string {
  const sections = SECTIONS.filter((it) => it.rfc.startsWith(`${rfc} `))
  return [`## RFC ${rfc}: ${about}`, ...sections.map((section) => paragraph(section, cases))].join('\n\n')
}

function paragraph({ rfc, title, without }: Section, cases: readonly CaseInFile[]): string {
  const [number, section] = rfc.split(' ')
  const link = `[${section}](https://www.rfc-editor.org/rfc/rfc${number}#section-${section})`
  const heading = `### ${link} ${title}`
  const own = cases.filter((it) => it.rfc === rfc)
  if (own.length === 0) return `${heading}\n\nNo case: ${without}.`
  const rows = [...Map.groupBy(own, ({ requires }) => requires)].map(row)
  return [heading, '', '| | Requirement | Cases |', '|---|---|---|', ...rows].join('\n')
}

function row([requires, cases]: [string, readonly CaseInFile[]]): string {
  const { level } = cases[0]!
  const byFile = [...Map.groupBy(cases, ({ file }) => file)].map(([file, all]) => {
    const ids = all.map(({ id, until }) => `\`${id}\`${until === undefined ? '' : ' (not yet)'}`)
    return `[${file.replace('.cases.ts', '')}](../test/cache/conformance/${file}): ${ids.join(', ')}`
  })
  return `| ${level} | ${requires.replaceAll('|', '\\|')} | ${byFile.join('; ')} |`
}
