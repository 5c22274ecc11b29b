import { invalidOption } from '../../core/options.ts'
import { normalizePath } from '../../core/path.ts'

/** Where paths of a service are found from outside, by their first segments; the longest first. */
export type PathPrefixes = readonly (readonly [service: string, client: string])[]

/** The path as clients have it. One that is below its new prefix already, and one that fits none, stays as it is. */
export function clientPath(path: string, prefixes: PathPrefixes): string {
  for (const [service, client] of prefixes) {
    if (!isBelow(path, service)) continue
    if (isBelow(client, service) && isBelow(path, client)) return path
    const rest = service === '/' ? path : path.slice(service.length)
    return (client === '/' ? rest : client + rest) || '/'
  }
  return path
}

/** By segments. */
function isBelow(path: string, prefix: string): boolean {
  return prefix === '/' ? path.startsWith('/') : path === prefix || path.startsWith(`${prefix}/`)
}

export function checkedPrefixes(
  owner: string,
  option: string,
  prefixes: Readonly<Record<string, string>>,
): PathPrefixes {
  if (typeof prefixes !== 'object' || prefixes === null || Array.isArray(prefixes))
    throw invalidOption(owner, option, 'an object of paths such as { "/": "/api" }', prefixes)
  return Object.entries(prefixes)
    .map(
      ([service, client]) =>
        [checkedPath(owner, option, service), checkedPath(owner, option, client)] as const,
    )
    .sort(([one], [other]) => other.length - one.length)
}

/** Without a slash at its end. */
export function checkedPath(owner: string, option: string, text: unknown): string {
  const path = typeof text === 'string' ? normalizePath(text) : undefined
  if (path === undefined || path !== text)
    throw invalidOption(owner, option, 'paths such as "/api", as they are sent', text)
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
