import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'

/**
 * How long the `retry`-th retry (from 1 on) waits: between nothing and a span that doubles with each, by chance. The full
 * jitter of "Exponential Backoff and Jitter" (Brooker, AWS, 2015), which Envoy has too: clients that failed together come
 * back spread over the whole span.
 */
export function backoffMs(
  { baseMs, maxMs }: { readonly baseMs: number; readonly maxMs: number },
  retry: number,
  random: Random,
): number {
  return random() * Math.min(maxMs, baseMs * 2 ** (retry - 1))
}

/** What `Retry-After` asks for (RFC 9110 section 10.2.3): seconds, or a date. `undefined` for what is neither. */
export function retryAfterMs(value: string, clock: Clock): number | undefined {
  if (/^\d+$/.test(value)) return Number(value) * 1_000
  // Of what `Date.parse` takes, the three forms of RFC 9110 section 5.6.7 alone; the last one names no zone.
  const date = ASCTIME.test(value) ? `${value} GMT` : IMF_OR_RFC850.test(value) ? value : ''
  const at = Date.parse(date)
  return Number.isNaN(at) ? undefined : Math.max(0, at - clock.wallTime())
}

const IMF_OR_RFC850 = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/
