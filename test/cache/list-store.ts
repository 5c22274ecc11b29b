import { HeaderList } from 'gatewright'
import type { CacheStore, FoundResponse, PurgeRecord, StoredHead } from 'gatewright/cache'

interface Kept {
  readonly head: StoredHead
  readonly content: Buffer
}

/** A store in plain lists, with what tests want to happen in it. Several caches may have one. */
export class ListStore implements CacheStore {
  readonly name = 'list'
  readonly records: PurgeRecord[] = []
  /** Times that records were asked for. */
  reads = 0
  closed = false
  /** What happens before each of these calls is carried out. */
  before: Partial<Record<'find' | 'read' | 'purged' | 'purges', () => Promise<void>>> = {}
  readonly #kept = new Map<string, Kept[]>()
  readonly #listeners: ((record: PurgeRecord) => void)[] = []

  /** What is stored, of all keys. */
  get size(): number {
    return [...this.#kept.values()].flat().length
  }

  async find(key: string): Promise<readonly FoundResponse[]> {
    const found = this.#kept.get(key) ?? []
    await this.before.find?.()
    return found.map(({ head, content }) => {
      const before = this.before
      return {
        head,
        length: content.byteLength,
        async *read(from = 0, to = content.byteLength) {
          await before.read?.()
          yield content.subarray(from, to)
        },
      }
    })
  }

  async put(key: string, head: StoredHead, content: AsyncIterable<Uint8Array>): Promise<boolean> {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    const others = this.#others(key, head)
    const headers = HeaderList.from([...head.headers])
    this.#kept.set(key, [...others, { head: { ...head, headers }, content: Buffer.concat(chunks) }])
    return true
  }

  async freshen(key: string, head: StoredHead): Promise<void> {
    const kept = this.#kept.get(key)?.find((it) => it.head.variant === head.variant)
    if (kept !== undefined) this.#kept.set(key, [...this.#others(key, head), { head, content: kept.content }])
  }

  async remove(key: string): Promise<void> {
    this.#kept.delete(key)
  }

  async clear(): Promise<void> {
    this.#kept.clear()
  }

  async purged(record: PurgeRecord): Promise<void> {
    await this.before.purged?.()
    this.records.push(record)
    this.tell(record)
  }

  async purges(onRecord: (record: PurgeRecord) => void): Promise<void> {
    this.reads++
    await this.before.purges?.()
    for (const record of this.records) onRecord(record)
    this.#listeners.push(onRecord)
  }

  tell(record: PurgeRecord): void {
    for (const listener of this.#listeners) listener(record)
  }

  async close(): Promise<void> {
    this.closed = true
  }

  #others(key: string, { variant }: StoredHead): Kept[] {
    return (this.#kept.get(key) ?? []).filter((it) => it.head.variant !== variant)
  }
}

/** The same without records of purges. */
export class ForgetfulStore extends ListStore {
  override purged = undefined as never
  override purges = undefined as never
}
