import type { SpanContext } from '@opentelemetry/api'
import type { HeaderList } from '../../core/headers.ts'
import type { TraceFields } from './trace-fields.ts'
import { areIds, SAMPLED } from './trace-parent.ts'

const SINGLE = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/
const TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/
const SPAN_ID = /^[0-9a-f]{16}$/

/** The context that a `b3` names. One that leaves the decision to others counts as not sampled. */
export function readB3Single(fields: TraceFields): SpanContext | undefined {
  const line = fields.only('b3')
  const found = line === undefined ? null : SINGLE.exec(line)
  if (found === null) return undefined
  const [, traceId = '', spanId = '', sampled] = found
  return contextOf(traceId, spanId, sampled === '1' || sampled === 'd')
}

/** The context that `X-B3-TraceId` and its like name. */
export function readB3Multi(fields: TraceFields): SpanContext | undefined {
  const traceId = fields.only('x-b3-traceid')
  const spanId = fields.only('x-b3-spanid')
  if (traceId === undefined || spanId === undefined) return undefined
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId)) return undefined
  const sampled = fields.only('x-b3-sampled')
  const debug = fields.only('x-b3-flags') === '1'
  return contextOf(traceId, spanId, debug || sampled === '1' || sampled === 'true')
}

export function writeB3Single(headers: HeaderList, { traceId, spanId, traceFlags }: SpanContext): void {
  headers.set('b3', `${traceId}-${spanId}-${traceFlags & SAMPLED}`)
}

export function writeB3Multi(headers: HeaderList, { traceId, spanId, traceFlags }: SpanContext): void {
  headers.set('x-b3-traceid', traceId)
  headers.set('x-b3-spanid', spanId)
  headers.set('x-b3-sampled', String(traceFlags & SAMPLED))
}

/** An id of 64 bits is one of 128 whose first half is zero. */
function contextOf(traceId: string, spanId: string, sampled: boolean): SpanContext | undefined {
  const longId = traceId.padStart(32, '0')
  if (!areIds(longId, spanId)) return undefined
  return { traceId: longId, spanId, traceFlags: sampled ? SAMPLED : 0, isRemote: true }
}
