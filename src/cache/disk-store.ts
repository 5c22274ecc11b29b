import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidOption, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import type { CacheStore, FoundResponse } from './cache-store.ts'
import {
  contentFile,
  type EntryName,
  entryNameOf,
  fileBytes,
  hashOf,
  headFile,
  readContentFile,
  readHeadFile,
  variantHashOf,
  writeContentFile,
  writeHeadFile,
} from './disk-files.ts'
import { DiskRecords, RECORDS_FILE } from './disk-records.ts'
import type { PurgeRecord } from './purge-record.ts'
import type { WrittenHead } from './stored-head-text.ts'
import { haveSameTimes, type StoredHead, type StoredTimes } from './stored-response.ts'
import { MAX_VARIANTS } from './variant.ts'

export interface DiskStoreOptions {
  /** A folder of the store's own; it is made if it is not there. One process at a time may use it. */
  path: string
  /**
   * Bytes that all responses may have on disk; the least recently used leaves first. What is being written comes on top of that,
   * and records of purges, of some megabytes at most. Default 1 GiB.
   */
  maxBytes?: Size
  /** Bytes that one content may have; a longer one is not stored. Default a quarter of `maxBytes`. */
  maxEntryBytes?: Size
}

const OPTIONS = ['path', 'maxBytes', 'maxEntryBytes'] satisfies (keyof DiskStoreOptions)[]

/**
 * A store on disk, which a restart does not empty.
 *
 * Contents are streamed both ways. Heads are put in place by renaming a file that is whole, after the content that they name,
 * so a process that is killed leaves nothing that is half; each block of a content, and each head, has a checksum, so what a
 * disk or a loss of power has damaged is never given to anyone.
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong. That the folder cannot be used shows when it is used first.
 */
export function diskStore(options: DiskStoreOptions): CacheStore {
  knownOptions('diskStore', options, OPTIONS)
  const { path, maxBytes = '1gb' } = options
  if (typeof path !== 'string' || path === '') throw invalidOption('diskStore', 'path', 'a folder', path)
  const most = sizeBytes('diskStore', 'maxBytes', maxBytes, { min: 1 })
  const { maxEntryBytes = Math.ceil(most / 4) } = options
  const mostOfOne = sizeBytes('diskStore', 'maxEntryBytes', maxEntryBytes, { min: 1, max: most })
  return new DiskStore(path, most, mostOfOne)
}

interface Entry extends EntryName {
  /** Of both files. */
  readonly bytes: number
}

class DiskStore implements CacheStore {
  readonly name = 'disk'
  readonly #folder: string
  readonly #maxBytes: number
  readonly #maxEntryBytes: number
  /** By the hash of the key, the least recently used key first. */
  readonly #entries = new Map<string, Entry[]>()
  readonly #running = new Set<Promise<unknown>>()
  readonly #records: DiskRecords
  readonly #listeners = new Set<(record: PurgeRecord) => void>()
  #bytes = 0
  #next = 1
  #ready: Promise<void> | undefined
  #closed = false

  constructor(folder: string, maxBytes: number, maxEntryBytes: number) {
    this.#folder = folder
    this.#records = new DiskRecords(folder)
    this.#maxBytes = maxBytes
    this.#maxEntryBytes = maxEntryBytes
  }

  find(key: string): Promise<readonly FoundResponse[]> {
    return this.#run(async () => {
      const hash = hashOf(key)
      const entries = this.#entries.get(hash)
      if (entries === undefined) return []
      this.#entries.delete(hash)
      this.#entries.set(hash, entries)
      const found = await Promise.all(entries.map((entry) => this.#read(key, entry)))
      return found.filter((it) => it !== undefined)
    })
  }

  put(key: string, head: StoredHead, content: AsyncIterable<Uint8Array>): Promise<boolean> {
    return this.#run(async () => {
      const number = this.#next++
      const length = await writeContentFile(this.#folder, { content: number }, content, this.#maxEntryBytes)
      if (length === undefined) return false
      const names = { hash: hashOf(key), variant: variantHashOf(head.variant), content: number }
      try {
        await this.#place(names, { key, head, length })
      } catch (error) {
        if (!this.#has(names)) await this.#unlink(contentFile(names))
        throw error
      }
      return true
    })
  }

  freshen(key: string, head: StoredHead, before: StoredTimes): Promise<void> {
    return this.#run(async () => {
      const hash = hashOf(key)
      const variant = variantHashOf(head.variant)
      const entry = this.#entries.get(hash)?.find((it) => it.variant === variant)
      if (entry === undefined) return
      const written = await readHeadFile(this.#folder, entry)
      if (written?.key !== key || !haveSameTimes(written.head, before)) return
      await this.#place(entry, { key, head, length: written.length }, entry)
    })
  }

  remove(key: string): Promise<void> {
    return this.#run(async () => {
      const entries = this.#entries.get(hashOf(key)) ?? []
      await Promise.all([...entries].map((entry) => this.#drop(entry)))
    })
  }

  clear(): Promise<void> {
    return this.#run(async () => {
      await Promise.all([...this.#entries.values()].flat().map((entry) => this.#drop(entry)))
    })
  }

  purged(record: PurgeRecord): Promise<void> {
    return this.#run(async () => {
      await this.#records.keep(record)
      for (const onRecord of this.#listeners) onRecord(record)
    })
  }

  purges(onRecord: (record: PurgeRecord) => void): Promise<void> {
    return this.#run(async () => {
      this.#listeners.add(onRecord)
      for (const record of this.#records.all()) onRecord(record)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#listeners.clear()
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'))
    this.#ready ??= this.#opened()
    const result = this.#ready.then(work)
    const settled = result.then(
      () => {},
      () => {},
    )
    this.#running.add(settled)
    void settled.then(() => this.#running.delete(settled))
    return result
  }

  async #opened(): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      // The folder may be usable the next time.
      this.#ready = undefined
      this.#entries.clear()
      this.#bytes = 0
      throw error
    }
  }

  /** Takes up what is there, and removes what nobody refers to: of a process that was killed in the middle. */
  async #open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await this.#records.open()
    const files = await readdir(this.#folder)
    const newest = new Map<string, EntryName>()
    for (const file of files) {
      const name = entryNameOf(file)
      if (name === undefined) continue
      this.#next = Math.max(this.#next, name.head + 1, name.content + 1)
      const id = `${name.hash}-${name.variant}`
      const other = newest.get(id)
      if (other === undefined || other.head < name.head) newest.set(id, name)
    }
    const wanted = new Set([
      RECORDS_FILE,
      ...[...newest.values()].flatMap((name) => [headFile(name), contentFile(name)]),
    ])
    await Promise.all(files.filter((file) => !wanted.has(file)).map((file) => this.#unlink(file)))
    for (const name of [...newest.values()].sort((one, other) => one.content - other.content)) {
      const bytes = await this.#sizeOf(name)
      if (bytes === undefined) await this.#unlink(headFile(name), contentFile(name))
      else this.#add({ ...name, bytes })
    }
    for (const hash of [...this.#entries.keys()]) await this.#trim(hash)
    await this.#evict()
  }

  async #sizeOf(name: EntryName): Promise<number | undefined> {
    try {
      const files = [headFile(name), contentFile(name)].map((file) => stat(join(this.#folder, file)))
      const sizes = await Promise.all(files)
      return sizes.reduce((sum, { size }) => sum + size, 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  async #read(key: string, entry: Entry): Promise<FoundResponse | undefined> {
    const written = await readHeadFile(this.#folder, entry)
    if (written === undefined) {
      await this.#drop(entry)
      return undefined
    }
    // Two keys of one hash are not to be expected, and must not be taken for each other.
    if (written.key !== key) return undefined
    const { head, length } = written
    return { head, length, read: (from = 0, to = length) => this.#content(entry, length, from, to) }
  }

  async *#content(entry: Entry, length: number, from: number, to: number): AsyncGenerator<Uint8Array> {
    try {
      yield* readContentFile(this.#folder, entry, length, from, Math.min(to, length))
    } catch (error) {
      // It is damaged, or was removed before it could be opened.
      await this.#drop(entry)
      throw error
    }
  }

  /** Puts a head in place, and what it replaces away. Only in the place of `expected`, where that is given. */
  async #place(
    { hash, variant, content }: Omit<EntryName, 'head'>,
    written: WrittenHead,
    expected?: Entry,
  ): Promise<void> {
    const name: EntryName = { hash, variant, content, head: this.#next++ }
    const headBytes = await writeHeadFile(this.#folder, name, written)
    const before = this.#entries.get(hash)?.find((it) => it.variant === variant)
    const late =
      expected === undefined ? before !== undefined && before.head > name.head : before !== expected
    if (late) {
      // Another one has come before it meanwhile.
      await this.#unlink(headFile(name), ...(expected === undefined ? [contentFile(name)] : []))
      return
    }
    if (before !== undefined) this.#forget(before)
    this.#add({ ...name, bytes: headBytes + fileBytes(written.length) })
    if (before !== undefined)
      await this.#unlink(headFile(before), ...(before.content === content ? [] : [contentFile(before)]))
    await this.#trim(hash)
    await this.#evict()
  }

  #has({ hash, content }: Pick<EntryName, 'hash' | 'content'>): boolean {
    return this.#entries.get(hash)?.some((it) => it.content === content) === true
  }

  #add(entry: Entry): void {
    this.#bytes += entry.bytes
    const others = this.#entries.get(entry.hash) ?? []
    this.#entries.delete(entry.hash)
    this.#entries.set(entry.hash, [entry, ...others])
  }

  /** `false` where it is forgotten already. */
  #forget(entry: Entry): boolean {
    const all = this.#entries.get(entry.hash)
    if (all?.includes(entry) !== true) return false
    const left = all.filter((it) => it !== entry)
    this.#bytes -= entry.bytes
    if (left.length === 0) this.#entries.delete(entry.hash)
    else this.#entries.set(entry.hash, left)
    return true
  }

  async #drop(entry: Entry): Promise<void> {
    if (!this.#forget(entry)) return
    // The head first: a content without one is found to be nobody's.
    await this.#unlink(headFile(entry), contentFile(entry))
  }

  /** The oldest variants of a key leave where there are too many. */
  async #trim(hash: string): Promise<void> {
    for (;;) {
      const all = this.#entries.get(hash) ?? []
      if (all.length <= MAX_VARIANTS) return
      await this.#drop(all.at(-1)!)
    }
  }

  async #evict(): Promise<void> {
    while (this.#bytes > this.#maxBytes) {
      const [oldest] = this.#entries.values()
      await this.#drop(oldest!.at(-1)!)
    }
  }

  async #unlink(...files: readonly string[]): Promise<void> {
    for (const file of files) await rm(join(this.#folder, file), { force: true })
  }
}
