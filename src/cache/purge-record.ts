/** What a purge may be about. */
export const PURGE_KINDS = ['url', 'tag', 'pattern', 'everything'] as const

/** A purge, as stores keep it and hand it on: it is about what was asked for until `time`. */
export interface PurgeRecord {
  readonly kind: (typeof PURGE_KINDS)[number]
  /** What it is about, in a text of the cache's own that no store needs to read. Empty: everything, of whomever. */
  readonly value: string
  /** Whether what it is about is stale from now on, and not gone. */
  readonly soft: boolean
  /** Milliseconds since 1970. */
  readonly time: number
  /** Unlike that of any other record, by whoever it was made. */
  readonly id: string
}
