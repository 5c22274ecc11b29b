import { type Duration, durationMs, invalidOption, knownOptions } from '../../core/options.ts'
import { checkDistribution, type Distribution } from '../upstream/distribution.ts'
import { checkFault, type Fault } from '../upstream/fault.ts'
import {
  type ComparedEndpoint,
  type ComparedService,
  comparedService,
  originOf,
} from './compared-endpoint.ts'

/**
 * What happens to an endpoint of a comparison. `at` counts from the begin of the load; without `lasts` it is for good.
 * `endpoint` is a url.
 */
export type ComparisonEvent =
  /** The service stops, as a process does in a long garbage collection, and goes on where it was. */
  | { readonly kind: 'pause'; readonly at: Duration; readonly endpoint: string; readonly lasts: Duration }
  /** Requests take another time from now on. */
  | {
      readonly kind: 'service-time'
      readonly at: Duration
      readonly endpoint: string
      readonly serviceTime: Distribution
      readonly lasts?: Duration | undefined
    }
  /** Something goes wrong with each connection or request. */
  | {
      readonly kind: 'fault'
      readonly at: Duration
      readonly endpoint: string
      readonly fault: Fault
      readonly lasts?: Duration | undefined
    }
  /** The service crashes: every connection is reset, and new ones are refused. */
  | {
      readonly kind: 'outage'
      readonly at: Duration
      readonly endpoint: string
      readonly lasts?: Duration | undefined
    }
  /** The proxy is reloaded with one endpoint more. Events at the same moment are one reload. */
  | { readonly kind: 'join'; readonly at: Duration; readonly endpoint: string | ComparedEndpoint }
  /** The proxy is reloaded without the endpoint. The service goes on. */
  | { readonly kind: 'leave'; readonly at: Duration; readonly endpoint: string }

/** @internal Something to do at a moment of a run, taken from an event. */
export type ComparisonStep =
  | { readonly atMs: number; readonly kind: 'pause' | 'resume'; readonly id: string }
  | {
      readonly atMs: number
      readonly kind: 'service-time'
      readonly id: string
      /** The service's own where it is not given. */
      readonly serviceTime: Distribution | undefined
    }
  | {
      readonly atMs: number
      readonly kind: 'fault'
      readonly id: string
      readonly fault: Fault
      readonly lastsMs: number | undefined
    }
  | {
      readonly atMs: number
      readonly kind: 'outage'
      readonly id: string
      readonly lastsMs: number | undefined
    }
  | { readonly atMs: number; readonly kind: 'join'; readonly service: ComparedService }
  | { readonly atMs: number; readonly kind: 'leave'; readonly id: string }

const OWNER = 'compareBalancers'
const FIELDS: Readonly<Record<ComparisonEvent['kind'], readonly string[]>> = {
  pause: ['lasts'],
  'service-time': ['serviceTime', 'lasts'],
  fault: ['fault', 'lasts'],
  outage: ['lasts'],
  join: [],
  leave: [],
}

/** @internal The steps of events, in the order of time. */
export function stepsOf(events: readonly ComparisonEvent[]): ComparisonStep[] {
  return events.flatMap(stepsOfOne).sort((a, b) => a.atMs - b.atMs)
}

/**
 * @internal From the begin of the first event to the end of the last. One that is for good counts as over when it begins:
 * what follows is how the balancer lives with it.
 */
export function disturbedSpan(
  events: readonly ComparisonEvent[],
): { fromMs: number; untilMs: number } | undefined {
  if (events.length === 0) return undefined
  const begins = events.map(({ at }) => durationMs(OWNER, 'at', at))
  return {
    fromMs: Math.min(...begins),
    untilMs: Math.max(...events.map((event, i) => begins[i]! + (lastsMs(event) ?? 0))),
  }
}

/** @internal @throws `ERR_OPTION_INVALID` for what is no event, or is at an endpoint that is not there then. */
export function checkEvents(
  owner: string,
  events: readonly ComparisonEvent[],
  services: readonly ComparedService[],
): void {
  if (!Array.isArray(events)) throw invalidOption(owner, 'events', 'a list of events', events)
  for (const event of events as readonly ComparisonEvent[]) checkEvent(owner, event)
  const members = new Set(services.map(({ id }) => id))
  for (const step of stepsOf(events)) {
    const id = step.kind === 'join' ? step.service.id : step.id
    if (members.has(id) === (step.kind === 'join')) {
      const expected = step.kind === 'join' ? 'one that is not there yet' : 'one that is there at that time'
      throw invalidOption(owner, `events (${step.kind}): endpoint`, expected, id)
    }
    if (step.kind === 'join') members.add(id)
    if (step.kind === 'leave') members.delete(id)
    if (members.size === 0) throw invalidOption(owner, 'events', 'such that one endpoint is left', id)
  }
}

function checkEvent(owner: string, event: ComparisonEvent): void {
  if (!Object.hasOwn(FIELDS, event?.kind)) {
    const kinds = Object.keys(FIELDS).join(', ')
    throw invalidOption(owner, 'events', `events (kinds: ${kinds})`, event?.kind ?? event)
  }
  knownOptions(owner, event, ['kind', 'at', 'endpoint', ...FIELDS[event.kind]])
  durationMs(owner, 'at', event.at)
  if (event.kind === 'pause' || ('lasts' in event && event.lasts !== undefined))
    durationMs(owner, 'lasts', event.lasts!)
  if (event.kind === 'service-time') checkDistribution(owner, 'serviceTime', event.serviceTime)
  if (event.kind === 'fault') checkFault(owner, event.fault)
}

function stepsOfOne(event: ComparisonEvent): ComparisonStep[] {
  const atMs = durationMs(OWNER, 'at', event.at)
  if (event.kind === 'join') return [{ kind: 'join', atMs, service: comparedService(OWNER, event.endpoint) }]
  const id = originOf(OWNER, event.endpoint)
  const endMs = lastsMs(event)
  switch (event.kind) {
    case 'pause':
      return [
        { kind: 'pause', atMs, id },
        { kind: 'resume', atMs: atMs + endMs!, id },
      ]
    case 'service-time': {
      const begin: ComparisonStep = { kind: 'service-time', atMs, id, serviceTime: event.serviceTime }
      if (endMs === undefined) return [begin]
      return [begin, { kind: 'service-time', atMs: atMs + endMs, id, serviceTime: undefined }]
    }
    case 'fault':
      return [{ kind: 'fault', atMs, id, fault: event.fault, lastsMs: endMs }]
    case 'outage':
      return [{ kind: 'outage', atMs, id, lastsMs: endMs }]
    case 'leave':
      return [{ kind: 'leave', atMs, id }]
  }
}

function lastsMs(event: ComparisonEvent): number | undefined {
  if (!('lasts' in event) || event.lasts === undefined) return undefined
  return durationMs(OWNER, 'lasts', event.lasts)
}
