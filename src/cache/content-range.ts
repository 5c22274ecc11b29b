/** Bytes of a representation, the first and the last of them. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** What a `Content-Range` says of a 206: which bytes, and of how many, if that is known. */
export interface ContentRange extends ByteRange {
  readonly size: number | undefined
}

const CONTENT_RANGE = /^bytes (\d{1,16})-(\d{1,16})\/(?:(\d{1,16})|\*)$/i

/** `undefined` for what is no range of bytes, or cannot be one (RFC 9110 section 14.4). */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const found = value === undefined ? null : CONTENT_RANGE.exec(value)
  if (found === null) return undefined
  const first = Number(found[1])
  const last = Number(found[2])
  const size = found[3] === undefined ? undefined : Number(found[3])
  if (!Number.isSafeInteger(last) || last < first) return undefined
  if (size !== undefined && (!Number.isSafeInteger(size) || size <= last)) return undefined
  return { first, last, size }
}

/** The field of a 206 of one part. */
export function formatContentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`
}
