import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'

/**
 * - `same`: nothing to do. Also where something new was seen for the first time: someone may be writing it.
 * - `changed`: the content that counts from now on.
 * - `failed`: it cannot be read. `times`: looks in a row that have failed.
 */
export type FileLook =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed'; readonly content: Buffer }
  | { readonly kind: 'failed'; readonly error: Error; readonly times: number }

const SAME: FileLook = { kind: 'same' }

/**
 * A file that is looked at again and again. The content alone decides, followed through links: where Kubernetes mounts a map
 * of its configuration, the file is a link to a link that is replaced, and a watch sees it deleted
 * (kubernetes/kubernetes#111947). What the first look finds counts at once; later on, what two looks in a row have found, for
 * a list that is half written may well be a list.
 */
export class WatchedFile {
  readonly #path: string
  readonly #maxBytes: number
  #taken: string | undefined
  #seen: string | undefined
  #failures = 0

  constructor(path: string, maxBytes: number) {
    this.#path = path
    this.#maxBytes = maxBytes
  }

  async look(): Promise<FileLook> {
    let content: Buffer
    try {
      content = await readBoundedFile(this.#path, this.#maxBytes)
    } catch (error) {
      this.#seen = undefined
      return { kind: 'failed', error: error as Error, times: ++this.#failures }
    }
    this.#failures = 0
    const hash = createHash('sha256').update(content).digest('base64')
    const settled = this.#taken === undefined || hash === this.#seen
    this.#seen = hash
    if (hash === this.#taken || !settled) return SAME
    this.#taken = hash
    return { kind: 'changed', content }
  }
}

/** The whole of a file. Rejects, with a message that names it, where it is longer or is no file: a pipe would never end. */
export async function readBoundedFile(path: string, maxBytes: number): Promise<Buffer> {
  let content: Buffer
  try {
    const stats = await stat(path)
    if (!stats.isFile()) throw new Error(`${path} is no file`)
    if (stats.size > maxBytes) throw tooLong(path, maxBytes)
    content = await readFile(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw code === undefined ? cause : new Error(`${path} cannot be read (${code})`, { cause })
  }
  // It may have grown in between.
  if (content.length > maxBytes) throw tooLong(path, maxBytes)
  return content
}

function tooLong(path: string, maxBytes: number): Error {
  return new Error(`${path} is longer than ${maxBytes} bytes`)
}
