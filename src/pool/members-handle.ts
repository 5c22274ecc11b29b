import type { Clock } from '../core/clock.ts'
import type { EndpointEjection, EndpointSnapshot } from '../core/endpoint-snapshot.ts'
import { durationMs, invalidOption, knownOptions, positiveNumber } from '../core/options.ts'
import { withShared } from '../core/shared-state.ts'
import type { PoolEndpoint } from './endpoint.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import { stateOf } from './endpoint-state.ts'
import type { Members } from './members.ts'
import type { PoolEvents } from './pool-events.ts'
import type { EndpointDrainOptions, EndpointEjectOptions, PoolHandle } from './pool-handle.ts'
import { SharedEjections } from './shared-ejections.ts'

/** What `RunningProxy.pool` gives: the public face of a running pool's members. */
export class MembersHandle implements PoolHandle {
  readonly #members: Members
  readonly #clock: Clock

  constructor(members: Members, clock: Clock) {
    this.#members = members
    this.#clock = clock
    withShared(this, new SharedEjections(members, clock))
  }

  get name(): string {
    return this.#members.name
  }

  get endpoints(): readonly EndpointSnapshot[] {
    return this.#members.endpoints.map((endpoint) => snapshotOf(endpoint, this.#clock))
  }

  get events(): PoolEvents {
    return this.#members.news.feed
  }

  update(endpoints: readonly (string | EndpointOptions)[]): void {
    this.#mustRun()
    this.#members.update(endpoints)
  }

  drain(endpointId: string, options: EndpointDrainOptions = {}): Promise<boolean> {
    this.#mustRun()
    knownOptions('pool.drain', options, ['limitMs'] satisfies (keyof EndpointDrainOptions)[])
    const { limitMs = Number.POSITIVE_INFINITY } = options
    const limit = durationMs('pool.drain', 'limitMs', limitMs, { unlimited: true })
    return this.#members.drain(this.#find('pool.drain', endpointId), limit)
  }

  readmit(endpointId: string): void {
    this.#mustRun()
    this.#members.readmit(this.#find('pool.readmit', endpointId))
  }

  eject(endpointId: string, options: EndpointEjectOptions): boolean {
    this.#mustRun()
    const owner = 'pool.eject'
    const endpoint = this.#find(owner, endpointId)
    knownOptions(owner, options, ['forMs', 'reason'] satisfies (keyof EndpointEjectOptions)[])
    const { forMs, reason = 'by hand' } = options
    const lastsMs = durationMs(owner, 'forMs', forMs, { min: 1 })
    if (typeof reason !== 'string' || !/^[^\p{Cc}]{1,200}$/u.test(reason))
      throw invalidOption(owner, 'reason', 'one line of up to 200 characters', reason)
    const { ejector } = this.#members
    if (ejector === undefined) throw invalidOption(owner, 'pool', 'one with eject(...)', this.name)
    return ejector.impose(endpoint, lastsMs, reason)
  }

  reweight(endpointId: string, weight: number): void {
    this.#mustRun()
    const endpoint = this.#find('pool.reweight', endpointId)
    this.#members.reweight(endpoint, positiveNumber('pool.reweight', 'weight', weight))
  }

  #find(owner: string, endpointId: string): PoolEndpoint {
    const { endpoints } = this.#members
    const found = endpoints.find(({ id, admission }) => id === endpointId && admission !== 'removed')
    if (found !== undefined) return found
    const known = endpoints.filter(({ admission }) => admission !== 'removed').map(({ id }) => id)
    throw invalidOption(
      owner,
      'endpointId',
      `the id of one of its endpoints (${known.join(', ') || 'there is none'})`,
      endpointId,
    )
  }

  #mustRun(): void {
    if (this.#members.closed) throw new Error(`the pool ${JSON.stringify(this.name)} has ended`)
  }
}

function snapshotOf(endpoint: PoolEndpoint, clock: Clock): EndpointSnapshot {
  const { id, url, weight, fullWeight, zone, health, admission, inFlight, responseTimeMs, successes } =
    endpoint
  const { connections, idle, queued } = endpoint.connector
  return {
    id,
    url,
    weight,
    fullWeight,
    zone,
    state: stateOf(endpoint),
    health,
    ejected: ejectionOf(endpoint, clock),
    draining: admission === 'draining' || admission === 'drained',
    inFlight,
    connections,
    idle,
    queued,
    responseTimeMs,
    successes,
    failures: Object.fromEntries(endpoint.failures),
  }
}

function ejectionOf({ watch }: PoolEndpoint, clock: Clock): EndpointEjection | undefined {
  const ejection = watch?.ejection
  if (ejection?.state !== 'ejected') return undefined
  return { untilMs: clock.wallTime() + ejection.until - clock.now(), reason: ejection.reason }
}
