import { configKey } from '../../src/config/config-key.ts'
import { filterParts } from '../../src/config/filter-parts.ts'
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
  const inFiles = (text: string) =>
    text.replace(NAME, (whole, name: string) => {
      if (name === 'Infinity') return '`unlimited'
      return interfaces.optionNames.has(name) || name in filterParts ? `\`${configKey(name)}` : whole
    })
  return {
    options: (keys, of, sure) =>
      new Map(
        [...interfaces.withOptions(keys, of, sure)].flatMap(([key, it]): [string, string][] => {
          const doc = readable(() => it.doc)
          return doc === undefined ? [] : [[key, inFiles(`${doc.summary} ${doc.rest}`.trim())]]
        }),
      ),
    part: (key) => {
      const home = modules.find(({ file }) => file.endsWith(`/${key.replaceAll('_', '-')}.ts`))
      const made = [...(home?.declarations.values() ?? [])].find(({ name }) => configKey(name) === key)
      return made === undefined ? undefined : readable(() => made.doc?.summary)
    },
  }
}

/** Names in code within a text: files have other ones, `body_idle` for `bodyIdleMs`. */
const NAME = /`([a-z]+(?:[A-Z][a-z0-9]*)+|Infinity)(?=[`.:])/g

/** So many options of an interface among keys of other kinds are no chance. */
const ENOUGH = 4

class Interfaces {
  readonly optionNames: ReadonlySet<string>
  readonly #all: readonly { readonly name: string; readonly members: ReadonlyMap<string, Member> }[]

  constructor(modules: readonly SourceModule[]) {
    const declared = modules.flatMap(({ declarations }) =>
      [...declarations.values()].filter((it) => it.kind === 'interface'),
    )
    const byName = Map.groupBy(declared, ({ name }) => name)
    this.#all = declared.map((it) => ({ name: it.name, members: keyed(withBases(it, byName)) }))
    this.optionNames = new Set(
      this.#all
        .filter(({ name }) => name.endsWith('Options'))
        .flatMap(({ members }) => [...members.values()].map((it) => it.name)),
    )
  }

  /** Of the interface that has most of these, and the fewest others; of two such, of the one that is called like the key. */
  withOptions(keys: readonly string[], of: string, sure: boolean): ReadonlyMap<string, Member> {
    const called = `${of.replaceAll('_', '')}options`
    const [best] = this.#all
      .map(({ name, members }) => {
        const shared = keys.filter((it) => members.has(it)).length
        return { members, shared, extra: members.size - shared, isCalled: name.toLowerCase() === called }
      })
      .filter(({ shared }) => (sure ? shared * 2 > keys.length : shared >= ENOUGH))
      .toSorted((a, b) => b.shared - a.shared || Number(b.isCalled) - Number(a.isCalled) || a.extra - b.extra)
    return best?.members ?? new Map()
  }
}

/** By the keys that they have in files. */
function keyed(members: readonly Member[]): ReadonlyMap<string, Member> {
  return new Map(members.map((it) => [configKey(it.name), it]))
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
