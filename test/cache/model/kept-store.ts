import type { CacheStore, FoundResponse } from '../../../src/cache/cache-store.ts'
import type { StoredHead } from '../../../src/cache/stored-response.ts'

interface Kept {
  readonly head: StoredHead
  readonly bytes: Uint8Array
}

/** A store that outlives the caches before it, in plain arrays. */
export class KeptStore implements CacheStore {
  readonly name = 'kept'
  readonly #byKey = new Map<string, Kept[]>()

  async find(key: string): Promise<FoundResponse[]> {
    return (this.#byKey.get(key) ?? []).map(({ head, bytes }) => ({
      head,
      length: bytes.byteLength,
      async *read(from = 0, to = bytes.byteLength) {
        if (from < to) yield bytes.subarray(from, to)
      },
    }))
  }

  async put(key: string, head: StoredHead, content: AsyncIterable<Uint8Array>): Promise<boolean> {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    this.#byKey.set(key, [...this.#others(key, head), { head, bytes }])
    return true
  }

  async freshen(key: string, head: StoredHead, { responseTime }: { responseTime: number }): Promise<void> {
    const found = this.#byKey.get(key)?.find((it) => it.head.variant === head.variant)
    const bytes = found?.head.responseTime === responseTime ? found.bytes : undefined
    if (bytes !== undefined) this.#byKey.set(key, [...this.#others(key, head), { head, bytes }])
  }

  async remove(key: string): Promise<void> {
    this.#byKey.delete(key)
  }

  async clear(): Promise<void> {
    this.#byKey.clear()
  }

  async close(): Promise<void> {}

  #others(key: string, { variant }: StoredHead): Kept[] {
    return (this.#byKey.get(key) ?? []).filter(({ head }) => head.variant !== variant)
  }
}

/** A store of which one can wait until it has nothing to do. */
export class WatchedStore implements CacheStore {
  readonly name: string
  readonly #store: CacheStore
  #running = 0

  constructor(store: CacheStore) {
    this.#store = store
    this.name = store.name
  }

  get isIdle(): boolean {
    return this.#running === 0
  }

  async find(key: string): Promise<readonly FoundResponse[]> {
    const all = await this.#watched(this.#store.find(key))
    return all.map((found) => ({
      head: found.head,
      length: found.length,
      read: (from?: number, to?: number) => this.#readOf(found, from, to),
    }))
  }

  async *#readOf(found: FoundResponse, from?: number, to?: number): AsyncGenerator<Uint8Array> {
    this.#running++
    try {
      yield* found.read(from, to)
    } finally {
      this.#running--
    }
  }

  put(key: string, head: StoredHead, content: AsyncIterable<Uint8Array>): Promise<boolean> {
    return this.#watched(this.#store.put(key, head, content))
  }

  freshen(...args: Parameters<CacheStore['freshen']>): Promise<void> {
    return this.#watched(this.#store.freshen(...args))
  }

  remove(key: string): Promise<void> {
    return this.#watched(this.#store.remove(key))
  }

  clear(): Promise<void> {
    return this.#watched(this.#store.clear())
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #watched<T>(work: Promise<T>): Promise<T> {
    this.#running++
    try {
      return await work
    } finally {
      this.#running--
    }
  }
}
