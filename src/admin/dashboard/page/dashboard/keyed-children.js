/**
 * Keeps the children of an element in step with a list. Each entry keeps its element for as long as it is in the list, so that
 * focus, selection and scrolling outlive a refresh. An element that has the focus is never moved, as that would take it away.
 *
 * @template T
 * @template {{ readonly element: HTMLElement, show(entry: T): void }} V
 */
export class KeyedChildren {
  /** @type {Map<string, V>} */
  #views = new Map()
  #parent
  #make

  /**
   * @param {HTMLElement} parent
   * @param {(entry: T) => V} make
   */
  constructor(parent, make) {
    this.#parent = parent
    this.#make = make
  }

  /** The key of the entry whose element has the focus. */
  focusedKey() {
    const active = document.activeElement
    for (const [key, { element }] of this.#views) if (element.contains(active)) return key
    return undefined
  }

  /**
   * @param {readonly T[]} entries
   * @param {(entry: T, index: number) => string} keyOf
   */
  show(entries, keyOf) {
    /** @type {Map<string, V>} */
    const views = new Map()
    entries.forEach((entry, index) => {
      const key = freeKey(views, keyOf(entry, index))
      const view = this.#views.get(key) ?? this.#make(entry)
      view.show(entry)
      views.set(key, view)
    })
    for (const [key, view] of this.#views) if (!views.has(key)) view.element.remove()
    this.#views = views
    placeInOrder(
      this.#parent,
      [...views.values()].map(({ element }) => element),
    )
  }
}

/**
 * The key, with a number behind it where it is taken: things that the proxy tells apart may be called the same.
 * @param {ReadonlyMap<string, unknown>} taken
 * @param {string} key
 */
function freeKey(taken, key) {
  let free = key
  for (let n = 2; taken.has(free); n++) free = `${key}\n${n}`
  return free
}

/**
 * @param {HTMLElement} parent
 * @param {readonly HTMLElement[]} wanted
 */
function placeInOrder(parent, wanted) {
  const active = document.activeElement
  const held = wanted.find((element) => active !== null && element.contains(active))
  let next = parent.firstElementChild
  for (const element of wanted) {
    // What stands before the one that has the focus makes way for it: it has its turn later.
    if (element === held) while (next !== element) next = moveToEnd(parent, next)
    else if (next !== held && next?.nextElementSibling === element) next = moveToEnd(parent, next)
    if (element === next) next = next.nextElementSibling
    else parent.insertBefore(element, next)
  }
}

/**
 * @param {HTMLElement} parent
 * @param {Element | null} element
 */
function moveToEnd(parent, element) {
  const next = element?.nextElementSibling ?? null
  if (element !== null) parent.append(element)
  return next
}
