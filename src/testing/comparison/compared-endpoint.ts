import { integer, invalidOption, knownOptions, positiveNumber } from '../../core/options.ts'
import type { Simulation } from '../simulation/simulate.ts'
import { checkDistribution, type Distribution } from '../upstream/distribution.ts'
import type { FakeReply } from '../upstream/fake-upstream.ts'
import type { SlowStart } from '../upstream/upstream-service.ts'

/** A service of a comparison, and what it can do. */
export interface ComparedEndpoint {
  /** `http://host:port`. */
  readonly url: string
  /** Its share, against the others'. A positive number, default 1. */
  readonly weight?: number | undefined
  /** Requests that it works on at once; the others wait, first come, first served. Default 4. */
  readonly workers?: number | undefined
  /** How long a worker is busy with one. Default exponential, 50 ms in the mean. */
  readonly serviceTime?: Distribution | undefined
  /** Requests that may wait; what comes then is answered 503 at once. Default: any number. */
  readonly queue?: number | undefined
  /** What it answers. Default 200 `ok`. */
  readonly reply?: FakeReply | undefined
  /** How it is slower after its start. Default: it is not. */
  readonly slowStart?: SlowStart | undefined
}

/** @internal An endpoint whose options were checked. Its id is its origin, as in a pool. */
export interface ComparedService {
  readonly id: string
  readonly weight: number
  readonly workers: number
  readonly serviceTime: Distribution
  readonly queue: number
  readonly reply: FakeReply
  readonly slowStart: SlowStart | undefined
}

const OPTIONS = ['url', 'weight', 'workers', 'serviceTime', 'queue', 'reply', 'slowStart']

/** @internal */
export function comparedServices(
  owner: string,
  option: string,
  given: readonly (string | ComparedEndpoint)[],
): ComparedService[] {
  if (!Array.isArray(given)) throw invalidOption(owner, option, 'a list of endpoints', given)
  const services = given.map((one: string | ComparedEndpoint) => comparedService(owner, one))
  for (const [at, { id }] of services.entries()) {
    if (services.findIndex((it) => it.id === id) !== at)
      throw invalidOption(owner, option, 'a list in which each url stands once', id)
  }
  return services
}

/** @internal */
export function comparedService(owner: string, given: string | ComparedEndpoint): ComparedService {
  const endpoint = typeof given === 'string' ? { url: given } : given
  knownOptions(owner, endpoint, OPTIONS)
  const { weight = 1, workers = 4, queue = Number.POSITIVE_INFINITY, reply = { body: 'ok' } } = endpoint
  const { serviceTime = { kind: 'exponential', meanMs: 50 }, slowStart } = endpoint
  return {
    id: originOf(owner, endpoint.url),
    weight: positiveNumber(owner, 'weight', weight),
    workers: integer(owner, 'workers', workers, { min: 1 }),
    serviceTime: checkDistribution(owner, 'serviceTime', serviceTime),
    queue: integer(owner, 'queue', queue, { unlimited: true }),
    reply,
    slowStart,
  }
}

/** @internal Makes the fake upstream of a service do what the service does. */
export function setUpService(sim: Simulation, { id, reply, slowStart, ...service }: ComparedService): void {
  const { workers, serviceTime, queue } = service
  const upstream = sim.upstream(id).reply(reply).capacity({ workers, serviceTime, queue })
  if (slowStart !== undefined) upstream.slowStart(slowStart)
}

/** @internal */
export function originOf(owner: string, url: string): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw invalidOption(owner, 'url', 'an address such as "http://a:8080"', url)
  return parsed.origin
}
