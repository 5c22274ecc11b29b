import type { HeaderList } from '../../core/headers.ts'

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
