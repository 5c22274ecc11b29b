import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CertificateError } from './certificate-error.ts'

/** Something that is made of what stands in files; of none, where it was given as it is. */
export interface MadeOfFiles<T> {
  readonly files: readonly string[]
  /** Takes the contents in the order of the files. @throws CertificateError */
  readonly make: (contents: readonly Buffer[]) => T
}

/**
 * - `same`: nothing has changed.
 * - `changed`: something new was made. It counts when it is committed.
 * - `failed`: nothing can be made of what is there. `times`: looks in a row that have found the same. At the first one,
 *   someone may be writing it.
 */
export type Look =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed' }
  | { readonly kind: 'failed'; readonly error: CertificateError; readonly times: number }

/**
 * What was made of files, and what it would be now. The contents alone decide, for a date or a watch would not do: where
 * Kubernetes mounts a secret, the file is a link to a link that is replaced, and a watch sees it deleted
 * (kubernetes/kubernetes#111947, envoyproxy/envoy#9359); certbot replaces certificate and key one after the other
 * (certbot/certbot#9900), so that for a moment they do not fit. To read a few KiB costs no more than to ask for their date.
 */
export class FileState<T> {
  readonly #source: MadeOfFiles<T>
  /** Hashes: nobody needs to hold keys for longer than it takes to use them. */
  #good = ''
  #bad: { readonly what: string; times: number } | undefined
  #next: { readonly value: T; readonly hash: string } | undefined
  #value: { readonly it: T } | undefined

  constructor(source: MadeOfFiles<T>) {
    this.#source = source
  }

  get files(): readonly string[] {
    return this.#source.files
  }

  /** What counts: what was found last, until that is dropped. */
  get value(): T {
    const found = this.#next?.value ?? this.#value?.it
    if (found === undefined) throw new Error('the files were not looked at yet')
    return found
  }

  async look(): Promise<Look> {
    const { files, make } = this.#source
    let hash = ''
    try {
      const contents: Buffer[] = []
      // One after the other: who has hundreds of them should not have them read all at once.
      for (const file of files) contents.push(await readCertificateFile(file))
      hash = hashOf(contents)
      if (this.#value !== undefined && hash === this.#good) {
        this.#bad = undefined
        return { kind: 'same' }
      }
      this.#next = { value: make(contents), hash }
      return { kind: 'changed' }
    } catch (thrown) {
      const error = this.#named(thrown)
      return { kind: 'failed', error, times: this.#noteBad(`${hash} ${error.message}`) }
    }
  }

  /** What the last look has made counts from now on. */
  commit(): void {
    const next = this.#next
    if (next === undefined) return
    this.#value = { it: next.value }
    this.#good = next.hash
    this.#bad = undefined
    this.#next = undefined
  }

  /** What the last look has made cannot be used after all. Gives how often it was so, in a row. */
  drop(error: Error): number {
    const next = this.#next
    this.#next = undefined
    return this.#noteBad(`${next?.hash} ${error.message}`)
  }

  #noteBad(what: string): number {
    if (this.#bad?.what !== what) this.#bad = { what, times: 0 }
    return ++this.#bad.times
  }

  #named(thrown: unknown): CertificateError {
    if (!(thrown instanceof CertificateError)) throw thrown
    if (this.files.length === 0 || this.files.some((file) => thrown.message.includes(file))) return thrown
    return new CertificateError(`${this.files.join(', ')}: ${thrown.message}`, thrown.code, { cause: thrown })
  }
}

async function readCertificateFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException
    throw new CertificateError(`${file} cannot be read (${code})`, code, { cause })
  }
}

function hashOf(contents: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const content of contents) hash.update(`${content.length} `).update(content)
  return hash.digest('base64')
}
