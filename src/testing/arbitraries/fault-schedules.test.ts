import { compileFunction } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printedCounterexample } from '../../../test/http1/counterexample.ts'
import { durationMs } from '../../core/options.ts'
import { pool, proxy } from '../../index.ts'
import { simulate } from '../simulation/simulate.ts'
import { checkDistribution } from '../upstream/distribution.ts'
import { type Fault, type FaultRule, fault } from '../upstream/fault.ts'
import { type FaultScheduleOptions, faultSchedules, type ScheduledFault } from './fault-schedules.ts'
import { FAULT_KINDS } from './faults.ts'
import { injectAll } from './inject-all.ts'

const OPTIONS: FaultScheduleOptions = { upstreams: ['http://u1', 'http://u2'], lasts: '30s' }
const RUNS = { numRuns: 1000, seed: 15 }

/** Notes what is injected, and gives numbers. */
function recorder() {
  const script: ScheduledFault[] = []
  const upstream = (url: string) => ({
    inject: (injected: Fault, rule: FaultRule = {}) => script.push({ upstream: url, fault: injected, rule }),
  })
  return { script, upstream }
}

test('faultSchedules are printed as code that injects the same', () => {
  fc.assert(
    fc.property(faultSchedules(OPTIONS), (schedule) => {
      const sim = recorder()
      compileFunction(fc.stringify(schedule), ['sim', 'fault'])(sim, fault)
      expect(sim.script).toEqual(schedule)
      expect(String(schedule)).toBe(fc.stringify(schedule))
    }),
    RUNS,
  )
})

test('faultSchedules keep to their time, and begin in order', () => {
  fc.assert(
    fc.property(faultSchedules(OPTIONS), (schedule) => {
      const starts = schedule.map(({ rule }) => ms(rule.after))
      expect(starts).toEqual(starts.toSorted((a, b) => a - b))
      for (const { rule } of schedule) {
        expect(ms(rule.after) + ms(rule.lasts)).toBeLessThanOrEqual(30_000)
        expect(rule.next !== undefined || ms(rule.lasts) > 0).toBe(true)
      }
    }),
    RUNS,
  )
})

function ms(duration: FaultRule['after']): number {
  return duration === undefined ? 0 : durationMs('test', 'duration', duration)
}

test('faultSchedules have faults of every kind, of every service, under every kind of rule', () => {
  const kinds = new Set<string>()
  const rules = new Set<string>()
  const delayed = new Set<boolean>()
  const upstreams = new Set<string>()
  for (const { fault, rule, upstream } of fc.sample(faultSchedules(OPTIONS), RUNS).flat()) {
    kinds.add(fault.kind)
    rules.add(
      Object.keys(rule)
        .filter((it) => it !== 'after')
        .join(),
    )
    delayed.add(rule.after !== undefined)
    upstreams.add(upstream)
    if (fault.kind === 'latency') checkDistribution('test', 'latency', fault.latency)
  }
  expect(kinds).toEqual(new Set(FAULT_KINDS))
  expect(kinds.size).toBe(Object.keys(fault).length)
  expect(rules).toEqual(new Set(['next', 'lasts', 'next,lasts', 'chance,lasts']))
  expect(delayed.size).toBe(2)
  expect(upstreams).toEqual(new Set(OPTIONS.upstreams))
})

test('faultSchedules shrink to nothing, or to the one fault that matters, as simple as it can be', () => {
  const shrunk = (fails: (schedule: readonly ScheduledFault[]) => boolean) =>
    printedCounterexample(faultSchedules(OPTIONS), (schedule) => !fails(schedule))
  expect(shrunk(() => true)).toBe('// no faults')
  expect(shrunk((schedule) => schedule.length > 0)).toBe(
    "sim.upstream('http://u1').inject(fault.refuse(), { next: 1 })",
  )
  // A gateway that cannot bear a reset from two seconds on.
  expect(
    shrunk((schedule) =>
      schedule.some((it) => it.fault.kind === 'reset-after-head' && ms(it.rule.after) >= 2000),
    ),
  ).toBe("sim.upstream('http://u1').inject(fault.resetAfterHead(), { next: 1, after: '2s' })")
  // One that bears any outage but that of both at once.
  const both = (schedule: readonly ScheduledFault[]) =>
    new Set(schedule.filter(({ fault }) => fault.kind === 'refuse').map(({ upstream }) => upstream)).size ===
    2
  expect(shrunk(both).split('\n').sort()).toEqual([
    "sim.upstream('http://u1').inject(fault.refuse(), { next: 1 })",
    "sim.upstream('http://u2').inject(fault.refuse(), { next: 1 })",
  ])
})

test('a property that fails is reported with the script', () => {
  const property = fc.property(faultSchedules({ ...OPTIONS, kinds: ['truncate'] }), (it) => it.length === 0)
  expect(() => fc.assert(property, { seed: 16 })).toThrow(
    "Counterexample: [sim.upstream('http://u1').inject(fault.truncate(0), { next: 1 })]",
  )
})

/** Two services, without retry. */
const app = proxy().route('/', pool(['http://u1', 'http://u2']))

test('a schedule is injected into a simulation, which fails in the way that the least of them says', async () => {
  const schedules = faultSchedules({ ...OPTIONS, kinds: ['reset-after-head', 'informational', 'trailers'] })
  const { counterexample } = await fc.check(
    fc.asyncProperty(schedules, async (schedule) => {
      await using sim = simulate(app, { seed: 1 })
      injectAll(schedule, sim)
      await sim.advance('2s')
      return (await sim.get('/')).complete && (await sim.get('/')).complete
    }),
    { seed: 17 },
  )
  expect(fc.stringify(counterexample?.[0])).toBe(
    "sim.upstream('http://u1').inject(fault.resetAfterHead(), { next: 1 })",
  )
})

test('a simulation that has borne any schedule serves again, and has no leaks', async () => {
  await fc.assert(
    fc.asyncProperty(faultSchedules(OPTIONS), async (schedule) => {
      await using sim = simulate(app, { seed: 1 })
      const injections = injectAll(schedule, sim)
      await sim.load({ rate: 1, duration: '30s' })
      for (const injection of injections) injection.remove()
      await sim.advance('1m')
      expect((await sim.get('/')).status).toBe(200)
      await sim.assertNoLeaks()
    }),
    { numRuns: 50, seed: 18 },
  )
})

test('injectAll injects in order, and gives what inject gave', () => {
  const sim = recorder()
  const schedule: ScheduledFault[] = [
    { upstream: 'http://u2', fault: fault.refuse(), rule: { next: 2 } },
    { upstream: 'http://u1', fault: fault.truncate(3), rule: { lasts: '1s' } },
  ]
  expect(injectAll(schedule, sim)).toEqual([1, 2])
  expect(sim.script).toEqual(schedule)
})

test.each<[Partial<FaultScheduleOptions>, string]>([
  [{ upstreams: [] }, 'faultSchedules: "upstreams" must be a list of at least one URL, got an empty list'],
  [{ lasts: 0 }, 'faultSchedules: "lasts" must be a duration of at least 1 ms'],
  [{ maxFaults: 0 }, 'faultSchedules: "maxFaults" must be a whole number of at least 1, got 0'],
  [{ kinds: ['explode' as 'refuse'] }, 'faultSchedules: "kinds" must be a list out of: refuse'],
  [{ upstream: 'a' } as Partial<FaultScheduleOptions>, 'did you mean "upstreams"?'],
])('faultSchedules refuse %o', (options, message) => {
  expect(() => faultSchedules({ ...OPTIONS, ...options })).toThrow(message)
})

test('faultSchedules of a millisecond are possible', () => {
  for (const schedule of fc.sample(faultSchedules({ ...OPTIONS, lasts: 1 }), RUNS))
    for (const { rule } of schedule) expect(ms(rule.after) + ms(rule.lasts)).toBeLessThanOrEqual(1)
})
