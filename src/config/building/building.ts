import { OptionError } from '../../core/options.ts'
import { configKey } from '../config-key.ts'
import { Problems } from '../problems.ts'
import { type ConfigNode, canonicalText, child, type MapNode, pathOf } from '../reading/config-node.ts'
import { configSchema } from '../schema/config-schema.ts'
import { readValue } from '../schema/read-value.ts'
import type { Schema } from '../schema/schema.ts'
import { fingerprintOf, type Memo } from './memo.ts'
import type { Loaded, Modules } from './modules.ts'

/** What was read of a value, and what tells it from another: everything that it depends on. */
export interface Read<T> {
  readonly value: T
  readonly fingerprint: string
}

/** What all that builds parts of a proxy have in common: it reads values, and says where one is that cannot be used. */
export class Building {
  readonly memo: Memo
  readonly #problems: Problems
  readonly #modules: Modules
  /** The pool of an upstream, by the node that has its name. */
  readonly #upstream: (node: ConfigNode) => Promise<Loaded | undefined>

  constructor(
    memo: Memo,
    problems: Problems,
    modules: Modules,
    upstream: (node: ConfigNode) => Promise<Loaded | undefined>,
  ) {
    this.memo = memo
    this.#problems = problems
    this.#modules = modules
    this.#upstream = upstream
  }

  /** A value as the builder takes it. `undefined` where something of it cannot be used: then there is a problem that says what. */
  async read<T>(schema: Schema, node: ConfigNode): Promise<Read<T> | undefined> {
    if (hasFailed(node)) return undefined
    const modules = new Set<MapNode>()
    const upstreams = new Set<MapNode>()
    const problems = new Problems()
    readValue(
      schema,
      node,
      problems,
      { module: (it) => void modules.add(it), upstream: (it) => void upstreams.add(it) },
      configSchema,
    )
    if (problems.size > 0) {
      this.#problems.add(problems)
      return undefined
    }
    const loaded = new Map<MapNode, Loaded | undefined>()
    for (const it of modules) loaded.set(it, await this.#modules.load(it))
    for (const it of upstreams) loaded.set(it, await this.#upstream(child(it, 'upstream')!))
    const all = [...loaded.values()].filter((one) => one !== undefined)
    if (all.length < loaded.size) return undefined
    const loadedFor = (it: MapNode) => loaded.get(it)?.value
    const value = readValue(
      schema,
      node,
      problems,
      { module: loadedFor, upstream: loadedFor },
      configSchema,
    ) as T
    const dependencies = all.map(({ fingerprint }) => fingerprint)
    return {
      value,
      fingerprint: fingerprintOf(this.memo.nameOf(node.place.file), canonicalText(node), ...dependencies),
    }
  }

  /**
   * What `make` returns; what it throws is a problem of `node`, or of the option of it that the error names. `keys`: what options
   * are called in files, where that is another name than theirs.
   */
  async attempt<T>(
    node: ConfigNode,
    make: () => T | Promise<T>,
    keys: Readonly<Record<string, string>> = {},
  ): Promise<T | undefined> {
    try {
      return await make()
    } catch (error) {
      const option = error instanceof OptionError ? error.option : ''
      const keyOf = (name: string) => keys[name] ?? configKey(name)
      const at = optionIn(node, option, keyOf)
      const message = messageOf(error, at, keyOf)
      // What nobody has written has no place of its own.
      const missing = at === node && /^\w+$/.test(option) && message.endsWith(', got undefined')
      this.#problems.at(
        at.place,
        missing ? pathOf(at.path, keyOf(option)) : at.path,
        message.replace(/, got undefined$/, ', but it is missing'),
      )
      return undefined
    }
  }

  problem(node: ConfigNode, message: string): void {
    this.#problems.at(node.place, node.path, message)
  }

  wrong(node: ConfigNode, expected: string, nearest?: string): void {
    this.#problems.wrong(node, expected, nearest)
  }
}

/** Whether something of it could not be had, which is told already. */
function hasFailed(node: ConfigNode): boolean {
  if (node.kind === 'scalar') return node.failed === true
  if (node.kind === 'list') return node.items.some(hasFailed)
  return [...node.entries.values()].some((entry) => hasFailed(entry.node))
}

/**
 * The option of a value that an error names: `tls.certificates[0].keyFile`, or as much of it as there is.
 */
function optionIn(node: ConfigNode, option: string, keyOf: (name: string) => string): ConfigNode {
  if (option === '') return node
  let at = node
  for (const part of option.split(/[.[\]]+/)) {
    const next = at.kind === 'list' ? at.items[Number(part)] : (child(at, keyOf(part)) ?? child(at, part))
    if (next === undefined) break
    at = next
  }
  if (at !== node) return at
  // A filter with rules, for example, names an option of one of them.
  const deeper = [...nodesAt(node, keyOf(option))]
  return deeper.length === 1 ? deeper[0]! : node
}

function* nodesAt(node: ConfigNode, key: string): Iterable<ConfigNode> {
  if (node.kind === 'list') for (const item of node.items) yield* nodesAt(item, key)
  if (node.kind !== 'map') return
  for (const [name, entry] of node.entries) {
    if (name === key) yield entry.node
    yield* nodesAt(entry.node, key)
  }
}

/** What an error says, in words of the file: without the builder's names of options, and without what nobody may see. */
function messageOf(error: unknown, node: ConfigNode, keyOf: (name: string) => string): string {
  if (!(error instanceof Error)) return `cannot be used: ${String(error)}`
  let message = error.message.split('\n    at ')[0]!
  if (error instanceof OptionError)
    message = message
      .replace(/^[^"]*: "[^"]*" (?=must )/, '')
      .replace(/^[\w.]+: /, '')
      .replace(/"([a-z]+[A-Z]\w*)"/g, (_, name: string) => JSON.stringify(keyOf(name)))
  for (const { text, origin } of fromElsewhere(node)) {
    message = message.replace(/, got .*$/s, `, got (from ${origin})`)
    if (text.length > 3) message = message.replaceAll(text, `(from ${origin})`)
  }
  return message
}

function* fromElsewhere(node: ConfigNode): Iterable<{ readonly text: string; readonly origin: string }> {
  if (node.kind === 'list') for (const item of node.items) yield* fromElsewhere(item)
  else if (node.kind === 'map') for (const entry of node.entries.values()) yield* fromElsewhere(entry.node)
  else if (node.origin !== undefined) yield { text: node.text ?? String(node.value), origin: node.origin }
}
