import { ConfigError } from './config-error.ts'
import type { Fingerprint } from './fingerprint.ts'

/** What was made of files. */
export interface Loaded {
  /** All that were read, or looked for: absolute paths. */
  readonly files: readonly string[]
}

/** What files were seen to hold. */
export type Seen = ReadonlyMap<string, Fingerprint>

/** Looks at files. */
export type Look = (files: Iterable<string>) => Promise<Seen>

/** Who writes to files without end is not waited for. */
const MOST_TRIES = 3

/** What was loaded, or why nothing was; and what to compare files with, to find that this is no longer so. */
export type SettledLoad<L> =
  | { readonly seen: Seen; readonly error: undefined; readonly loaded: L }
  | { readonly seen: Seen; readonly error: Error }

/**
 * Loads, and once more where files have changed while they were read: half a file may have been read, or one of before beside
 * one of after.
 *
 * `known`: files that it is likely to read.
 */
export async function settledLoad<L extends Loaded>(
  known: Iterable<string>,
  look: Look,
  load: () => Promise<L>,
): Promise<SettledLoad<L>> {
  let watched = [...known]
  for (let tries = 1; ; tries++) {
    const before = await look(watched)
    let loaded: L
    try {
      loaded = await load()
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      // A file that was not known is looked at from now on, so that it is seen when it is mended.
      const after = await look(new Set([...watched, ...filesOf(error)]))
      const hasChanged = [...before].some(([file, { content }]) => after.get(file)?.content !== content)
      // What is wrong may be that only half of it was there.
      if (hasChanged && tries < MOST_TRIES) watched = [...after.keys()]
      else return { error, seen: new Map([...after, ...before]) }
      continue
    }
    const after = await look(loaded.files)
    // Of one that was not looked at before, only its age tells that it was not written to meanwhile.
    const isSettled = [...after].every(
      ([file, { content, fresh }]) =>
        (before.get(file)?.content ?? (fresh ? undefined : content)) === content,
    )
    if (isSettled) return { loaded, error: undefined, seen: after }
    // Whoever compares finds that they have changed.
    if (tries === MOST_TRIES) return { loaded, error: undefined, seen: new Map([...after, ...before]) }
    watched = [...loaded.files]
  }
}

/** Where it says that something is wrong, and those that it has looked for, which may not have been there. */
function filesOf(error: Error): string[] {
  if (!(error instanceof ConfigError)) return []
  return [...error.problems.map(({ file }) => file), ...error.files]
}
