import { configKey } from '../../src/config/config-key.ts'
import {
  type InterfaceDeclaration,
  type Member,
  parseModule,
  type SourceModule,
} from '../filter-pages/source-module.ts'
import { UnreadableSource } from '../filter-pages/unreadable-source.ts'
import type { OptionTexts } from './json-schema.ts'

/** What docstrings say of options: an interface is found by the options that it has. */
export function optionTexts(files: readonly { readonly file: string; readonly text: string }[]): OptionTexts {
  const modules = files.flatMap(({ file, text }) => readable(() => parseModule(file, text)) ?? [])
  const interfaces = new Interfaces(modules)
  return {
    options: (keys, of, sure) =>
      new Map(
        interfaces.withOptions(keys, of, sure).flatMap((it): [string, string][] => {
          const doc = readable(() => it.doc)
          return doc === undefined ? [] : [[configKey(it.name), `${doc.summary} ${doc.rest}`.trim()]]
        }),
      ),
    part: (key) => {
      const home = modules.find(({ file }) => file.endsWith(`/${key.replaceAll('_', '-')}.ts`))
      const made = [...(home?.declarations.values() ?? [])].find(({ name }) => configKey(name) === key)
      return made === undefined ? undefined : readable(() => made.doc?.summary)
    },
  }
}

/** So many options of an interface among keys of other kinds are no chance. */
const ENOUGH = 4

class Interfaces {
  readonly #all: readonly { readonly name: string; readonly members: readonly Member[] }[]

  constructor(modules: readonly SourceModule[]) {
    const declared = modules.flatMap(({ declarations }) =>
      [...declarations.values()].filter((it) => it.kind === 'interface'),
    )
    const byName = Map.groupBy(declared, ({ name }) => name)
    this.#all = declared.map((it) => ({ name: it.name, members: withBases(it, byName) }))
  }

  /** Of the interface that has most of these, and the fewest others; of two such, of the one that is called like the key. */
  withOptions(keys: readonly string[], of: string, sure: boolean): readonly Member[] {
    const wanted = new Set(keys)
    const called = `${of.replaceAll('_', '')}options`
    const [best] = this.#all
      .map(({ name, members }) => {
        const shared = members.filter((it) => wanted.has(configKey(it.name))).length
        return { members, shared, extra: members.length - shared, isCalled: name.toLowerCase() === called }
      })
      .filter(({ shared }) => (sure ? shared * 2 > wanted.size : shared >= ENOUGH))
      .toSorted((a, b) => b.shared - a.shared || Number(b.isCalled) - Number(a.isCalled) || a.extra - b.extra)
    return best?.members ?? []
  }
}

function withBases(
  declaration: InterfaceDeclaration,
  byName: ReadonlyMap<string, readonly InterfaceDeclaration[]>,
): readonly Member[] {
  const inherited = declaration.bases.flatMap(({ name }) => {
    const base = byName.get(name)?.[0]
    return base === undefined || base === declaration ? [] : withBases(base, byName)
  })
  const own = new Set(declaration.members.map(({ name }) => name))
  return [...declaration.members, ...inherited.filter(({ name }) => !own.has(name))]
}

/** What is not for pages need not be written so that it can be read. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof UnreadableSource) return undefined
    throw error
  }
}
