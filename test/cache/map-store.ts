import type { CacheStore, FoundResponse, StoredHead } from 'gatewright/cache'

/** A store of which a test sees what was read. */
export class MapStore implements CacheStore {
  readonly name = 'map'
  /** Times that a content was opened. */
  reads = 0
  readonly #entries = new Map<string, { head: StoredHead; content: Buffer }[]>()

  async find(key: string): Promise<FoundResponse[]> {
    return (this.#entries.get(key) ?? []).map(({ head, content }) => ({
      head,
      length: content.byteLength,
      read: (from = 0, to = content.byteLength) => this.#read(content.subarray(from, to)),
    }))
  }

  async *#read(content: Buffer): AsyncGenerator<Uint8Array> {
    this.reads++
    yield content
  }

  async put(key: string, head: StoredHead, chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
    const content: Uint8Array[] = []
    for await (const chunk of chunks) content.push(chunk)
    const others = (this.#entries.get(key) ?? []).filter((it) => it.head.variant !== head.variant)
    this.#entries.set(key, [...others, { head, content: Buffer.concat(content) }])
    return true
  }

  async freshen(key: string, head: StoredHead): Promise<void> {
    const all = this.#entries.get(key)?.map((it) => (it.head.variant === head.variant ? { ...it, head } : it))
    if (all !== undefined) this.#entries.set(key, all)
  }

  async remove(key: string): Promise<void> {
    this.#entries.delete(key)
  }

  get size(): number {
    return this.#entries.size
  }

  async clear(): Promise<void> {
    this.#entries.clear()
  }

  async close(): Promise<void> {}
}
