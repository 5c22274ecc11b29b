/** Where something stands in a file. */
export interface Place {
  /** As it is shown to people: as the user named it, or as that file named it. */
  readonly file: string
  /** From 1 on. */
  readonly line: number
  /** From 1 on. */
  readonly column: number
}

/** A value of a file with the place where it stands: what variables stood for is in it, and included files are not yet. */
export type ConfigNode = ScalarNode | ListNode | MapNode

interface Placed {
  readonly place: Place
  /** The way to it: `proxy.upstreams.users[0].weight`. */
  readonly path: string
}

export interface ScalarNode extends Placed {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** What stands there, `${NAME}`, where the value is from elsewhere: then it may be a secret, and nobody is shown it. */
  readonly origin: string | undefined
  /** The text before it was typed, where it is from elsewhere. */
  readonly text?: string
  /** Nothing could be had for it: that is told already, and it is in nobody's way. */
  readonly failed?: true
}

export interface ListNode extends Placed {
  readonly kind: 'list'
  readonly items: readonly ConfigNode[]
}

export interface MapNode extends Placed {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, MapEntry>
}

export interface MapEntry {
  readonly keyPlace: Place
  readonly node: ConfigNode
}

/** What a key of an object holds, where `node` is one and has it. */
export function child(node: ConfigNode | undefined, key: string): ConfigNode | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.node : undefined
}

/** The way to a key of an object. */
export function pathOf(parent: string, key: string): string {
  if (!/^[\w$-]+$/.test(key)) return `${parent}[${JSON.stringify(key)}]`
  return parent === '' ? key : `${parent}.${key}`
}

/** Everything that was read for it, in one text: the same for the same. */
export function canonicalText(node: ConfigNode): string {
  switch (node.kind) {
    case 'scalar':
      return JSON.stringify(typeof node.value === 'number' ? [node.value.toString()] : node.value)
    case 'list':
      return `[${node.items.map(canonicalText).join(',')}]`
    case 'map':
      return `{${[...node.entries].map(([key, entry]) => `${JSON.stringify(key)}:${canonicalText(entry.node)}`).join(',')}}`
  }
}

/** The value in a few words for people, without what came from elsewhere. */
export function shownNode(node: ConfigNode): string {
  if (node.kind === 'list')
    return node.items.length === 0 ? 'an empty list' : `a list of ${node.items.length}`
  if (node.kind === 'map') return 'an object'
  if (node.origin !== undefined) return `(from ${shortened(node.origin)})`
  if (typeof node.value !== 'string') return node.value === null ? 'nothing' : String(node.value)
  return JSON.stringify(shortened(node.value))
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** An object with some of its keys. */
export function only(node: MapNode, keys: readonly string[]): MapNode {
  return { ...node, entries: new Map([...node.entries].filter(([key]) => keys.includes(key))) }
}

/** An object without one of its keys. */
export function without(node: MapNode, key: string): MapNode {
  return { ...node, entries: new Map([...node.entries].filter(([name]) => name !== key)) }
}
