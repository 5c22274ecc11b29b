import { readdir } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { readBoundedFile } from '../../core/watched-file.ts'

/** The files of a configuration: reads them, and remembers which they were. */
export class SourceFiles {
  readonly #all = new Set<string>()

  /** Absolute paths, of those too that are not there. */
  get all(): readonly string[] {
    return [...this.#all]
  }

  /** @throws an `Error` that says in a few words why it cannot be read. */
  async read(path: string, maxBytes: number): Promise<Buffer> {
    const absolute = resolve(path)
    this.#all.add(absolute)
    try {
      return await readBoundedFile(absolute, maxBytes)
    } catch (error) {
      throw new Error(reasonOf(error as Error, absolute))
    }
  }

  /** Those that a path with `*` in its last part stands for, in the order of their names. */
  async matching(path: string): Promise<readonly string[]> {
    const folder = dirname(path)
    const pattern = new RegExp(
      `^${basename(path)
        .split('*')
        .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
        .join('[^/]*')}$`,
    )
    try {
      const names = await readdir(folder)
      return names
        .filter((name) => pattern.test(name) && !name.startsWith('.'))
        .sort()
        .map((name) => join(folder, name))
    } catch (error) {
      throw new Error(reasonOf(error as Error, folder))
    }
  }
}

/** A path that a file names, found from the folder where that file is. */
export function besideFile(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path)
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  EISDIR: 'it is a folder',
  ENOTDIR: 'its folder is not there',
  ELOOP: 'its links go round in a circle',
  ENAMETOOLONG: 'its name is too long',
  ERR_INVALID_ARG_VALUE: 'its name is none',
}

/** In a few words, without the path: whoever tells of it has that. */
function reasonOf(error: Error, path: string): string {
  const { code } = (error.cause ?? error) as NodeJS.ErrnoException
  return (code === undefined ? undefined : REASONS[code]) ?? error.message.replace(`${path} is`, 'it is')
}
