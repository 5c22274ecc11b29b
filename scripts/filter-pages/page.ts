import type { Docstring } from './docstring.ts'
import type { FilterCosts } from './filter-costs.ts'
import { codeOf, type ShelfEntry } from './shelf.ts'
import type { Declaration, InterfaceDeclaration } from './source-module.ts'

export interface PageParts {
  readonly entry: ShelfEntry
  /** The text of its example, or `undefined` as long as there is none. */
  readonly example: string | undefined
  readonly costs: FilterCosts
  /** How a configuration file has it, in YAML; `undefined` for what no file can name. */
  readonly inFile: string | undefined
  /** A file in `docs/guides`. */
  readonly guide: string | undefined
  /** The page of each filter, by its name. */
  readonly pages: ReadonlyMap<string, string>
}

/** The page of a filter, `docs/filters/<slug>.md`. */
export function filterPage({ entry, example, costs, inFile, guide, pages }: PageParts): string {
  const { main, companions, types, place, slug } = entry
  const explained = [main, ...types, ...companions.flatMap((it) => [it.declaration, ...it.types])]
  const members = explained.flatMap((it) => (it.kind === 'interface' ? it.members : []))
  const links: Links = {
    types: new Set(
      explained.filter(({ kind }) => kind === 'interface' || kind === 'type').map(({ name }) => name),
    ),
    // An option may be called as another filter is.
    pages: new Map([...pages].filter(([name]) => ![...explained, ...members].some((it) => it.name === name))),
  }
  const doc = main.doc!
  const rows = costs.of(slug)
  const sections = [
    `<!-- Made by \`npm run docs\` from ${place.file}, its example and its costs. Change those. -->`,
    `# ${place.name}`,
    linked(doc.summary, links),
    typescript(`import { ${place.name} } from '${place.specifier}'`, doc.example),
    [
      `[${callTitle(entry)}](#${callTitle(entry).toLowerCase()})`,
      ...(example === undefined ? [] : ['[a whole program](#example)']),
      ...(rows.length === 0 ? [] : [`[adds](#cost) ${rows[0]!.us} µs to an exchange`]),
    ].join(' · '),
    linked(warned(doc.rest), links),
    ...callSections(entry, links),
    ...companions.flatMap((it) => companionSections(it, place.specifier, links)),
    ...section(
      '## In a configuration file',
      inFile === undefined ? '' : `\`\`\`yaml\nfilters:${inFile.replaceAll('\n', '\n  ').trimEnd()}\n\`\`\``,
    ),
    ...section('## Errors', list(doc.throws.map((it) => linked(it, links)))),
    ...section('## Cost', costTable(rows)),
    ...section('## Example', example === undefined ? '' : exampleText(slug, example)),
    guide === undefined
      ? '[All filters](README.md)'
      : `[The guide that tells more](../guides/${guide}) · [all filters](README.md)`,
  ]
  return `${sections.filter((it) => it !== '').join('\n\n')}\n`
}

interface Links {
  /** What this page explains: types lead there. */
  readonly types: ReadonlySet<string>
  /** Pages of other filters, by name. */
  readonly pages: ReadonlyMap<string, string>
}

function section(title: string, content: string): string[] {
  return content === '' ? [] : [title, content]
}

/** Nearly always the first type is that of the options. */
function optionsOf({ types: [first] }: ShelfEntry): InterfaceDeclaration | undefined {
  return first?.kind === 'interface' && isOptions(first) ? first : undefined
}

function callTitle(entry: ShelfEntry): string {
  return optionsOf(entry) === undefined ? 'Call' : 'Options'
}

/** How it is called: the signature, what it takes, and what these types are. */
function callSections(entry: ShelfEntry, links: Links): string[] {
  const { main, types } = entry
  const options = optionsOf(entry)
  return [
    `## ${callTitle(entry)}`,
    typescript(main.signatures.join('\n')),
    parameters(main.doc!, links),
    options === undefined ? '' : memberTable(options, links),
    unitsIn([...main.signatures, ...types.flatMap(codeOf)]),
    ...types.filter((it) => it !== options).flatMap((it) => typeSections(it, links)),
  ]
}

function typeSections(declaration: Declaration, links: Links): string[] {
  const { doc, name } = declaration
  return [
    `### ${name}`,
    doc === undefined ? '' : linked(whole(doc), links),
    declaration.kind === 'interface' ? memberTable(declaration, links) : '',
    declaration.kind === 'type' ? typescript(shownCode(declaration.code)) : '',
  ]
}

/** What stands beside a filter in its file, public as well. */
function companionSections(
  { declaration, types }: ShelfEntry['companions'][number],
  specifier: string,
  links: Links,
): string[] {
  const { kind, name, doc } = declaration
  if (doc === undefined) return []
  const brought = `import { ${name} } from '${specifier}'`
  return [
    `## ${name}`,
    linked(whole(doc), links),
    kind === 'function'
      ? typescript(brought, declaration.signatures.join('\n'), doc.example)
      : typescript(brought, kind === 'const' ? shownCode(declaration.code) : doc.example),
    parameters(doc, links),
    list(doc.throws.map((it) => `Throws ${linked(it, links)}`)),
    ...types.flatMap((it) => typeSections(it, links)),
  ]
}

function shownCode(code: string): string {
  return code.replace(/^export /, '')
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

/** Whether callers write such an object. One of which nothing may be left out is made by us, or shown to them whole. */
function isGiven(declaration: InterfaceDeclaration): boolean {
  return isOptions(declaration) || declaration.members.some(({ optional }) => optional)
}

function memberTable(declaration: InterfaceDeclaration, links: Links): string {
  const { members } = declaration
  if (members.length === 0) return ''
  const rows = members.map(({ name, type, optional, doc }) => {
    const required = isGiven(declaration) && !optional ? ' (required)' : ''
    return `| \`${name}\`${required} | ${typeCell(type, links)} | ${doc === undefined ? '' : linked(inCell(whole(doc)), links)} |`
  })
  return [`| ${isOptions(declaration) ? 'Option' : 'Name'} | Type | |`, '|---|---|---|', ...rows].join('\n')
}

/** In a table a bar ends a cell, within code too. */
function typeCell(type: string, { types }: Links): string {
  const code = `\`${type.replaceAll('|', '\\|')}\``
  return types.has(type) ? `[${code}](#${type.toLowerCase()})` : code
}

function inCell(text: string): string {
  return text.replace(/\n+/g, '<br>').replaceAll('|', '\\|')
}

function whole({ summary, rest, returns }: Docstring): string {
  const returned = returns === undefined ? '' : ` Returns ${returns[0]!.toLowerCase()}${returns.slice(1)}`
  if (rest === '') return summary + returned
  return `${summary}${/^(?:Traps?:|[-*] )/.test(rest) ? '\n\n' : ' '}${warned(rest)}${returned}`
}

/** Warnings stand out. */
function warned(text: string): string {
  return text.replace(/^(Traps?):/gm, '**$1:**')
}

function parameters({ params }: Docstring, links: Links): string {
  return list(params.map(({ name, text }) => `\`${name}\`: ${linked(text, links)}`))
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

/** Names of filters that stand as code lead to their pages. */
function linked(text: string, { pages }: Links): string {
  return text.replace(/(?<![[\w`])`(\w+)`(?![`\]])/g, (span, name: string) => {
    const page = pages.get(name)
    return page === undefined ? span : `[${span}](${page})`
  })
}
