import { Body } from '../core/body.ts'
import { BytesSource } from '../core/body-source.ts'
import type { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { type ByteRange, formatContentRange } from './content-range.ts'
import { formatUnsatisfiedRange, multipartLayout, type RangePlan } from './range.ts'

/** A content that is all here. */
export interface HeldContent {
  readonly chunks: readonly Uint8Array[]
  readonly length: number
}

/**
 * The answer to a request for parts (RFC 9110 section 14): 206 with one range, or with several as `multipart/byteranges`; 416
 * where none of them is there. `headers` are those of the whole, and are changed. `boundary` makes what stands between parts.
 */
export function partsAnswer(
  plan: Exclude<RangePlan, { answer: 'whole' }>,
  headers: HeaderList,
  content: HeldContent,
  boundary: () => string,
): ResponseMessage {
  const { length } = content
  if (plan.answer === 'unsatisfiable') {
    for (const name of ['Content-Type', 'Content-Encoding', 'Content-Language']) headers.delete(name)
    return new ResponseMessage(416, headers.set('Content-Range', formatUnsatisfiedRange(length)))
  }
  const [first, ...more] = plan.ranges
  if (more.length === 0) {
    headers.set('Content-Range', formatContentRange(first, length))
    return new ResponseMessage(206, headers, bodyOf(bytesOf(content, first)))
  }
  const layout = multipartLayout(plan.ranges, length, headers.get('content-type'), boundary())
  const parts = plan.ranges.flatMap((range, i) => [
    Buffer.from(layout.before[i]!, 'latin1'),
    bytesOf(content, range),
  ])
  headers.set('Content-Type', layout.contentType)
  return new ResponseMessage(
    206,
    headers,
    bodyOf(Buffer.concat([...parts, Buffer.from(layout.end, 'latin1')])),
  )
}

/** All of a content. */
export function wholeBody({ chunks, length }: HeldContent): Body {
  if (length === 0) return Body.empty()
  return bodyOf(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
}

function bodyOf(bytes: Uint8Array): Body {
  return new Body(new BytesSource(bytes))
}

function bytesOf({ chunks }: HeldContent, { first, last }: ByteRange): Uint8Array {
  const parts: Uint8Array[] = []
  let at = 0
  for (const chunk of chunks) {
    const from = Math.max(first - at, 0)
    const to = Math.min(last + 1 - at, chunk.byteLength)
    if (from < to) parts.push(chunk.subarray(from, to))
    at += chunk.byteLength
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}
