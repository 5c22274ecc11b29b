import { bounded } from '../core/bounded-text.ts'
import type { Clock } from '../core/clock.ts'
import type { Shared, SharedLink, SharedMember } from '../core/shared-state.ts'
import type { Ejected } from './ejection.ts'
import type { PoolEndpoint } from './endpoint.ts'
import type { Members } from './members.ts'

/** One ejection, as other processes are told of it. */
interface EjectionNews {
  readonly endpoint: string
  readonly reason: string
  /** Milliseconds since 1970 UTC. */
  readonly untilMs: number
  readonly steps: number
}

/**
 * The ejections of a pool that several processes run: what one has decided, the others follow, as far as their own limits
 * allow it. What was followed is not told again.
 */
export class SharedEjections implements Shared {
  readonly kind = 'pool'
  readonly #members: Members
  readonly #clock: Clock

  constructor(members: Members, clock: Clock) {
    this.#members = members
    this.#clock = clock
  }

  join(link: SharedLink): SharedMember {
    this.#members.onEjected = (endpoint, ejection) => link.tell([this.#newsOf(endpoint, ejection)])
    return {
      told: (message, from) => this.#told(message, from),
      now: () => this.#now(),
      leave: () => {
        this.#members.onEjected = undefined
      },
    }
  }

  #told(message: unknown, from: number): void {
    const { ejector, named } = this.#members
    if (ejector === undefined || !Array.isArray(message)) return
    const endpoints = new Map(named.map((endpoint) => [endpoint.id, endpoint]))
    for (const news of message.filter(isNews)) {
      const endpoint = endpoints.get(news.endpoint)
      if (endpoint === undefined) continue
      const { reason, untilMs, steps } = news
      // A newcomer may have it from one that has been told itself.
      const why = /^worker \d+: /.test(reason) ? reason : `worker ${from}: ${reason}`
      ejector.follow(endpoint, untilMs - this.#clock.wallTime(), bounded(why), steps)
    }
  }

  #now(): readonly EjectionNews[] | undefined {
    const news = this.#members.named.flatMap((endpoint) => {
      const ejection = endpoint.watch?.ejection
      return ejection?.state === 'ejected' ? [this.#newsOf(endpoint, ejection)] : []
    })
    return news.length === 0 ? undefined : news
  }

  #newsOf({ id }: PoolEndpoint, { reason, until, steps }: Ejected): EjectionNews {
    return { endpoint: id, reason, untilMs: this.#clock.wallTime() + until - this.#clock.now(), steps }
  }
}

function isNews(news: unknown): news is EjectionNews {
  const { endpoint, reason, untilMs, steps } = (news ?? {}) as Partial<EjectionNews>
  return (
    typeof endpoint === 'string' &&
    typeof reason === 'string' &&
    Number.isFinite(untilMs) &&
    Number.isSafeInteger(steps) &&
    (steps as number) >= 0
  )
}
