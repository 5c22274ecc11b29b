import { type HeaderList, trimWhiteSpace } from '../core/headers.ts'
import { MAX_DELTA_SECONDS, parseDeltaSeconds } from './delta-seconds.ts'
import { parseHttpDate } from './http-date.ts'
import { singleValue } from './single-value.ts'

/** When a request was sent and when the head of its response came, in ms since 1970 by this cache's own clock. */
export interface ResponseTimes {
  readonly requestTime: number
  readonly responseTime: number
}

const MAX_AGE_MS = MAX_DELTA_SECONDS * 1_000

/**
 * The `Age` of a response in seconds, at most 2^31: the first member of the first line (RFC 9111 section 5.1); `undefined`
 * for none, or one that is no number.
 */
export function ageField(headers: HeaderList): number | undefined {
  const line = headers.getAll('age')[0]
  if (line === undefined) return undefined
  const comma = line.indexOf(',')
  return parseDeltaSeconds(trimWhiteSpace(comma < 0 ? line : line.slice(0, comma)))
}

/** The `Date` of a response in ms since 1970. Without one that can be read it is the time that the response came. */
export function dateOf(headers: HeaderList, responseTime: number): number {
  const date = singleValue(headers, 'date')
  return (date === undefined ? undefined : parseHttpDate(date, responseTime)) ?? responseTime
}

/**
 * How old a response was when it came, in ms (`corrected_initial_age`, RFC 9111 section 4.2.3): what its `Date` says or what
 * its `Age` says, whichever is more. A `Date` in the future, or a clock that was set back meanwhile, makes it no younger
 * than 0.
 */
export function initialAgeMs(headers: HeaderList, { requestTime, responseTime }: ResponseTimes): number {
  const apparentAge = responseTime - dateOf(headers, responseTime)
  const responseDelay = Math.max(0, responseTime - requestTime)
  const correctedAge = (ageField(headers) ?? 0) * 1_000 + responseDelay
  return Math.min(Math.max(apparentAge, correctedAge), MAX_AGE_MS)
}

/**
 * How old a stored response is, in ms, at most 2^31 s (`current_age`, RFC 9111 section 4.2.3). It never gets younger than it
 * came, whatever happens to the clock.
 */
export function currentAgeMs(
  { initialAgeMs, responseTime }: { readonly initialAgeMs: number; readonly responseTime: number },
  now: number,
): number {
  return Math.min(initialAgeMs + Math.max(0, now - responseTime), MAX_AGE_MS)
}

/** The value of `Age`: whole seconds (RFC 9111 section 5.1). */
export function ageValue(ageMs: number): string {
  return String(Math.floor(ageMs / 1_000))
}
