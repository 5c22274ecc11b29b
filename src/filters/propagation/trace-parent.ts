import type { SpanContext } from '@opentelemetry/api'

const HEAD = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/
const LENGTH = 55
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/** Whether the trace was sampled. */
export const SAMPLED = 1
/** Whether the trace id is a random one (Trace Context level 2). */
export const RANDOM = 2

/**
 * The context that a `traceparent` names (W3C Trace Context, level 2); `undefined` for what is none. Of a version that is not
 * known yet, what version 00 has is read.
 */
export function parseTraceParent(text: string): SpanContext | undefined {
  if (text.length < LENGTH) return undefined
  const found = HEAD.exec(text)
  if (found === null) return undefined
  const [, version, traceId = '', spanId = '', flags = ''] = found
  if (version === 'ff' || (version === '00' && text.length !== LENGTH)) return undefined
  // Two lines that were joined by someone before us are no one context.
  if (text.includes(',') || !areIds(traceId, spanId)) return undefined
  // What the other bits mean in a later version is not known.
  const known = version === '00' ? SAMPLED | RANDOM : SAMPLED
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & known, isRemote: true }
}

/** A context as a `traceparent` of version 00. */
export function traceParentText({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & (SAMPLED | RANDOM)}`
}

/** Whether hexadecimal ids of the right length name something. */
export function areIds(traceId: string, spanId: string): boolean {
  return traceId !== NO_TRACE && spanId !== NO_SPAN
}
