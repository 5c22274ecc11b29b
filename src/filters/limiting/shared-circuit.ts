import type { Clock } from '../../core/clock.ts'
import type { Shared, SharedLink, SharedMember } from '../../core/shared-state.ts'
import type { Circuit } from './circuit.ts'

/** What one circuit tells the others. Times are dates: each process has a clock of its own that begins when it likes. */
interface CircuitNews {
  readonly version: number
  readonly openings: number
  /** Of one that is open, or on trial: the others have their own. Milliseconds since 1970 UTC. */
  readonly openUntilMs: number | undefined
  readonly reason: OpenReason | undefined
}

type OpenReason = (typeof REASONS)[number]

const REASONS = ['failures', 'slow', 'trial'] as const

/**
 * A circuit among those that other processes have for the same service. It tells them when it opens and when it closes, and
 * follows them. What it has only followed it does not tell; what is older than what it knows it does not follow.
 */
export class SharedCircuit implements Shared {
  readonly kind = 'circuit'
  readonly #circuit: Circuit
  #link: SharedLink | undefined
  /** What the others know. */
  #known = 0

  constructor(circuit: Circuit) {
    this.#circuit = circuit
  }

  join(link: SharedLink): SharedMember {
    this.#link = link
    this.#known = this.#circuit.version
    return {
      told: (message) => this.#told(message, link.clock),
      now: () => (this.#circuit.version === 0 ? undefined : this.#news(link.clock)),
      leave: () => {
        this.#link = undefined
      },
    }
  }

  /** The circuit is in another state. */
  changed(): void {
    const { version } = this.#circuit
    if (version === this.#known) return
    this.#known = version
    if (this.#link !== undefined) this.#link.tell(this.#news(this.#link.clock))
  }

  #told(message: unknown, clock: Clock): void {
    const news = readNews(message)
    if (news === undefined || news.version <= this.#circuit.version) return
    this.#known = news.version
    const { version, openings, openUntilMs, reason } = news
    const now = clock.now()
    if (openUntilMs === undefined || reason === undefined) this.#circuit.followClosed(version, openings, now)
    else this.#circuit.followOpen(version, openings, openUntilMs - clock.wallTime(), reason, now)
  }

  #news(clock: Clock): CircuitNews {
    const { state, version } = this.#circuit
    const { kind, openings } = state
    if (kind === 'closed') return { version, openings, openUntilMs: undefined, reason: undefined }
    // To one that comes while this one is on trial: its time is over, and the next request begins a trial.
    if (kind === 'half-open') return { version, openings, openUntilMs: clock.wallTime(), reason: 'trial' }
    const openUntilMs = clock.wallTime() + state.untilMs - clock.now()
    return { version, openings, openUntilMs, reason: state.reason }
  }
}

function readNews(message: unknown): CircuitNews | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const news = message as CircuitNews
  const { version, openings, openUntilMs, reason } = news
  const fine =
    Number.isSafeInteger(version) &&
    Number.isSafeInteger(openings) &&
    openings >= 0 &&
    (openUntilMs === undefined || (Number.isFinite(openUntilMs) && REASONS.some((it) => it === reason)))
  return fine ? news : undefined
}
