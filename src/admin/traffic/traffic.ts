import type { Clock } from '../../core/clock.ts'
import type { PickRecord } from '../../core/decision-record.ts'
import type { Observer } from '../../core/observer.ts'
import type { ExchangesStatus, FailureStatus, RouteStatus, TrafficStatus } from '../api.ts'

export class Traffic {
  readonly observer: Observer
  #total = 0

  constructor(_clock: Clock) {
    this.observer = {
      exchangeBegan: () => {
        this.#total++
      },
    }
  }

  status(): TrafficStatus {
    return {
      inFlight: 0,
      total: this.#total,
      failures: 0,
      seconds: [],
      latency: undefined,
      statuses: { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 },
      reasons: {},
    }
  }

  routes(): ReadonlyMap<string, Pick<RouteStatus, 'matches' | 'failures' | 'inFlight' | 'latency'>> {
    return new Map()
  }

  failures(): readonly FailureStatus[] {
    return []
  }

  exchanges(_limit: number): ExchangesStatus {
    return { total: 0, exchanges: [] }
  }

  decisions(_pool: string): readonly PickRecord[] {
    return []
  }
}
