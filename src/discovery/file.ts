import { parse } from 'yaml'
import {
  type Duration,
  durationMs,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { WatchedFile } from '../core/watched-file.ts'
import type { EndpointSource } from '../pool/endpoint-source.ts'
import type { EndpointOptions } from '../pool/endpoint-spec.ts'
import { Answers } from './answers.ts'
import { namedSource } from './named-source.ts'
import { pause } from './pause.ts'

export interface FileOptions {
  /** How often it is looked at. Default 1 s, at least 50 ms. */
  everyMs?: Duration
  /** What is longer does not count. Default 1 MiB. */
  maxBytes?: Size
  /** Whether an empty list empties the pool. Default `false`: the last one stays. */
  allowEmpty?: boolean
}

const OWNER = 'file'

/**
 * The endpoints that a file names, as a source of a pool: a list in YAML, or in JSON where
 * its name ends with `.json`, each entry as in `pool([...])`.
 *
 * It is read when the proxy starts and then every second, through links, so that a mounted ConfigMap is followed. Something new
 * counts when two looks in a row have found it. A file that is wrong, too long or gone changes nothing: the last list stays, and
 * the pool tells of it (`list-refused`, and a warning in the log), once until that changes.
 *
 * @example pool(file('/etc/gateway/users.yaml'), { name: 'users' })
 * @throws `ERR_OPTION_INVALID`
 */
export function file(path: string, options: FileOptions = {}): EndpointSource {
  if (typeof path !== 'string' || path === '') throw invalidOption(OWNER, 'path', 'the path of a file', path)
  knownOptions(OWNER, options, ['everyMs', 'maxBytes', 'allowEmpty'] satisfies (keyof FileOptions)[])
  const { everyMs = 1_000, maxBytes = 1_048_576, allowEmpty = false } = options
  const intervalMs = durationMs(OWNER, 'everyMs', everyMs, { min: 50 })
  const limit = sizeBytes(OWNER, 'maxBytes', maxBytes, { min: 1 })
  if (typeof allowEmpty !== 'boolean') throw invalidOption(OWNER, 'allowEmpty', 'true or false', allowEmpty)
  return namedSource(`file(${path})`, async function* (signal, { clock, refused }) {
    const watched = new WatchedFile(path, limit)
    const answers = new Answers(path, allowEmpty, refused)
    while (!signal.aborted) {
      const look = await watched.look()
      // Who replaces a file may have it gone for a moment.
      if (look.kind === 'failed' && look.times === 2) refused(look.error)
      if (look.kind === 'changed') {
        const list = listed(path, look.content)
        if (list instanceof Error) refused(list)
        else {
          const next = answers.next(list)
          if (next !== undefined) yield next
        }
      }
      await pause(intervalMs, signal, clock)
    }
  })
}

/** Aliases could make much of little. */
const YAML = { maxAliasCount: 0 }

/** What an entry means, the pool checks. */
function listed(path: string, content: Buffer): readonly (string | EndpointOptions)[] | Error {
  const text = content.toString('utf8')
  try {
    const value: unknown = path.endsWith('.json') ? JSON.parse(text) : parse(text, YAML)
    return Array.isArray(value) ? value : new Error(`${path} is no list of endpoints`)
  } catch (cause) {
    return new Error(`${path} cannot be read: ${firstLine((cause as Error).message)}`, { cause })
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!
}
