import type { HeaderList } from '../../core/headers.ts'
import { DECODERS, type DecodedCoding, type Decoder } from './decoder.ts'

/** Codings that may be stacked. More than one is rare, and each holds a window. */
export const MAX_CODINGS = 3

/**
 * The decoders of content, in the order in which they are applied: the last coding first (RFC 9110 section 8.4). `'unknown'`
 * where one of them is not known, or there are too many. Empty where there is no coding.
 */
export function decodersOf(
  headers: HeaderList,
  known: readonly DecodedCoding[],
): readonly Decoder[] | 'unknown' {
  const field = headers.get('content-encoding')
  if (field === undefined) return []
  const decoders: Decoder[] = []
  for (const part of field.split(',')) {
    const name = part.trim().toLowerCase()
    if (name === '' || name === 'identity') continue
    const coding = known.find((it) => it === name || (it === 'gzip' && name === 'x-gzip'))
    if (coding === undefined || decoders.length >= MAX_CODINGS) return 'unknown'
    decoders.unshift(DECODERS[coding])
  }
  return decoders
}
