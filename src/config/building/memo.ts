import { createHash } from 'node:crypto'

/**
 * What was made of the parts of a configuration, by what they were made of: a part that says the same in the next one is the
 * same object there, with everything that it has counted and kept.
 */
export class Memo {
  #before: ReadonlyMap<string, unknown>
  readonly #made = new Map<string, unknown>()

  readonly #root: string
  readonly #rootOfBefore: string

  /** `root`: the file that it is of. Where that of before is another one, it is taken for the same. */
  constructor(root: string, before?: Memo) {
    this.#before = before === undefined ? new Map() : before.#made
    this.#root = root
    this.#rootOfBefore = before === undefined ? root : before.#rootOfBefore
  }

  /** What a file is called in fingerprints. */
  nameOf(file: string): string {
    return file === this.#root ? this.#rootOfBefore : file
  }

  /** `scope`: where it belongs to. Of several that are equal there, each is one of its own, in their order. */
  async make<T extends object>(scope: string, fingerprint: string, make: () => T | Promise<T>): Promise<T> {
    let key = ''
    for (let i = 0; key === '' || this.#made.has(key); i++) key = JSON.stringify([scope, fingerprint, i])
    const before = this.#before.get(key)
    const made = before === undefined ? await make() : (before as T)
    this.#made.set(key, made)
    return made
  }

  /** Lets go of what only the one before has: nothing more is made. */
  complete(): void {
    this.#before = new Map()
  }
}

/** One text of several, of which nothing can be read again: there are secrets among them. */
export function fingerprintOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64')
}
