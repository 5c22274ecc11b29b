import { trimWhiteSpace } from '../core/headers.ts'

const CODING = /^([!#$%&'*+\-.^_`|~0-9a-z]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/

/**
 * The one content coding that stands for all that a client accepts: the first of `codings` that it takes, else `identity`.
 * Sent in place of the client's `Accept-Encoding`, it has a variant stored for each coding, not for each way to ask for one.
 *
 * A client without the field takes any coding, as RFC 9110 section 12.5.3 has it, but gets `identity`: such clients are
 * mostly simple ones. Elements that are malformed are passed over.
 */
export function preferredCoding(field: string | undefined, codings: readonly string[]): string {
  if (field === undefined) return 'identity'
  const weights = new Map<string, number>()
  for (const element of field.toLowerCase().split(',')) {
    const found = CODING.exec(trimWhiteSpace(element))
    if (found !== null) weights.set(sameCoding(found[1]!), found[2] === undefined ? 1 : Number(found[2]))
  }
  const any = weights.get('*') ?? 0
  return codings.find((coding) => (weights.get(sameCoding(coding)) ?? any) > 0) ?? 'identity'
}

/** RFC 9110 section 8.4.1.3. */
function sameCoding(coding: string): string {
  return coding === 'x-gzip' ? 'gzip' : coding === 'x-compress' ? 'compress' : coding
}
