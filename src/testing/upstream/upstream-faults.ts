import type { Clock } from '../../core/clock.ts'
import { durationMs, integer, invalidOption, knownOptions } from '../../core/options.ts'
import type { Random } from '../../core/random.ts'
import { sample } from './distribution.ts'
import { checkFault, type Fault, type FaultRule, type Injection } from './fault.ts'
import type { UpstreamEvent } from './upstream-event.ts'
import { type RouteMatch, routeMatch } from './upstream-routes.ts'

/** @internal The faults that hit one request: at most one of each aspect, save those that add up. */
export interface RequestFaults {
  early: boolean
  /** What ends the response before its time, or takes its place. */
  end: EndFault | undefined
  framing: FramingFault | undefined
  drip: Named<'drip'> | undefined
  extra: boolean
  /** The body is not read. HTTP/2. */
  stalled: boolean
  readonly interim: Named<'informational'>[]
  latencyMs: number
}

type Named<K extends Fault['kind']> = Extract<Fault, { kind: K }>
type EndFault = Named<
  | 'no-answer'
  | 'reset-before-head'
  | 'reset-after-head'
  | 'reset-after-bytes'
  | 'half-close'
  | 'truncate'
  | 'malformed'
  | 'reset-stream'
  | 'goaway'
>
type FramingFault = Named<'wrong-content-length' | 'bad-chunk' | 'trailers'>

interface FaultRulesOptions {
  readonly clock: Clock
  readonly random: Random
  readonly observe: ((event: UpstreamEvent) => void) | undefined
}

/** @internal The faults that were injected into an upstream, and when each happens. */
export class FaultRules {
  readonly #options: FaultRulesOptions
  #rules: InjectedFault[] = []

  constructor(options: FaultRulesOptions) {
    this.#options = options
  }

  inject(given: Fault, rule: CheckedRule): Injection {
    const injected = new InjectedFault(given, rule, (over) => {
      this.#rules = this.#rules.filter((it) => it !== over)
    })
    this.#rules.push(injected)
    return injected
  }

  clear(): void {
    for (const rule of this.#rules) rule.remove()
  }

  /** What becomes of a connection that arrives: `refuse` is asked before it is made, the other when it is. */
  hitsConnection(kind: 'refuse' | 'accept-and-stall', connection: number): boolean {
    for (const rule of this.#rules) {
      if (rule.fault.kind !== kind || !this.#holds(rule)) continue
      this.#hit(rule, connection)
      return true
    }
    return false
  }

  /** The faults of a request, of which the head is there. `undefined`: none. */
  forRequest(method: string, path: string, connection: number, version: 1 | 2): RequestFaults | undefined {
    if (this.#rules.length === 0) return undefined
    let faults: RequestFaults | undefined
    for (const rule of this.#rules) {
      const { kind } = rule.fault
      if (kind === 'refuse' || kind === 'accept-and-stall') continue
      if ((ONLY_IN[kind] ?? version) !== version) continue
      if (!this.#holds(rule, method, path)) continue
      faults ??= {
        early: false,
        end: undefined,
        framing: undefined,
        drip: undefined,
        extra: false,
        stalled: false,
        interim: [],
        latencyMs: 0,
      }
      if (this.#adds(rule.fault, faults)) this.#hit(rule, connection)
    }
    return faults
  }

  #holds(rule: InjectedFault, method = '', path = ''): boolean {
    return rule.holds(this.#options.clock.now(), this.#options.random, method, path)
  }

  #hit(rule: InjectedFault, connection: number): void {
    rule.hit()
    this.#options.observe?.({ kind: 'fault', fault: rule.fault.kind, connection })
  }

  /** Adds a fault to those of a request. `false` when it contradicts one of them. */
  #adds(fault: Fault, faults: RequestFaults): boolean {
    switch (fault.kind) {
      case 'latency':
        faults.latencyMs += sample(fault.latency, this.#options.random)
        return true
      case 'informational':
        if (faults.end?.kind === 'no-answer') return false
        faults.interim.push(fault)
        return true
      case 'early-response':
        if (faults.early) return false
        faults.early = true
        return true
      case 'extra-response':
        if (faults.extra || isInPlace(faults.end)) return false
        faults.extra = true
        return true
      case 'drip':
        if (faults.drip !== undefined || sendsNothing(faults.end)) return false
        faults.drip = fault
        return true
      case 'wrong-content-length':
      case 'bad-chunk':
      case 'trailers':
        if (faults.framing !== undefined || isInPlace(faults.end)) return false
        faults.framing = fault
        return true
      case 'window-stall':
        if (faults.stalled) return false
        faults.stalled = true
        return true
      case 'refuse':
      case 'accept-and-stall':
        return false
      default: {
        if (faults.end !== undefined) return false
        if (isInPlace(fault) && (faults.framing !== undefined || faults.extra)) return false
        if (sendsNothing(fault) && faults.drip !== undefined) return false
        if (fault.kind === 'no-answer' && faults.interim.length > 0) return false
        faults.end = fault
        return true
      }
    }
  }
}

/** @internal Whether nothing of the response itself is sent. */
export function isInPlace(fault: EndFault | undefined): boolean {
  return fault?.kind === 'malformed' || sendsNothing(fault)
}

function sendsNothing(fault: EndFault | undefined): boolean {
  switch (fault?.kind) {
    case 'no-answer':
    case 'reset-before-head':
    case 'half-close':
      return true
    case 'reset-stream':
      return fault.after === undefined
    case 'goaway':
      return fault.last === 'previous' || fault.closes === 'at-once'
    default:
      return false
  }
}

/** Faults that mean nothing in the other version of HTTP. */
const ONLY_IN: Readonly<Partial<Record<Fault['kind'], 1 | 2>>> = {
  'bad-chunk': 1,
  'reset-stream': 2,
  goaway: 2,
  'window-stall': 2,
}

/** A rule as it holds from the call on. */
interface CheckedRule {
  readonly next: number
  readonly matches: RouteMatch | undefined
  readonly chance: number
  /** By the clock. */
  readonly from: number
  readonly until: number
  readonly afterMs: number
  readonly lastsMs: number
}

/** @internal @throws `ERR_OPTION_INVALID` for a fault or a rule that makes no sense, alone or together. */
export function checkedRule(
  owner: string,
  given: Fault,
  rule: FaultRule,
  { now, canRefuseOne }: { readonly now: number; readonly canRefuseOne: boolean },
): CheckedRule {
  checkFault(owner, given)
  knownOptions(owner, rule, ['next', 'match', 'chance', 'after', 'lasts'])
  const { next, match, chance = 1, after = 0, lasts = Number.POSITIVE_INFINITY } = rule
  if (given.kind === 'refuse' && !canRefuseOne) refuseOnlyByTime(owner, rule)
  if (match !== undefined && (given.kind === 'refuse' || given.kind === 'accept-and-stall'))
    throw invalidOption(owner, 'match', `left out with ${given.kind}, which happens before a request`, match)
  if (!(typeof chance === 'number' && chance >= 0 && chance <= 1))
    throw invalidOption(owner, 'chance', 'a number from 0 to 1', chance)
  const afterMs = durationMs(owner, 'after', after)
  const lastsMs = durationMs(owner, 'lasts', lasts, { unlimited: true })
  return {
    next: next === undefined ? Number.POSITIVE_INFINITY : integer(owner, 'next', next, { min: 1 }),
    matches: match === undefined ? undefined : routeMatch(owner, 'match', match),
    chance,
    from: now + afterMs,
    until: now + afterMs + lastsMs,
    afterMs,
    lastsMs,
  }
}

/** The system accepts connections before anyone can be asked about a single one. */
function refuseOnlyByTime(owner: string, rule: FaultRule): void {
  for (const name of ['next', 'match', 'chance'] as const) {
    if (rule[name] === undefined) continue
    throw invalidOption(
      owner,
      name,
      'left out with refuse on a real socket: use a window (after, lasts), or fault.acceptAndStall()',
      rule[name],
    )
  }
}

class InjectedFault implements Injection {
  readonly fault: Fault
  readonly #rule: CheckedRule
  readonly #onOver: (over: InjectedFault) => void
  #hits = 0

  constructor(given: Fault, rule: CheckedRule, onOver: (over: InjectedFault) => void) {
    this.fault = given
    this.#rule = rule
    this.#onOver = onOver
  }

  get hits(): number {
    return this.#hits
  }

  /** Whether it would hit now. Takes a random number only if all else holds. */
  holds(now: number, random: Random, method: string, path: string): boolean {
    const { from, until, matches, chance } = this.#rule
    if (now < from) return false
    if (now >= until) {
      this.#onOver(this)
      return false
    }
    if (matches !== undefined && matches(method, path) === undefined) return false
    return chance === 1 || random() < chance
  }

  hit(): void {
    this.#hits++
    if (this.#hits === this.#rule.next) this.#onOver(this)
  }

  remove(): void {
    this.#onOver(this)
  }
}
