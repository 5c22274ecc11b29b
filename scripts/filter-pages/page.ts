import type { Docstring } from './docstring.ts'
import type { FilterCosts } from './filter-costs.ts'
import { codeOf, type ShelfEntry } from './shelf.ts'
import type { Declaration, InterfaceDeclaration } from './source-module.ts'

export interface PageParts {
  readonly entry: ShelfEntry
  /** The text of its example, or `undefined` as long as there is none. */
  readonly example: string | undefined
  readonly costs: FilterCosts
  /** A file in `docs/guides`. */
  readonly guide: string | undefined
  /** The page of each filter, by its name. */
  readonly pages: ReadonlyMap<string, string>
}

/** The page of a filter, `docs/filters/<slug>.md`. */
export function filterPage({ entry, example, costs, guide, pages }: PageParts): string {
  const { main, companions, types, place, slug } = entry
  const explained = [main, ...types, ...companions.flatMap((it) => [it.declaration, ...it.types])]
  const members = explained.flatMap((it) => (it.kind === 'interface' ? it.members : []))
  const own = new Set([...explained, ...members].map(({ name }) => name))
  const linked: Linked = (text) => withLinks(text, own, pages)
  const doc = main.doc!
  const sections = [
    `<!-- Made by \`npm run docs\` from ${place.file}, its example and its costs. Change those. -->`,
    `# ${place.name}`,
    linked(doc.summary),
    typescript(`import { ${place.name} } from '${place.specifier}'`, doc.example),
    linked(warned(doc.rest)),
    ...callSections(entry, linked),
    ...companions.flatMap((it) => companionSections(it, linked)),
    ...section('## Errors', list(doc.throws.map(linked))),
    ...section('## Cost', costTable(costs.of(slug))),
    ...section('## Example', example === undefined ? '' : exampleText(slug, example)),
    `${guide === undefined ? '' : `[The guide that tells more](../guides/${guide}) · `}[all filters](README.md)`,
  ]
  return `${sections.filter((it) => it !== '').join('\n\n')}\n`
}

/** Makes links of names. */
type Linked = (text: string) => string

function section(title: string, content: string): string[] {
  return content === '' ? [] : [title, content]
}

/** How it is called: the signature, what it takes, and what these types are. */
function callSections({ main, types }: ShelfEntry, linked: Linked): string[] {
  const [first, ...others] = types
  // Nearly always: the options, which the heading names already.
  const options = first?.kind === 'interface' && isOptions(first) ? first : undefined
  return [
    options === undefined ? '## Call' : '## Options',
    typescript(main.signatures.join('\n')),
    parameters(main.doc!, linked),
    options === undefined ? '' : memberTable(options, linked),
    unitsIn([...main.signatures, ...types.flatMap(codeOf)]),
    ...(options === undefined ? types : others).flatMap((it) => typeSections(it, linked)),
  ]
}

function typeSections(declaration: Declaration, linked: Linked): string[] {
  const { doc, name, kind } = declaration
  return [
    `### ${name}`,
    doc === undefined ? '' : linked(whole(doc)),
    kind === 'interface' ? memberTable(declaration, linked) : shown(declaration),
  ]
}

/** What stands beside a filter in its file, public as well. */
function companionSections(
  { declaration, types }: ShelfEntry['companions'][number],
  linked: Linked,
): string[] {
  const { kind, name, doc } = declaration
  if (doc === undefined) return []
  const isCall = kind === 'function'
  return [
    `## ${name}`,
    linked(whole(doc)),
    isCall ? typescript(declaration.signatures.join('\n'), doc.example) : shown(declaration),
    parameters(doc, linked),
    list(doc.throws.map((it) => `Throws ${linked(it)}`)),
    ...types.flatMap((it) => typeSections(it, linked)),
  ]
}

function shown(declaration: Declaration): string {
  const { kind } = declaration
  return kind === 'type' || kind === 'const' ? typescript(declaration.code.replace(/^export /, '')) : ''
}

const UNITS: Readonly<Record<string, string>> = {
  Duration: "milliseconds, or a text such as `'250ms'`, `'30s'`, `'5m'` or `'1d'`",
  Size: "bytes, or a text such as `'64kb'` or `'1mb'`",
}

function unitsIn(codes: readonly string[]): string {
  return Object.entries(UNITS)
    .filter(([name]) => codes.some((code) => new RegExp(`\\b${name}\\b`).test(code)))
    .map(([name, text]) => `A \`${name}\` is a number of ${text}.`)
    .join(' ')
}

function isOptions({ name }: Declaration): boolean {
  return name.endsWith('Options')
}

function memberTable(declaration: InterfaceDeclaration, linked: Linked): string {
  const { members } = declaration
  if (members.length === 0) return ''
  const rows = members.map(({ name, type, optional, doc }) => {
    const required = isOptions(declaration) && !optional ? ' (required)' : ''
    return `| \`${name}\`${required} | ${linked(code(type))} | ${doc === undefined ? '' : linked(inCell(whole(doc)))} |`
  })
  return [`| ${isOptions(declaration) ? 'Option' : 'Name'} | Type | |`, '|---|---|---|', ...rows].join('\n')
}

/** In a table a bar ends a cell, within code too. */
function code(type: string): string {
  return `\`${type.replaceAll('|', '\\|')}\``
}

function inCell(text: string): string {
  return text.replace(/\n+/g, '<br>').replaceAll('|', '\\|')
}

function whole({ summary, rest, returns }: Docstring): string {
  const returned = returns === undefined ? '' : ` Returns ${returns}`
  if (rest === '') return summary + returned
  return `${summary}${/^(?:Traps?:|[-*] )/.test(rest) ? '\n\n' : ' '}${warned(rest)}${returned}`
}

/** Warnings stand out. */
function warned(text: string): string {
  return text.replace(/^(Traps?):/gm, '**$1:**')
}

function parameters({ params }: Docstring, linked: Linked): string {
  return list(params.map(({ name, text }) => `\`${name}\`: ${linked(text)}`))
}

/** Code to read: marked so that the tests do not run it, for it is no whole program. */
function typescript(...parts: readonly (string | undefined)[]): string {
  return `\`\`\`typescript\n${parts.filter((it) => it !== undefined).join('\n\n')}\n\`\`\``
}

function list(items: readonly string[]): string {
  return items.map((it) => `- ${it}`).join('\n')
}

function costTable(rows: ReturnType<FilterCosts['of']>): string {
  if (rows.length === 0) return ''
  const what =
    'CPU time, in microseconds, that it adds to each exchange: [how it is measured](../../bench/RESULTS-filters.md).'
  return [`${what}\n`, '| | µs |', '|---|---:|', ...rows.map(({ name, us }) => `| ${name} | ${us} |`)].join(
    '\n',
  )
}

function exampleText(slug: string, example: string): string {
  const file = `examples/shelf/${slug}.ts`
  return `A whole program that checks itself, [${file}](../../${file}):\n\n\`\`\`ts\n${example.trimEnd()}\n\`\`\``
}

/** Code that is the name of a filter, or of something that this page explains, leads there. */
function withLinks(text: string, own: ReadonlySet<string>, pages: ReadonlyMap<string, string>): string {
  return text.replace(/(?<![[\w`])`(\w+)`(?![`\]])/g, (span, name: string) => {
    // An option may be called as another filter is.
    if (own.has(name)) return /^[A-Z]/.test(name) ? `[${span}](#${name.toLowerCase()})` : span
    const page = pages.get(name)
    return page === undefined ? span : `[${span}](${page})`
  })
}
