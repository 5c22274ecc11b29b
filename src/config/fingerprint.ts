import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'

/** What is known of a file's content, without having it. */
export interface Fingerprint {
  /** What changes when somebody writes to it. */
  readonly stamp: string
  /** The same where the content is the same, whoever wrote it, and when. */
  readonly content: string
  /** Whether it has been written to so lately that the next one to write may leave the same stamp. */
  readonly fresh: boolean
}

/** The clocks of file systems tick coarsely: two seconds at the coarsest (FAT). */
const FRESH_MS = 2_000

/** Nobody's configuration is larger. What is, goes by its stamp. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Looks at what a path leads to, by whatever links: those that Kubernetes has in a mounted ConfigMap are made to lead elsewhere,
 * and the file is never written to. Of a folder, the content is the names in it.
 *
 * `before` saves reading it again where nothing was written since.
 */
export async function fingerprint(
  path: string,
  wallTime: number,
  before?: Fingerprint,
): Promise<Fingerprint> {
  try {
    const found = await stat(path, { bigint: true })
    const stamp = [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':')
    if (before?.stamp === stamp && !before.fresh) return before
    const writtenAt = Number(found.ctimeMs > found.mtimeMs ? found.ctimeMs : found.mtimeMs)
    const fresh = wallTime - writtenAt < FRESH_MS
    if (found.isDirectory()) return { stamp, content: digest((await readdir(path)).sort().join('\n')), fresh }
    // A pipe or a device may never end.
    if (!found.isFile() || found.size > MAX_BYTES) return { stamp, content: stamp, fresh }
    return { stamp, content: digest(await readFile(path)), fresh }
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException
    return { stamp: code, content: code, fresh: false }
  }
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('base64')
}
