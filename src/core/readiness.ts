/** Whether traffic should be sent to a proxy. */
export interface Readiness {
  readonly ready: boolean
  /** Why not, in words for people: `draining`, for example. Empty while it is ready. */
  readonly reasons: readonly string[]
}
