import type { PathPattern } from './path-pattern.ts'

/** What hangs at one place of the tree, for paths that are cut off there in the three ways a pattern can end. */
export interface Ends<L> {
  /** The path ends here. */
  exact: L[]
  /** The path ends here, or a slash follows. */
  prefix: L[]
  /** One character or more follows; here is behind a slash. */
  rest: L[]
}

/** Says whether a leaf will do; the first that will ends the search. */
export type Accept<L, C> = (leaves: readonly L[], context: C) => L | undefined

const SLASH = 0x2f

/**
 * A radix tree over characters. Patterns that begin alike share nodes, so a look-up reads each character of the static
 * part once, and a node is visited at most once in a look-up: its time is bounded by the length of the path for each
 * place where a `:param` and a static segment are alternatives, never by a power of either.
 */
export class PathTree<L> implements Ends<L> {
  /** The static characters between the parent and here; `''` for the root and the places after a parameter. */
  label: string
  readonly exact: L[] = []
  readonly prefix: L[] = []
  readonly rest: L[] = []
  /** Children by the first character of their label, from `#base` on. */
  #children: (PathTree<L> | undefined)[] | undefined
  #base = 0
  #param: PathTree<L> | undefined

  constructor(label = '') {
    this.label = label
  }

  /** The place where a pattern ends, made if need be. */
  place(pattern: PathPattern): PathTree<L> {
    const at = pattern.segments.reduce<PathTree<L>>((place, segment) => {
      if (segment.kind === 'static') return place.#placeText(`/${segment.text}`)
      const behindSlash = place.#placeText('/')
      behindSlash.#param ??= new PathTree()
      return behindSlash.#param
    }, this)
    const slash =
      pattern.rest !== undefined || pattern.trailingSlash || (pattern.exact && pattern.segments.length === 0)
    return slash ? at.#placeText('/') : at
  }

  /** The place behind `text`, made if need be; splits a label that goes on differently. */
  #placeText(text: string): PathTree<L> {
    if (text === '') return this
    const child = this.#child(text.charCodeAt(0))
    if (child === undefined) {
      const made = new PathTree<L>(text)
      this.#setChild(made)
      return made
    }
    let common = 1
    while (common < child.label.length && child.label[common] === text[common]) common++
    if (common === child.label.length) return child.#placeText(text.slice(common))
    const between = new PathTree<L>(child.label.slice(0, common))
    child.label = child.label.slice(common)
    between.#setChild(child)
    this.#setChild(between)
    return between.#placeText(text.slice(common))
  }

  #child(code: number): PathTree<L> | undefined {
    const children = this.#children
    if (children === undefined) return undefined
    const i = code - this.#base
    return i >= 0 && i < children.length ? children[i] : undefined
  }

  #setChild(child: PathTree<L>): void {
    const code = child.label.charCodeAt(0)
    if (this.#children === undefined) {
      this.#children = [child]
      this.#base = code
      return
    }
    while (code < this.#base) {
      this.#children.unshift(undefined)
      this.#base--
    }
    while (code - this.#base >= this.#children.length) this.#children.push(undefined)
    this.#children[code - this.#base] = child
  }

  /** The most specific leaf whose pattern matches and which `accept` takes. The path begins with a slash. */
  find<C>(path: string, accept: Accept<L, C>, context: C): L | undefined {
    return this.#search(path, 0, accept, context)
  }

  /**
   * `at` is behind this node's label. The order of the steps is the order of specificity: static text, a parameter, a
   * wildcard, then what ends here.
   */
  #search<C>(path: string, at: number, accept: Accept<L, C>, context: C): L | undefined {
    let found: L | undefined
    if (at < path.length) {
      const code = path.charCodeAt(at)
      const child = this.#child(code)
      if (child !== undefined && labelFits(child.label, path, at)) {
        found = child.#search(path, at + child.label.length, accept, context)
        if (found !== undefined) return found
      }
      if (this.#param !== undefined && code !== SLASH) {
        const end = path.indexOf('/', at)
        found = this.#param.#search(path, end < 0 ? path.length : end, accept, context)
        if (found !== undefined) return found
      }
      if (this.rest.length > 0) {
        found = accept(this.rest, context)
        if (found !== undefined) return found
      }
      if (code !== SLASH) return undefined
    } else if (this.exact.length > 0) {
      found = accept(this.exact, context)
      if (found !== undefined) return found
    }
    return this.prefix.length > 0 ? accept(this.prefix, context) : undefined
  }
}

/** The first character has been compared already. */
function labelFits(label: string, path: string, at: number): boolean {
  const { length } = label
  if (path.length - at < length) return false
  for (let i = 1; i < length; i++) if (path.charCodeAt(at + i) !== label.charCodeAt(i)) return false
  return true
}
