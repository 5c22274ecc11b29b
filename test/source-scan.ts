import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

/** The repository's folder. */
export const ROOT = new URL('..', import.meta.url).pathname

export interface SourceFile {
  /** From the repository's folder, with slashes. */
  readonly path: string
  readonly text: string
}

export interface ImportedName {
  /** As it is called where it comes from; `*` for a namespace and for a call of `import()`, `default` for a default import. */
  readonly name: string
  readonly type: boolean
}

export interface Import {
  readonly specifier: string
  readonly names: readonly ImportedName[]
}

/** The TypeScript files below some folders. */
export function sourceFiles(...folders: readonly string[]): SourceFile[] {
  const paths = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }))
  return paths
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(ROOT + path, 'utf8') }))
}

const COMMENT = String.raw`\/\*[\s\S]*?\*\/|\/\/[^\n]*`
const STRING = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`
const TEMPLATE = String.raw`\x60(?:\\[\s\S]|[^\x60\\])*\x60`
/** A slash begins an expression where an operand may stand, and divides elsewhere. */
const REGEX = String.raw`(?<=(?:[=(,:!&|?{};[]|\breturn|=>)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`
const TOKEN = new RegExp(`(?<comment>${COMMENT})|(?<string>${STRING})|${TEMPLATE}|(?<regex>${REGEX})`, 'g')

/** The text without comments. */
export function withoutComments(text: string): string {
  return text.replace(TOKEN, (token, ...rest) => (groupsOf(rest).comment === undefined ? token : ' '))
}

/** The text without comments, strings and regular expressions: what names stand in it are names of the program's. */
export function codeOnly(text: string): string {
  return text.replace(TOKEN, (token, ...rest) => {
    const { comment, string, regex } = groupsOf(rest)
    if (comment !== undefined) return ' '
    return string !== undefined || regex !== undefined ? "''" : token
  })
}

function groupsOf(rest: readonly unknown[]): Readonly<Record<string, string | undefined>> {
  return rest.at(-1) as Record<string, string | undefined>
}

const IMPORT =
  /(?<=^|[;\n])\s*(?:import|export)\s+(?:(?<clause>[^'"`;()=]*?)\sfrom\s*)?'(?<from>[^'\n]+)'|\bimport\s*\(\s*'(?<called>[^'\n]+)'/g

/** What a file imports, and exports from elsewhere. */
export function importsOf({ text }: SourceFile): Import[] {
  return [...withoutComments(text).matchAll(IMPORT)].map(({ groups }) => ({
    specifier: (groups!.from ?? groups!.called)!,
    names: groups!.called === undefined ? namesIn(groups!.clause ?? '') : [{ name: '*', type: false }],
  }))
}

function namesIn(clause: string): ImportedName[] {
  const allTypes = /^type\s/.test(clause)
  const [before, list] = clause.replace(/^type\s/, '').split(/[{}]/)
  const names = (list ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => ({
      name: part.replace(/^type\s+/, '').split(/\s/)[0]!,
      type: allTypes || part.startsWith('type '),
    }))
  const first = before!.replace(/,\s*$/, '').trim()
  if (first !== '') names.push({ name: first.startsWith('*') ? '*' : 'default', type: allTypes })
  return names
}

/** The file that a relative import names, from the repository's folder; `undefined` for a package. */
export function importedFile({ path }: SourceFile, { specifier }: Import): string | undefined {
  return specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : undefined
}
