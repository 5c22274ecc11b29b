import { createHash } from 'node:crypto'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importModule } from '../import-module.ts'
import type { Problems } from '../problems.ts'
import { type ConfigNode, child, type MapNode } from '../reading/config-node.ts'
import { besideFile, type SourceFiles } from '../reading/source-files.ts'

/** Something that a file names, and what tells it from another of that name. */
export interface Loaded {
  readonly value: unknown
  readonly fingerprint: string
}

const MAX_MODULE_BYTES = 4_194_304

/** What files held when they were loaded first: node never loads a url again, and keeps what it has loaded. */
const firstLoaded = new Map<string, string>()

/** How often urls could not be loaded: node keeps that, too, though what it was for lack of may be there by now. */
const failures = new Map<string, number>()

/** Loads the code that a configuration names. */
export class Modules {
  readonly #files: SourceFiles
  readonly #problems: Problems
  readonly #imported = new Map<string, Promise<Readonly<Record<string, unknown>>>>()

  constructor(files: SourceFiles, problems: Problems) {
    this.#files = files
    this.#problems = problems
  }

  /** The export that `{ module }` names; `undefined` where it cannot be had: then there is a problem that says why. */
  async load(node: MapNode): Promise<Loaded | undefined> {
    const named = child(node, 'module')
    if (named?.kind !== 'scalar' || named.failed === true) return undefined
    const reference = String(named.value)
    const at = reference.lastIndexOf('#')
    const path = resolve(besideFile(named.place.file, reference.slice(0, at)))
    const name = reference.slice(at + 1)
    const content = await this.#contentOf(path, named)
    if (content === undefined) return undefined
    try {
      const module = await this.#import(path, content)
      if (Object.hasOwn(module, name))
        return { value: module[name], fingerprint: `${path}#${name} ${content}` }
      const names = Object.keys(module).sort().join(', ') || 'nothing'
      this.#refuse(named, `the module exports no ${JSON.stringify(name)}, but ${names}`)
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      this.#refuse(named, `the module cannot be loaded: ${reason.split('\n    at ')[0]}`)
    }
    return undefined
  }

  /** Once for all who name it. */
  async #import(path: string, content: string): Promise<Readonly<Record<string, unknown>>> {
    let imported = this.#imported.get(path)
    if (imported === undefined) {
      imported = importOf(path, content)
      this.#imported.set(path, imported)
    }
    return imported
  }

  async #contentOf(path: string, named: ConfigNode): Promise<string | undefined> {
    if (!/^\.[cm]?[jt]s$/.test(extname(path))) {
      this.#problems.wrong(named, 'a path to a .js or .ts file, "#" and the name of an export')
      return undefined
    }
    try {
      return createHash('sha256')
        .update(await this.#files.read(path, MAX_MODULE_BYTES))
        .digest('hex')
    } catch (error) {
      this.#refuse(named, `the module cannot be read: ${(error as Error).message}`)
      return undefined
    }
  }

  #refuse(named: ConfigNode, message: string): void {
    this.#problems.at(named.place, named.path, message)
  }
}

async function importOf(path: string, content: string): Promise<Readonly<Record<string, unknown>>> {
  const url = urlOf(path, content)
  const failed = failures.get(url) ?? 0
  try {
    return await importModule(failed === 0 ? url : `${url}#${failed}`)
  } catch (error) {
    failures.set(url, failed + 1)
    throw error
  }
}

/** What has changed since it was loaded is another url, and so other code. */
function urlOf(path: string, content: string): string {
  const { href } = pathToFileURL(path)
  const first = firstLoaded.get(path)
  if (first === undefined) firstLoaded.set(path, content)
  return first === undefined || first === content ? href : `${href}?${content.slice(0, 16)}`
}
