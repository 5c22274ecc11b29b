import type { CacheStore, FoundResponse, StoredHead } from 'gatewright/cache'

interface Kept {
  readonly head: StoredHead
  readonly pieces: readonly Uint8Array[]
}

/** What becomes of a call: `go` does what a store does. It may do so late, otherwise, or never. */
export type Script = <T>(go: () => Promise<T>, key: string) => Promise<T>

/** A store in memory whose calls go as a test says. */
export class ScriptedStore implements CacheStore {
  readonly name = 'scripted'
  readonly calls: string[] = []
  readonly #kept = new Map<string, Map<string, Kept>>()
  find_: Script = (go) => go()
  put_: Script = (go) => go()
  remove_: Script = (go) => go()
  freshen_: Script = (go) => go()
  /** What is given of a content, of whole pieces. */
  read_: (pieces: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> = (pieces) => pieces
  found_: (found: FoundResponse) => unknown = (found) => found

  /** Everything that is stored under a key. */
  textsOf(key: string): string[] {
    return [...(this.#kept.get(key)?.values() ?? [])].map(({ pieces }) => Buffer.concat(pieces).toString())
  }

  get keys(): string[] {
    return [...this.#kept.keys()]
  }

  find(key: string): Promise<readonly FoundResponse[]> {
    this.calls.push('find')
    return this.find_(
      async () => [...(this.#kept.get(key)?.values() ?? [])].map((it) => this.#found(it)),
      key,
    )
  }

  #found({ head, pieces }: Kept): FoundResponse {
    const bytes = Buffer.concat(pieces)
    const read = (from = 0, to = bytes.byteLength) => this.read_(piecesOf(bytes.subarray(from, to)))
    return this.found_({ head, length: bytes.byteLength, read }) as FoundResponse
  }

  put(key: string, head: StoredHead, content: AsyncIterable<Uint8Array>): Promise<boolean> {
    this.calls.push('put')
    return this.put_(async () => {
      const pieces: Uint8Array[] = []
      for await (const piece of content) pieces.push(Buffer.from(piece))
      const all = this.#kept.get(key) ?? new Map<string, Kept>()
      this.#kept.set(key, all.set(head.variant, { head, pieces }))
      return true
    }, key)
  }

  freshen(key: string, head: StoredHead): Promise<void> {
    this.calls.push('freshen')
    return this.freshen_(async () => {
      const all = this.#kept.get(key)
      const before = all?.get(head.variant)
      if (before !== undefined) all!.set(head.variant, { ...before, head })
    }, key)
  }

  remove(key: string): Promise<void> {
    this.calls.push('remove')
    return this.remove_(async () => {
      this.#kept.delete(key)
    }, key)
  }

  async clear(): Promise<void> {
    this.#kept.clear()
  }

  async close(): Promise<void> {
    this.calls.push('close')
  }
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 16_384) yield bytes.subarray(at, at + 16_384)
}

export const never: Script = () => new Promise(() => {})
export const fails: Script = () => Promise.reject(new Error('the store is gone'))
export const throwsAtOnce: Script = () => {
  throw new Error('the store is closed')
}
