import { dirname, resolve } from 'node:path'
import type { Problems } from '../problems.ts'
import { type ConfigNode, child, type MapEntry, type MapNode, type Place } from './config-node.ts'
import { readDocument } from './document.ts'
import type { ValueSources } from './interpolation.ts'
import { besideFile } from './source-files.ts'

const MAX_FILE_BYTES = 4_194_304
const MAX_FILES = 200
const MAX_DEPTH = 10

/** Objects of several files that are put together key by key. */
const MERGED: readonly string[] = ['', 'proxy', 'proxy.upstreams', 'proxy.security']

/** What each file may say of itself. */
const OF_EACH_FILE: readonly string[] = ['include', '$schema']

/** Lists of several files of which the included ones come first. The order of routes decides between equals alone. */
const JOINED: readonly string[] = ['proxy.routes']

/** Reads a file and all that it includes, as one. `undefined` where nothing of it can be used. */
export async function readConfig(
  path: string,
  sources: ValueSources,
  problems: Problems,
): Promise<ConfigNode | undefined> {
  return new Reader(sources, problems).read(path, [], { file: path, line: 1, column: 1 }, '')
}

class Reader {
  readonly #sources: ValueSources
  readonly #problems: Problems
  /** Absolute paths. */
  readonly #read = new Set<string>()
  #count = 0

  constructor(sources: ValueSources, problems: Problems) {
    this.#sources = sources
    this.#problems = problems
  }

  /** `named`: where it is named. `within`: the files that include it, outermost first. */
  async read(
    file: string,
    within: readonly string[],
    named: Place,
    key: string,
  ): Promise<ConfigNode | undefined> {
    this.#read.add(resolve(file))
    const text = await this.#text(file, within, named, key)
    if (text === undefined) return undefined
    const root = await readDocument(file, text, this.#sources, this.#problems)
    const include = child(root, 'include')
    if (root?.kind === 'scalar') {
      // It is some other file, a secret maybe: nobody is shown what is in it.
      this.#problems.at(root.place, '', 'must be an object with "proxy", got a text')
      return undefined
    }
    if (root?.kind !== 'map' || include?.kind !== 'list') return root
    let merged: MapNode | undefined
    for (const item of include.items) {
      if (item.kind !== 'scalar' || typeof item.value !== 'string') continue
      for (const path of await this.#paths(file, item.value, item)) {
        const among = [...within, file]
        // Two may need the same one. One that includes itself is told of.
        if (this.#read.has(resolve(path)) && !among.includes(path)) continue
        const included = await this.read(path, among, item.place, item.path)
        if (included === undefined) continue
        if (included.kind !== 'map') this.#problems.wrong(included, 'an object with "proxy"')
        else merged = merged === undefined ? included : this.#merged(merged, included)
      }
    }
    return merged === undefined ? root : this.#merged(merged, root)
  }

  async #text(
    file: string,
    within: readonly string[],
    named: Place,
    key: string,
  ): Promise<string | undefined> {
    const refuse = (message: string) => {
      this.#problems.at(named, key, message)
      return undefined
    }
    if (within.includes(file))
      return refuse(`includes itself: ${[...within.slice(within.indexOf(file)), file].join(' -> ')}`)
    if (within.length >= MAX_DEPTH) return refuse(`is included within ${MAX_DEPTH} files, which is the most`)
    if (++this.#count > MAX_FILES)
      return this.#count > MAX_FILES + 1
        ? undefined
        : refuse(`is one file too many: ${MAX_FILES} are the most`)
    try {
      const content = await this.#sources.files.read(file, MAX_FILE_BYTES)
      return content.toString('utf8').replace(/^\uFEFF/, '')
    } catch (error) {
      return refuse(`the file ${JSON.stringify(file)} cannot be read: ${(error as Error).message}`)
    }
  }

  async #paths(file: string, path: string, node: ConfigNode): Promise<readonly string[]> {
    const beside = besideFile(file, path)
    if (!path.includes('*')) return [beside]
    if (dirname(path).includes('*')) {
      this.#problems.wrong(node, 'a path with "*" in its last part alone')
      return []
    }
    try {
      return await this.#sources.files.matching(beside)
    } catch (error) {
      this.#problems.at(
        node.place,
        node.path,
        `the folder of ${JSON.stringify(path)} cannot be read: ${(error as Error).message}`,
      )
      return []
    }
  }

  /** Both as one. A key that both have is a problem, unless what it holds can be put together. */
  #merged(first: MapNode, second: MapNode): MapNode {
    const entries = new Map<string, MapEntry>(first.entries)
    for (const [key, entry] of second.entries) {
      const before = entries.get(key)
      if (before === undefined || (first.path === '' && OF_EACH_FILE.includes(key))) entries.set(key, entry)
      else entries.set(key, { ...entry, node: this.#together(before, entry) })
    }
    return { ...second, entries }
  }

  #together(first: MapEntry, second: MapEntry): ConfigNode {
    const [one, other] = [first.node, second.node]
    const { path } = other
    if (one.kind === 'map' && other.kind === 'map' && MERGED.includes(path)) return this.#merged(one, other)
    if (one.kind === 'list' && other.kind === 'list' && JOINED.includes(path))
      return { ...other, items: [...one.items, ...other.items] }
    const { file, line, column } = first.keyPlace
    this.#problems.at(
      second.keyPlace,
      path,
      `stands in two files: first in ${file}, line ${line}, column ${column}`,
    )
    return other
  }
}
