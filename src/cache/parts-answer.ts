import type { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { formatContentRange } from './content-range.ts'
import { formatUnsatisfiedRange, multipartLayout, type RangePlan } from './range.ts'
import { bodyOf, type Content } from './stored.ts'

/**
 * The answer to a request for parts (RFC 9110 section 14): 206 with one range, or with several as `multipart/byteranges`; 416
 * where none of them is there. `headers` are those of the whole, and are changed. `boundary` makes what stands between parts.
 */
export function partsAnswer(
  plan: Exclude<RangePlan, { answer: 'whole' }>,
  headers: HeaderList,
  content: Content,
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
    const bytes = content.read(first.first, first.last + 1)
    return new ResponseMessage(206, headers, bodyOf([bytes], first.last + 1 - first.first))
  }
  const layout = multipartLayout(plan.ranges, length, headers.get('content-type'), boundary())
  const pieces = plan.ranges.flatMap((range, i) => [
    [Buffer.from(layout.before[i]!, 'latin1')],
    content.read(range.first, range.last + 1),
  ])
  headers.set('Content-Type', layout.contentType)
  return new ResponseMessage(
    206,
    headers,
    bodyOf([...pieces, [Buffer.from(layout.end, 'latin1')]], layout.length),
  )
}
