import { normalizePath } from '../core/path.ts'

/** The target with its path in the one form that is matched and sent on; `undefined` when the path has none. */
export function normalizeTarget(target: string): string | undefined {
  const queryAt = target.indexOf('?')
  if (queryAt < 0) return normalizePath(target)
  const raw = target.slice(0, queryAt)
  const path = normalizePath(raw)
  return path === raw || path === undefined ? path && target : path + target.slice(queryAt)
}
