import type { Fault, FaultRule } from '../upstream/fault.ts'
import type { ScheduledFault } from './fault-schedules.ts'

/** What faults can be injected into: a simulation, or anything that knows its services by their URLs. */
export interface TakesFaults<Injected> {
  upstream(url: string): { inject(fault: Fault, rule?: FaultRule): Injected }
}

/**
 * Injects the faults of a schedule, in its order, and gives what `inject` gave. A fault that waits for its `next` request
 * waits for as long as it is not removed: take back what is left when the services have to be well again.
 *
 * @example
 * const injections = injectAll(schedule, sim)
 * await sim.load({ rate: 10, duration: '1m' })
 * for (const injection of injections) injection.remove()
 */
export function injectAll<Injected>(
  schedule: Iterable<ScheduledFault>,
  sim: TakesFaults<Injected>,
): Injected[] {
  return Array.from(schedule, ({ upstream, fault, rule }) => sim.upstream(upstream).inject(fault, rule))
}
