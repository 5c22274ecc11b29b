import { type HeaderList, listHasToken } from '../../core/headers.ts'

/** Checksums of the content as it was: RFC 9530, and what came before it. */
const DIGESTS = ['content-digest', 'repr-digest', 'digest', 'content-md5']

/**
 * Takes back what a head says of content that is no longer sent as it came: its length, its checksums, that parts of it can be
 * asked for. What it was told apart by becomes weak (RFC 9110 section 8.8.1): it does not stand for these bytes.
 */
export function contentChanged(headers: HeaderList): void {
  for (const name of ['content-length', 'accept-ranges', ...DIGESTS])
    if (headers.has(name)) headers.delete(name)
  const etag = headers.get('etag')
  if (etag?.startsWith('"')) headers.set('ETag', `W/${etag}`)
}

/** Trailers without checksums of the content as it was. */
export function withoutDigests(trailers: HeaderList | undefined): HeaderList | undefined {
  if (trailers === undefined || !DIGESTS.some((name) => trailers.has(name))) return trailers
  const kept = trailers.clone()
  for (const name of DIGESTS) kept.delete(name)
  return kept
}

/**
 * A 304 to a client that was given a weak tag for what was changed must have it again: by a strong one its cache cannot tell
 * which response is meant (RFC 9111 section 4.3.4).
 */
export function notModified(headers: HeaderList, ifNoneMatch: string | undefined): void {
  const etag = headers.get('etag')
  if (ifNoneMatch === undefined || etag?.startsWith('"') !== true) return
  const listed = ifNoneMatch.split(',').map((it) => it.trim())
  if (listed.includes(`W/${etag}`) && !listed.includes(etag)) headers.set('ETag', `W/${etag}`)
}

/** RFC 9111 sections 5.2.1.6 and 5.2.2.6. */
export function saysNoTransform(headers: HeaderList): boolean {
  const control = headers.get('cache-control')
  return control !== undefined && listHasToken(control, 'no-transform')
}
