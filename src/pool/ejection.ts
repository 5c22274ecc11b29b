/**
 * What the traffic of an endpoint says of it: beside its health, which is what its probes say.
 *
 * - `serving`: it may be chosen, as far as its traffic goes.
 * - `ejected`: it has failed too often, and is left alone for a time.
 *
 * `steps` is how often the time of an ejection has been lengthened, and not been forgiven yet.
 */
export type Ejection = Serving | Ejected

export interface Serving {
  readonly state: 'serving'
  /** Attempts that began before it are of an earlier time, and say nothing any more. */
  readonly since: number
  /** When it first answered well since then; `undefined` as long as it has not. */
  readonly provenAt: number | undefined
  readonly steps: number
  /** Attempts in a row that have failed, whether the connection was made or not. */
  readonly errors: number
  /** Attempts in a row for which no connection was made. */
  readonly connectFailures: number
  /** Response bodies in a row that broke off. Apart from `errors`, because each of them began with a good head. */
  readonly broken: number
}

export interface Ejected {
  readonly state: 'ejected'
  /** Such as `5 errors in a row`. */
  readonly reason: string
  readonly until: number
  readonly steps: number
}

/** What an attempt has shown. `answered` is the head of a response, `whole` the end of its body. */
export type AttemptSign = 'answered' | 'whole' | 'broken' | 'failed' | 'unconnected'

/** How long an endpoint is left alone. */
export interface EjectionTimes {
  readonly ejectMs: number
  readonly maxEjectMs: number
  /** For each of these that an endpoint has served well, one ejection is forgiven. */
  readonly forgiveMs: number
  /** By which share each time is lengthened at most, by chance. */
  readonly jitter: number
}

/** How it begins. */
export const SERVING: Serving = {
  state: 'serving',
  since: Number.NEGATIVE_INFINITY,
  provenAt: undefined,
  steps: 0,
  errors: 0,
  connectFailures: 0,
  broken: 0,
}

/** The state after one more sign. The same object where nothing changes, as with most attempts. */
export function afterSign(state: Serving, sign: AttemptSign, now: number): Serving {
  switch (sign) {
    case 'answered':
      if (state.errors === 0 && state.connectFailures === 0 && state.provenAt !== undefined) return state
      return { ...state, errors: 0, connectFailures: 0, provenAt: state.provenAt ?? now }
    case 'whole':
      return state.broken === 0 ? state : { ...state, broken: 0 }
    case 'broken':
      return { ...state, broken: state.broken + 1 }
    case 'failed':
      return { ...state, errors: state.errors + 1, connectFailures: 0 }
    case 'unconnected':
      return { ...state, errors: state.errors + 1, connectFailures: state.connectFailures + 1 }
  }
}

/**
 * The ejection of an endpoint that serves. The first one lasts for `ejectMs`, the second in a row twice as long, and so on up
 * to `maxEjectMs`, as Envoy's do; for every `forgiveMs` that it has served since it first answered well, one is forgiven.
 */
export function ejected(
  { steps, provenAt }: Serving,
  now: number,
  chance: number,
  { ejectMs, maxEjectMs, forgiveMs, jitter }: EjectionTimes,
  reason: string,
): Ejected {
  const forgiven = provenAt === undefined ? 0 : Math.floor((now - provenAt) / forgiveMs)
  const next = Math.min(Math.max(0, steps - forgiven) + 1, Math.ceil(maxEjectMs / ejectMs))
  const lasts = Math.min(ejectMs * next, maxEjectMs) * (1 + jitter * chance)
  return { state: 'ejected', reason, until: now + lasts, steps: next }
}

/** Its time is over. It is on trial: what it did before is forgotten, but not how often it was ejected. */
export function restored({ steps }: Ejected, now: number): Serving {
  return { ...SERVING, since: now, steps }
}
