import { basename, posix } from 'node:path'
import {
  type Declaration,
  type FunctionDeclaration,
  type InterfaceDeclaration,
  type Member,
  parseModule,
  type SourceModule,
} from './source-module.ts'
import { UnreadableSource } from './unreadable-source.ts'

/** A filter, with all that its page says of its source. */
export interface ShelfEntry {
  /** Of its page, its example and its cost file: `circuit-breaker`. */
  readonly slug: string
  readonly place: ShelfPlace
  readonly main: FunctionDeclaration
  /** Types of the house's own that it takes and gives, each once, in the order in which they are met. */
  readonly types: readonly Declaration[]
  /** What its file exports beside it: functions and values, each with the types that were not met before. */
  readonly companions: readonly {
    readonly declaration: Declaration
    readonly types: readonly Declaration[]
  }[]
}

export interface ShelfPlace {
  /** The function. */
  readonly name: string
  /** From the repository's folder. */
  readonly file: string
  /** What it is imported from. */
  readonly specifier: string
}

export interface Repository {
  /** The text of a file, by its path from the repository's folder. */
  readonly read: (file: string) => string
  /** The source files of a folder, as paths from the repository's, without tests. */
  readonly list: (folder: string) => readonly string[]
}

const FILTERS = 'src/filters'
const ADAPTERS = 'src/adapters'

/** All that has a page: each file of the filters, and what the package exports of the adapters. */
export function shelfPlaces(repository: Repository): ShelfPlace[] {
  const index = `${FILTERS}/index.ts`
  const filters = repository
    .list(FILTERS)
    .filter((file) => file !== index)
    .map((file) => ({
      name: camelCase(basename(file, '.ts')),
      file,
      specifier: `gatewright/filters/${basename(file, '.ts')}`,
    }))
  const files = filters.map(({ file }) => file)
  for (const [name, file] of exportedValues(index, repository))
    if (!files.includes(file))
      throw new UnreadableSource(index, 1, `${name} of ${file}: no file of ${FILTERS}`)
  const adapters = exportedValues('src/index.ts', repository)
    .filter(([name, file]) => file === `${ADAPTERS}/${kebabCase(name)}.ts`)
    .map(([name, file]) => ({ name, file, specifier: 'gatewright' }))
  return [...filters, ...adapters]
}

/** Names and files. */
function exportedValues(index: string, { read }: Repository): [string, string][] {
  const values: [string, string][] = []
  for (const [local, { file, name, exported, type }] of parseModule(index, read(index)).from) {
    if (!exported) throw new UnreadableSource(index, 1, 'it does more than to export from other files')
    if (local !== name) throw new UnreadableSource(index, 1, `${name} has another name outside, ${local}`)
    if (!type) values.push([name, file])
  }
  return values
}

export function shelfEntry(place: ShelfPlace, { read }: Repository): ShelfEntry {
  const sources = new Sources(posix.dirname(place.file), read)
  const home = sources.module(place.file)
  const main = home.declarations.get(place.name)
  if (main?.kind !== 'function')
    throw new UnreadableSource(place.file, 1, `it exports no function ${place.name}`)
  const seen = new Set<string>()
  const types = sources.typesOf(main, home, seen)
  const companions = sources
    .exportedValues(home)
    .filter(({ declaration }) => declaration !== main)
    .map(({ declaration, module }) => ({ declaration, types: sources.typesOf(declaration, module, seen) }))
  return { slug: kebabCase(place.name), place, main, types, companions }
}

interface Found {
  readonly declaration: Declaration
  readonly module: SourceModule
}

/**
 * The modules of one room of the house. What comes from another room is only explained where the room exports it: else it has a
 * page elsewhere, or none.
 */
class Sources {
  readonly #room: string
  readonly #read: Repository['read']
  readonly #modules = new Map<string, SourceModule>()

  constructor(room: string, read: Repository['read']) {
    this.#room = room
    this.#read = read
  }

  module(file: string): SourceModule {
    const known = this.#modules.get(file) ?? parseModule(file, this.#read(file))
    this.#modules.set(file, known)
    return known
  }

  /** What a module exports beside types, its own or another's. */
  exportedValues(module: SourceModule): Found[] {
    const own = [...module.declarations.values()].map((declaration) => ({ declaration, module }))
    const others = [...module.from]
      .filter(([, { exported, type }]) => exported && !type)
      .map(([name]) => this.#find(name, module))
    return [...own, ...others.filter((it) => it !== undefined)].filter(({ declaration }) =>
      isValue(declaration),
    )
  }

  /** The types that a declaration names, and those that these name, but those that were seen before. */
  typesOf(declaration: Declaration, module: SourceModule, seen: Set<string>): Declaration[] {
    const bases = declaration.kind === 'interface' ? declaration.bases.map(({ name }) => name) : []
    // Interfaces among them have been taken into it.
    const aliases = bases.filter((name) => this.#find(name, module)?.declaration.kind === 'type')
    return [...aliases, ...typeNames(declaration)].flatMap((name) => {
      const found = this.#find(name, module)
      if (found === undefined || isValue(found.declaration) || seen.has(name)) return []
      seen.add(name)
      const whole =
        found.declaration.kind === 'interface'
          ? this.#withBases(found.declaration, found.module)
          : found.declaration
      return [whole, ...this.typesOf(whole, found.module, seen)]
    })
  }

  /** Options that it has from others are options of its own. */
  #withBases(declaration: InterfaceDeclaration, module: SourceModule): InterfaceDeclaration {
    const inherited = declaration.bases.flatMap(({ name, as, keys }): Member[] => {
      const base = this.#find(name, module)
      if (base?.declaration.kind !== 'interface') {
        // A filter that can be asked for its numbers is a filter; but no option may go unsaid.
        if (!declaration.name.endsWith('Options')) return []
        throw new UnreadableSource(
          declaration.file,
          declaration.line,
          `${name} is no interface of ${this.#room}`,
        )
      }
      const { members } = this.#withBases(base.declaration, base.module)
      switch (as) {
        case 'Partial':
          return members.map((it) => ({ ...it, optional: true }))
        case 'Pick':
          return members.filter((it) => keys.includes(it.name))
        case 'Omit':
          return members.filter((it) => !keys.includes(it.name))
        default:
          return [...members]
      }
    })
    const own = declaration.members.map((it) => it.name)
    return {
      ...declaration,
      members: [...inherited.filter(({ name }) => !own.includes(name)), ...declaration.members],
    }
  }

  #find(name: string, module: SourceModule): Found | undefined {
    const own = module.declarations.get(name)
    if (own !== undefined) return { declaration: own, module }
    const foreign = module.from.get(name)
    if (foreign === undefined) return undefined
    if (!foreign.exported && !foreign.file.startsWith(`${this.#room}/`)) return undefined
    const found = this.#find(foreign.name, this.module(foreign.file))
    if (found === undefined)
      throw new UnreadableSource(module.file, 1, `${name} is not exported by ${foreign.file}`)
    return found
  }
}

function isValue({ kind }: Declaration): boolean {
  return kind === 'function' || kind === 'const' || kind === 'class'
}

/** Identifiers in the types of a declaration. Names that only look like types are looked up in vain, and do no harm. */
function typeNames(declaration: Declaration): string[] {
  return codeOf(declaration).flatMap((it) => it.replace(/'[^']*'/g, '').match(/\b[A-Z][\w$]*\b/g) ?? [])
}

/** The parts of it in which types stand, without comments. */
export function codeOf(declaration: Declaration): readonly string[] {
  switch (declaration.kind) {
    case 'function':
      return declaration.signatures
    case 'interface':
      return declaration.members.map(({ type }) => type)
    case 'type':
      return [declaration.code.replace(/\/\*[\s\S]*?\*\//g, '')]
    default:
      return []
  }
}

/** Docstrings that are missing or cannot be read, a line each. */
export function undocumented({ main, types, companions }: ShelfEntry): string[] {
  const all = [main, ...types, ...companions.flatMap((it) => [it.declaration, ...it.types])]
  const unreadable = all
    .flatMap((it): Pick<Declaration, 'doc'>[] => (it.kind === 'interface' ? [it, ...it.members] : [it]))
    .map(whyUnreadable)
    .filter((it) => it !== undefined)
  if (unreadable.length > 0) return unreadable
  return all.flatMap((it) => {
    if (isValue(it)) return it.doc === undefined ? [silent(it, it.name)] : []
    // A type is explained by what takes or gives it, or for itself. Options are explained one by one.
    if (it.kind !== 'interface' || (it.doc !== undefined && !it.name.endsWith('Options'))) return []
    return it.members
      .filter(({ doc }) => doc === undefined)
      .map((member) => silent(member, `${it.name}.${member.name}`))
  })
}

function whyUnreadable(it: Pick<Declaration, 'doc'>): string | undefined {
  try {
    void it.doc
    return undefined
  } catch (error) {
    if (error instanceof UnreadableSource) return error.message
    throw error
  }
}

function silent({ file, line }: { readonly file: string; readonly line: number }, name: string): string {
  return `${file}:${line}: ${name} has no docstring`
}

/** `redirectToHttps` as `redirect-to-https`. */
function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `redirect-to-https` as `redirectToHttps`. */
function camelCase(slug: string): string {
  return slug.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
