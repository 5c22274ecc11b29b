import { open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { PurgeRecord } from './purge-record.ts'
import { checkLength, RecordSet } from './record-set.ts'

/** The file, in the folder of the store. */
export const RECORDS_FILE = 'purges.log'

/** Lines of records that count no more, before the file is written anew. */
const MAX_STALE_LINES = 1_000

/** The records of purges on disk: a line for each, behind its sum, at the end of a file. */
export class DiskRecords {
  readonly #path: string
  readonly #records = new RecordSet()
  /** In the file. */
  #lines = 0
  /** Whether the file must be written anew: it does not end in a whole line, or has a damaged one. */
  #torn = false
  #writing: Promise<void> = Promise.resolve()

  constructor(folder: string) {
    this.#path = join(folder, RECORDS_FILE)
  }

  /** Takes up what is there. */
  async open(): Promise<void> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    const { mtimeMs } = await stat(this.#path)
    const lines = text.split('\n')
    // What was being written when the process was killed: nobody was told that it is kept.
    this.#torn = lines.pop() !== ''
    for (const line of lines) {
      const record = recordOf(line)
      this.#records.add(record ?? aboutEverything(line, mtimeMs))
      // The next time, it would be about more.
      if (record === undefined) this.#torn = true
    }
    this.#lines = lines.length
  }

  all(): Iterable<PurgeRecord> {
    return this.#records
  }

  /** Resolves when it is on the disk. */
  keep(record: PurgeRecord): Promise<void> {
    checkLength(record)
    const written = this.#writing.then(() => this.#write(record))
    this.#writing = written.catch(() => {})
    return written
  }

  async #write(record: PurgeRecord): Promise<void> {
    this.#records.add(record)
    const anew = this.#torn || this.#lines >= this.#records.size + MAX_STALE_LINES
    // Until all of it is done, the file may end anywhere.
    this.#torn = true
    if (anew) await this.#writeAnew()
    else {
      await writeTo(this.#path, 'a', lineOf(record))
      this.#lines++
    }
    this.#torn = false
  }

  async #writeAnew(): Promise<void> {
    const part = `${this.#path}.part`
    await writeTo(part, 'w', [...this.#records].map(lineOf).join(''))
    await rename(part, this.#path)
    this.#lines = this.#records.size
  }
}

async function writeTo(path: string, flags: 'a' | 'w', text: string): Promise<void> {
  const file = await open(path, flags)
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
}

function lineOf({ kind, value, soft, time, id }: PurgeRecord): string {
  const text = JSON.stringify([kind, value, soft, time, id])
  return `${sumOf(text)} ${text}\n`
}

function recordOf(line: string): PurgeRecord | undefined {
  const text = line.slice(9)
  if (line.slice(0, 9) !== `${sumOf(text)} `) return undefined
  const [kind, value, soft, time, id] = JSON.parse(text) as [
    PurgeRecord['kind'],
    string,
    boolean,
    number,
    string,
  ]
  return { kind, value, soft, time, id }
}

/** A line that was damaged may have been about anything, and was written before the file was changed last. */
function aboutEverything(line: string, time: number): PurgeRecord {
  return { kind: 'everything', value: '', soft: false, time, id: `damaged-${sumOf(line)}` }
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
