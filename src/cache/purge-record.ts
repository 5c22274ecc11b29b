/** A purge, as stores keep it and hand it on: it is about what was stored before `time`. */
export interface PurgeRecord {
  readonly kind: 'tag' | 'pattern' | 'everything'
  /** The tag, or the pattern. Empty for `everything`. */
  readonly value: string
  /** Whether what it is about is stale from now on, and not gone. */
  readonly soft: boolean
  /** Milliseconds since 1970. */
  readonly time: number
  /** Unlike that of any other record, by whoever it was made. */
  readonly id: string
}
