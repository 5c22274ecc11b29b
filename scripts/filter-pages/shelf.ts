import { basename, posix } from 'node:path'
import type { ShelfPlace } from './catalog.ts'
import {
  type Declaration,
  type FunctionDeclaration,
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
  /** Other functions and values of its file that are public. */
  readonly companions: readonly Declaration[]
  /** Types of its own that these take and give, each once, in the order in which they are met. */
  readonly types: readonly Declaration[]
}

export interface Repository {
  /** The text of a file, by its path from the repository's folder. */
  readonly read: (file: string) => string
}

const INDEX = 'src/filters/index.ts'

/** Where the exports of `src/filters/index.ts` are declared: one file for each filter, which is named for it. */
export function exportedFilters({ read }: Repository): ShelfPlace[] {
  const files = new Map<string, string[]>()
  for (const [local, { file, name, exported, type }] of parseModule(INDEX, read(INDEX)).from) {
    if (!exported) throw new UnreadableSource(INDEX, 1, 'it does more than to export from other files')
    if (local !== name) throw new UnreadableSource(INDEX, 1, `${name} has another name outside, ${local}`)
    if (!type) files.set(file, [...(files.get(file) ?? []), name])
  }
  return [...files].map(([file, names]) => {
    const slug = basename(file, '.ts')
    const name = names.find((it) => kebabCase(it) === slug)
    if (name === undefined || posix.dirname(file) !== 'src/filters')
      throw new UnreadableSource(
        INDEX,
        1,
        `${names.join(', ')} of ${file}: no filter in a file that is named for it`,
      )
    return { name, file, specifier: `gatewright/filters/${slug}` }
  })
}

export function shelfEntry(place: ShelfPlace, { read }: Repository): ShelfEntry {
  const modules = new Map<string, SourceModule>()
  const moduleOf = (file: string): SourceModule => {
    const known = modules.get(file) ?? parseModule(file, read(file))
    modules.set(file, known)
    return known
  }
  const home = moduleOf(place.file)
  const main = home.declarations.get(place.name)
  if (main?.kind !== 'function')
    throw new UnreadableSource(place.file, 1, `it exports no function ${place.name}`)
  const isValue = ({ kind }: Declaration) => kind === 'function' || kind === 'const' || kind === 'class'
  const companions = [...home.declarations.values()].filter((it) => isValue(it) && it !== main)
  const types = new Map<string, Declaration>()
  for (const it of [main, ...companions]) explain(it, home)
  return { slug: kebabCase(place.name), place, main, companions, types: [...types.values()] }

  /** Adds the types that a declaration names, and those that these name. What comes from another folder has its own page, or none. */
  function explain(declaration: Declaration, module: SourceModule): void {
    for (const name of typeNames(declaration)) {
      const found = find(name, module)
      if (found === undefined || types.has(name) || isValue(found.declaration)) continue
      types.set(name, found.declaration)
      explain(found.declaration, found.module)
    }
  }

  function find(
    name: string,
    module: SourceModule,
  ): { declaration: Declaration; module: SourceModule } | undefined {
    const own = module.declarations.get(name)
    if (own !== undefined) return { declaration: own, module }
    const foreign = module.from.get(name)
    if (foreign === undefined || !foreign.file.startsWith(`${posix.dirname(place.file)}/`)) return undefined
    const declaring = moduleOf(foreign.file)
    const found = find(foreign.name, declaring)
    if (found === undefined)
      throw new UnreadableSource(module.file, 1, `${name} is not exported by ${foreign.file}`)
    return found
  }
}

/** Identifiers in the types of a declaration. Names that only look like types are looked up in vain, and do no harm. */
function typeNames(declaration: Declaration): string[] {
  const code = (): string[] => {
    switch (declaration.kind) {
      case 'function':
        return [...declaration.signatures]
      case 'interface':
        return [...declaration.bases, ...declaration.members.map(({ type }) => type)]
      case 'type':
        return [declaration.code.replace(/\/\*[\s\S]*?\*\//g, '')]
      default:
        return []
    }
  }
  return code().flatMap((it) => it.replace(/'[^']*'/g, '').match(/\b[A-Z][\w$]*\b/g) ?? [])
}

/** What has no docstring and should have one, a line each. */
export function undocumented({ main, companions, types }: ShelfEntry): string[] {
  return [main, ...companions, ...types].flatMap((it) => {
    const silent = (name: string, line: number) => `${it.file}:${line}: ${name} has no docstring`
    if (it.kind !== 'interface') return it.doc === undefined ? [silent(it.name, it.line)] : []
    // An interface is explained by its members, and by what takes or gives it.
    return it.members
      .filter(({ doc }) => doc === undefined)
      .map(({ name, line }) => silent(`${it.name}.${name}`, line))
  })
}

/** `redirectToHttps` as `redirect-to-https`. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
