import { type HeaderList, trimWhiteSpace } from '../core/headers.ts'
import { ifRangeHolds, type StoredResponse } from './conditional.ts'
import { type ByteRange, formatContentRange } from './content-range.ts'

/** One element of `Range`: from a byte on, up to another or to the end; or so many bytes at the end. */
export type RangeSpec =
  | { readonly first: number; readonly last: number | undefined }
  | { readonly suffix: number }

/** What answers a request with `Range`, of a representation whose size is known. */
export type RangePlan =
  /** 200: the field is absent, or passed over. */
  | { readonly answer: 'whole' }
  /** 206: one range with `Content-Range`, several as `multipart/byteranges`. */
  | { readonly answer: 'parts'; readonly ranges: readonly [ByteRange, ...ByteRange[]] }
  /** 416. */
  | { readonly answer: 'unsatisfiable' }

/** Players ask for two or three; more are asked for by those who want to keep a server busy (RFC 9110 section 17.15). */
const MAX_RANGES = 16
/** Ranges with less than this between them are sent as one: the lines between two parts would be more. */
const MIN_GAP = 80

const RANGE_SPEC = /^(?:(\d+)-(\d*)|-(\d+))$/

/**
 * Reads `Range` (RFC 9110 section 14.2). `undefined` where it is passed over, which it may always be: another unit, anything
 * malformed in it, or more than `maxRanges` ranges.
 */
export function parseRange(
  value: string | undefined,
  maxRanges: number = MAX_RANGES,
): readonly RangeSpec[] | undefined {
  if (value === undefined || !/^bytes=/i.test(value)) return undefined
  const specs: RangeSpec[] = []
  for (const element of value.slice('bytes='.length).split(',')) {
    const text = trimWhiteSpace(element)
    if (text === '') continue
    const spec = rangeSpec(text)
    if (spec === undefined || specs.length === maxRanges) return undefined
    specs.push(spec)
  }
  return specs.length === 0 ? undefined : specs
}

function rangeSpec(text: string): RangeSpec | undefined {
  const found = RANGE_SPEC.exec(text)
  if (found === null) return undefined
  if (found[3] !== undefined) return { suffix: position(found[3]) }
  const first = position(found[1]!)
  const last = found[2] === '' ? undefined : position(found[2]!)
  return last !== undefined && last < first ? undefined : { first, last }
}

/** Further than any representation is long is far enough. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
}

/**
 * Which bytes answer (RFC 9110 sections 14.1.2 and 15.3.7): what is asked for and there, in the order in which it was asked
 * for. Ranges that overlap or nearly touch are sent as one, so that no answer is much longer than the whole.
 */
export function planRange(specs: readonly RangeSpec[] | undefined, size: number): RangePlan {
  if (specs === undefined) return { answer: 'whole' }
  const found = specs.flatMap((spec) => resolved(spec, size) ?? [])
  const [first, ...more] = coalesced(found)
  if (first !== undefined) return { answer: 'parts', ranges: [first, ...more] }
  // Of nothing, a suffix is all there is, and no Content-Range can say so.
  const isSuffixOfNothing = size === 0 && specs.some((spec) => 'suffix' in spec && spec.suffix > 0)
  return { answer: isSuffixOfNothing ? 'whole' : 'unsatisfiable' }
}

/**
 * What answers a request from a stored 200 or from all its parts, once its other conditions were judged: `Range` is for GET
 * alone, and counts only if `If-Range` holds (RFC 9110 sections 14.2 and 13.2.2).
 */
export function rangeAnswer(
  request: { readonly method: string; readonly headers: HeaderList },
  stored: StoredResponse,
  size: number,
): RangePlan {
  const isForParts = request.method === 'GET' && (stored.status === 200 || stored.status === 206)
  if (!isForParts || !ifRangeHolds(request.headers, stored)) return { answer: 'whole' }
  return planRange(parseRange(request.headers.get('range')), size)
}

function resolved(spec: RangeSpec, size: number): ByteRange | undefined {
  const first = 'suffix' in spec ? Math.max(0, size - spec.suffix) : spec.first
  const last = 'suffix' in spec ? size - 1 : Math.min(spec.last ?? size - 1, size - 1)
  return first <= last ? { first, last } : undefined
}

function coalesced(ranges: readonly ByteRange[]): ByteRange[] {
  const byPlace = ranges.map(({ first, last }, order) => ({ first, last, order }))
  byPlace.sort((one, other) => one.first - other.first)
  const joined: typeof byPlace = []
  for (const range of byPlace) {
    const before = joined.at(-1)
    if (before === undefined || range.first > before.last + 1 + MIN_GAP) joined.push(range)
    else {
      before.last = Math.max(before.last, range.last)
      before.order = Math.min(before.order, range.order)
    }
  }
  joined.sort((one, other) => one.order - other.order)
  return joined.map(({ first, last }) => ({ first, last }))
}

/** `Content-Range` of a 416. */
export function formatUnsatisfiedRange(size: number): string {
  return `bytes */${size}`
}

/** The lines of a `multipart/byteranges` answer (RFC 9110 section 14.6): `before[i]`, the bytes of range i, ..., `end`. */
export interface MultipartLayout {
  readonly contentType: string
  readonly before: readonly string[]
  readonly end: string
  /** Bytes of all of it. */
  readonly length: number
}

/** `boundary` must stand in no part: random text of the proxy's own, of letters and digits. */
export function multipartLayout(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string | undefined,
  boundary: string,
): MultipartLayout {
  const type = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`
  const before = ranges.map((range, i) => {
    const line = `${i === 0 ? '' : '\r\n'}--${boundary}\r\n`
    return `${line}${type}Content-Range: ${formatContentRange(range, size)}\r\n\r\n`
  })
  const end = `\r\n--${boundary}--\r\n`
  const bytes = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  const lines = before.reduce((sum, text) => sum + text.length, 0)
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    before,
    end,
    length: lines + bytes + end.length,
  }
}
