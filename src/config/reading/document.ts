import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml'
import type { Problems } from '../problems.ts'
import {
  type ConfigNode,
  type MapEntry,
  type MapNode,
  type Place,
  pathOf,
  type ScalarNode,
} from './config-node.ts'
import { asYamlTypes, interpolate, type ValueSources } from './interpolation.ts'

/** An alias stands for as much as its anchor: a few of aliases of aliases would be more than memory holds. */
const MAX_NODES = 100_000
const MAX_DEPTH = 64
/** Each error within an object says the whole way to it. */
const MAX_KEY = 1_000
/** What `${...}` stand for, all together: each may be as large as a file. */
const MAX_PUT_IN = 16_777_216

/** Reads YAML, which JSON is too. `undefined` where nothing of it can be used: then there is a problem that says why. */
export async function readDocument(
  file: string,
  text: string,
  sources: ValueSources,
  problems: Problems,
): Promise<ConfigNode | undefined> {
  const lines = new LineCounter()
  const parsed = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Told by us, with both places.
    uniqueKeys: false,
    version: '1.2',
    // Of several documents, all but the first would be passed over without a word.
    logLevel: 'error',
  })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.max(0, offset))
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const [error] = parsed.errors
  if (error !== undefined) {
    // What else is said follows from the first.
    problems.at(placeAt(error.pos[0]), '', syntaxMessage(error, text))
    return undefined
  }
  for (const { message, pos } of parsed.warnings) problems.at(placeAt(pos[0]), '', firstLine(message))
  if (parsed.contents === null) {
    problems.at({ file, line: 1, column: 1 }, '', 'must be an object with "proxy", but there is nothing')
    return undefined
  }
  return new DocumentReader(file, placeAt, sources, problems).read(parsed.contents)
}

function syntaxMessage({ code, message, pos: [from] }: YAMLError, text: string): string {
  if (code === 'MULTIPLE_DOCS') return 'begins a second document: a configuration is one'
  const hint =
    text.slice(Math.max(0, from - 1), from + 1) === OPEN
      ? ` (within brackets, "${OPEN}...}" needs quotes)`
      : ''
  return `${firstLine(message)}${hint}`
}

/** What a reference to a variable begins with. */
const OPEN = '\u0024{'

function firstLine(message: string): string {
  return message.split('\n')[0]!
}

class DocumentReader {
  readonly #file: string
  readonly #placeAt: (offset: number) => Place
  readonly #sources: ValueSources
  readonly #problems: Problems
  /** Those that stand before what is read. */
  readonly #anchors = new Map<string, Node>()
  #left = MAX_NODES
  #putIn = 0

  constructor(file: string, placeAt: (offset: number) => Place, sources: ValueSources, problems: Problems) {
    this.#file = file
    this.#placeAt = placeAt
    this.#sources = sources
    this.#problems = problems
  }

  async read(node: Node): Promise<ConfigNode | undefined> {
    const read = await this.#node(node, '', 0, this.#placeAt(node.range?.[0] ?? 0))
    return this.#left === 0 ? undefined : read
  }

  async #node(given: Node, path: string, depth: number, at: Place): Promise<ConfigNode | undefined> {
    if (this.#left === 0) return undefined
    if (--this.#left === 0 || depth > MAX_DEPTH) {
      this.#left = 0
      this.#problems.at(
        at,
        path,
        `holds too much: ${MAX_NODES} values in all, and ${MAX_DEPTH} of them within each other, are the most (an alias counts as what it stands for)`,
      )
      return undefined
    }
    const node = isAlias(given) ? this.#anchors.get(given.source) : given
    if (node !== undefined && !isAlias(node) && 'anchor' in node && node.anchor !== undefined)
      this.#anchors.set(node.anchor, node)
    if (isMap(node)) return this.#map(node.items as Pair<Node, Node | null>[], path, depth, at)
    if (isSeq(node)) {
      const items: ConfigNode[] = []
      for (const [i, item] of (node.items as Node[]).entries()) {
        const read = await this.#node(item, `${path}[${i}]`, depth + 1, this.#placeOf(item, at))
        if (read !== undefined) items.push(read)
      }
      return { kind: 'list', items, path, place: at }
    }
    if (isScalar(node)) return this.#scalar(node.value, node.type === 'PLAIN', path, at)
    this.#problems.at(at, path, 'names an anchor that does not stand before it')
    return undefined
  }

  async #map(
    pairs: readonly Pair<Node, Node | null>[],
    path: string,
    depth: number,
    at: Place,
  ): Promise<MapNode> {
    const entries = new Map<string, MapEntry>()
    const merged: MapEntry[] = []
    for (const { key: keyNode, value } of pairs) {
      const keyPlace = this.#placeOf(keyNode, at)
      const key = isScalar(keyNode) ? (keyNode.source ?? String(keyNode.value)) : undefined
      if (key === undefined) {
        this.#problems.at(keyPlace, path, 'has a key that is no text')
        continue
      }
      if (key.length > MAX_KEY) {
        this.#problems.at(keyPlace, path, `has a key of more than ${MAX_KEY} characters`)
        continue
      }
      const within = pathOf(path, key)
      if (key.includes(OPEN))
        this.#problems.at(keyPlace, within, `is a key, and "${OPEN}...}" is read in values alone`)
      const before = entries.get(key)
      if (before !== undefined) {
        const { line, column } = before.keyPlace
        this.#problems.at(keyPlace, within, `stands there twice: first in line ${line}, column ${column}`)
        continue
      }
      const node =
        value === null
          ? ({ kind: 'scalar', value: null, origin: undefined, path: within, place: keyPlace } as const)
          : await this.#node(value, within, depth + 1, this.#placeOf(value, keyPlace))
      if (node === undefined) continue
      if (key === '<<') merged.push({ keyPlace, node })
      else entries.set(key, { keyPlace, node })
    }
    for (const { node } of merged) this.#merge(entries, node)
    return { kind: 'map', entries, path, place: at }
  }

  /** The merge key of YAML 1.1: what it names gives the keys that are not there. */
  #merge(entries: Map<string, MapEntry>, node: ConfigNode): void {
    if (node.kind === 'list') for (const item of node.items) this.#merge(entries, item)
    else if (node.kind === 'scalar') this.#problems.wrong(node, 'an object, whose keys are taken over')
    else for (const [key, entry] of node.entries) if (!entries.has(key)) entries.set(key, entry)
  }

  async #scalar(value: unknown, plain: boolean, path: string, place: Place): Promise<ScalarNode> {
    if (typeof value !== 'string')
      return {
        kind: 'scalar',
        value: typeof value === 'number' || typeof value === 'boolean' ? value : null,
        origin: undefined,
        path,
        place,
      }
    try {
      const { text, origin } = await interpolate(value, this.#file, this.#sources)
      if (origin !== undefined) this.#putIn += text.length
      if (this.#putIn > MAX_PUT_IN)
        throw new Error(
          `is too much: all that stand for something else may be ${MAX_PUT_IN} characters together`,
        )
      const typed = plain && origin !== undefined && /^\$\{[^}]*\}$/.test(value) ? asYamlTypes(text) : text
      return { kind: 'scalar', value: typed, text, origin, path, place }
    } catch (error) {
      this.#problems.at(place, path, (error as Error).message)
      return { kind: 'scalar', value: null, origin: value, failed: true, path, place }
    }
  }

  #placeOf(node: Node | null, otherwise: Place): Place {
    const offset = node?.range?.[0]
    return offset === undefined ? otherwise : this.#placeAt(offset)
  }
}
