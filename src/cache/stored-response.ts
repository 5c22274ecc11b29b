import type { HeaderList } from '../core/headers.ts'

/** When a response was asked for and came. Of one key and variant, those with the same times are the same response. */
export type StoredTimes = Pick<StoredHead, 'requestTime' | 'responseTime'>

/** What a cache knows of a response that it has stored, but for the content. */
export interface StoredHead {
  readonly status: number
  readonly reason: string | undefined
  /** As it came, without what a cache must not store. Never changed. */
  readonly headers: HeaderList
  /** Milliseconds since 1970, when the request for it was sent. */
  readonly requestTime: number
  /** And when its head came. */
  readonly responseTime: number
  /** Which of the responses of its key: what the fields that its `Vary` names were in the request. */
  readonly variant: string
  /** By which it can be purged together with others. */
  readonly tags: readonly string[]
}

export function haveSameTimes(one: StoredTimes, other: StoredTimes): boolean {
  return one.requestTime === other.requestTime && one.responseTime === other.responseTime
}
