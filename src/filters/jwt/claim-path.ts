import { invalidOption } from '../../core/options.ts'

/** A claim's name; or the way to one within others: `['realm_access', 'roles']`. */
export type ClaimPath = string | readonly string[]

export function claimPath(owner: string, option: string, path: ClaimPath): readonly string[] {
  const names: readonly unknown[] = Array.isArray(path) ? path : [path]
  if (names.length > 0 && names.every((it) => typeof it === 'string' && it !== ''))
    return names as readonly string[]
  throw invalidOption(owner, option, 'the name of a claim, or a list of names that leads to one', path)
}

export function claimAt(claims: object, path: readonly string[]): unknown {
  let at: unknown = claims
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}
