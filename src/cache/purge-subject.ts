import { type HostPattern, hostMatches, parseHostPattern, requestHost } from '../core/host-pattern.ts'
import { matchingForm, otherReadings } from '../core/path.ts'
import { type PathPattern, parsePathPattern, pathFits } from '../core/path-pattern.ts'
import { partsOfKey, type Resource, structuredKey } from './cache-key.ts'
import type { PurgeRecord } from './purge-record.ts'
import { shortText } from './short-text.ts'

/** What a purge is about. */
export type PurgeSubject =
  /** All that is stored of one resource, by its `resourceName`. */
  | { readonly kind: 'url'; readonly name: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | PatternSubject
  | { readonly kind: 'everything' }

export interface PatternSubject {
  readonly kind: 'pattern'
  readonly host: HostPattern | undefined
  readonly path: PathPattern
  /** Those with the same are the same. */
  readonly text: string
}

/** @throws `ERR_OPTION_INVALID` for patterns that the router would not take. */
export function patternSubject(host: string | undefined, path: string): PatternSubject {
  return {
    kind: 'pattern',
    host: host === undefined ? undefined : parseHostPattern('cache.purge', 'pattern.host', host),
    path: parsePathPattern('cache.purge', 'pattern.path', path),
    text: structuredKey([host, path]),
  }
}

/** Whether a pattern is about a resource, in whatever way a service may read its path. */
export function isAboutResource({ host, path }: PatternSubject, resource: Resource): boolean {
  if (host !== undefined && !hostMatches(host, resource)) return false
  const query = resource.target.indexOf('?')
  const form = matchingForm(query < 0 ? resource.target : resource.target.slice(0, query))
  return pathFits(path, form) || otherReadings(form).some((reading) => pathFits(path, reading))
}

/** What the URL of a resource is compared by. */
export function resourceName(resource: Resource): string {
  const { name, port } = requestHost(resource)
  return shortText(`${resource.scheme}://${name}:${port}${resource.target}`)
}

/** The value of a record: of which cache it is, and what it is about. */
export function recordValue(subject: PurgeSubject, partition: string | undefined): string {
  switch (subject.kind) {
    case 'url':
      return structuredKey([partition, subject.name])
    case 'tag':
      return structuredKey([partition, subject.tag])
    case 'pattern':
      return structuredKey([partition, subject.text])
    case 'everything':
      return structuredKey([partition])
  }
}

/** What a record is about for a cache of this partition; `undefined` for nothing. One that cannot be read is about everything. */
export function recordSubject(
  { kind, value }: PurgeRecord,
  partition: string | undefined,
): PurgeSubject | undefined {
  const parts = partsOfKey(value, 2)
  const [of, text] = parts
  if (parts.length === 0) return EVERYTHING
  if (of !== partition) return undefined
  if (kind === 'everything' || text === undefined) return EVERYTHING
  if (kind === 'url') return { kind, name: text }
  if (kind === 'tag') return { kind, tag: text }
  const [host, path] = partsOfKey(text, 2)
  try {
    return patternSubject(host, path ?? '')
  } catch {
    return EVERYTHING
  }
}

const EVERYTHING: PurgeSubject = { kind: 'everything' }
