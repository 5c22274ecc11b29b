import fc from 'fast-check'
import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../../core/options.ts'
import type { Fault, FaultRule } from '../upstream/fault.ts'
import { named } from './choices.ts'
import { dataAsCode, stringAsCode } from './code.ts'
import { faultAsCode } from './fault-code.ts'
import { FAULT_KINDS, faultOf } from './faults.ts'

/** A fault of one service, and when it happens. */
export interface ScheduledFault {
  readonly upstream: string
  readonly fault: Fault
  readonly rule: FaultRule
}

/** Faults in the order in which they begin. */
export interface FaultSchedule extends ReadonlyArray<ScheduledFault> {
  /** Code that injects them, a line a fault. */
  toString(): string
}

/** What schedules are drawn from. */
export interface FaultScheduleOptions {
  /** URLs of the services that faults happen to. */
  readonly upstreams: readonly string[]
  /** No fault begins later, and none that has an end ends later. */
  readonly lasts: Duration
  /** Default 6. */
  readonly maxFaults?: number | undefined
  /** Default: all of them. */
  readonly kinds?: readonly Fault['kind'][] | undefined
}

/**
 * Scripts of faults: what goes wrong with which service, when, and how often. Shrinks to fewer faults, then to simpler
 * ones that happen once, at the start, to the first service. A counterexample is printed as code to paste, a line a fault:
 *
 *     sim.upstream('http://u1').inject(fault.resetAfterHead(), { next: 1, after: '2s' })
 *
 * @throws `ERR_OPTION_INVALID` without services, and for a duration under a millisecond.
 * @example
 * const schedules = faultSchedules({ upstreams: ['http://u1', 'http://u2'], lasts: '30s' })
 * await fc.assert(fc.asyncProperty(schedules, async (schedule) => {
 *   await using sim = simulate(app)
 *   injectAll(schedule, sim)
 *   await sim.load({ rate: 10, duration: '40s' })
 *   await sim.assertNoLeaks()
 * }))
 */
export function faultSchedules(options: FaultScheduleOptions): fc.Arbitrary<FaultSchedule> {
  knownOptions('faultSchedules', options, ['upstreams', 'lasts', 'maxFaults', 'kinds'])
  const { upstreams, lasts, maxFaults = 6, kinds = FAULT_KINDS } = options
  if (!Array.isArray(upstreams) || upstreams.length === 0)
    throw invalidOption('faultSchedules', 'upstreams', 'a list of at least one URL', upstreams)
  const lastsMs = Math.floor(durationMs('faultSchedules', 'lasts', lasts, { min: 1 }))
  const maxLength = integer('faultSchedules', 'maxFaults', maxFaults, { min: 1 })
  named('faultSchedules', 'kinds', kinds, FAULT_KINDS)
  const entry = fc
    .tuple(fc.constantFrom<string>(...upstreams), faultOf(kinds, lastsMs), timing(lastsMs))
    .map(([upstream, fault, { afterMs, rule }]) => ({ upstream, fault, rule, afterMs }))
  return fc.array(entry, { maxLength }).map((entries) => {
    const inOrder = entries.toSorted((a, b) => a.afterMs - b.afterMs)
    const schedule = inOrder.map(({ upstream, fault, rule }) => ({ upstream, fault, rule }))
    return Object.defineProperties(schedule, {
      [fc.toStringMethod]: { value: () => scheduleAsCode(schedule) },
      toString: { value: () => scheduleAsCode(schedule) },
    })
  })
}

function scheduleAsCode(schedule: readonly ScheduledFault[]): string {
  if (schedule.length === 0) return '// no faults'
  return schedule
    .map(({ upstream, fault, rule }) => {
      return `sim.upstream(${stringAsCode(upstream)}).inject(${faultAsCode(fault)}, ${dataAsCode(rule)})`
    })
    .join('\n')
}

interface Timing {
  readonly afterMs: number
  readonly rule: FaultRule
}

/** Which parts of a rule are given. One that is given twice comes more often. */
const RULES: readonly (readonly ('next' | 'chance' | 'lasts')[])[] = [
  ['next'],
  ['next'],
  ['next'],
  ['lasts'],
  ['lasts'],
  ['next', 'lasts'],
  ['chance', 'lasts'],
]

/** When and how often. In steps of a hundredth or so, so that times are short to read. */
function timing(lastsMs: number): fc.Arbitrary<Timing> {
  const stepMs = 10 ** Math.max(0, Math.floor(Math.log10(lastsMs)) - 2)
  const steps = Math.floor(lastsMs / stepMs)
  // None begins at the very end, so that each has a step left to last.
  const step = fc.nat(steps - 1)
  // All is drawn whether it is given or not, so that what is given shrinks while the times stay.
  return fc
    .tuple(
      fc.nat(RULES.length - 1),
      step,
      step,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 99 }),
    )
    .map(([which, after, length, next, percent]) => {
      const given = RULES[which]!
      const lasts = 1 + (length % (steps - after))
      const rule: FaultRule = {
        ...(given.includes('next') ? { next } : {}),
        ...(given.includes('chance') ? { chance: percent / 100 } : {}),
        ...(after > 0 ? { after: duration(after * stepMs) } : {}),
        ...(given.includes('lasts') ? { lasts: duration(lasts * stepMs) } : {}),
      }
      return { afterMs: after * stepMs, rule }
    })
}

function duration(ms: number): Duration {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}
