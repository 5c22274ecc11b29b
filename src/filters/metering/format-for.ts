import { Accept, mediaType } from '../../core/accept.ts'
import { CONTENT_TYPES, type TextFormat } from './text-format.ts'

const OPEN_METRICS = mediaType(CONTENT_TYPES.openmetrics)!
const TEXT = mediaType(CONTENT_TYPES.text)!

/** OpenMetrics for who asks for it by name and prefers it. `accept`: the field of the request. */
export function formatFor(accept: string | undefined): TextFormat {
  const wanted = new Accept(accept)
  const open = wanted.preference(OPEN_METRICS)
  return open.named && open.q > 0 && open.q >= wanted.preference(TEXT).q ? 'openmetrics' : 'text'
}
