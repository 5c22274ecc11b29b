import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../testing/seeded-random.ts'
import { Circuit, type CircuitSettings, type CircuitState } from './circuit.ts'

const random = seededRandom(1)

function circuit(given: Partial<CircuitSettings> = {}): { it: Circuit; changes: CircuitState[] } {
  const changes: CircuitState[] = []
  const settings: CircuitSettings = {
    errorRatio: 0.5,
    slowRatio: 0.5,
    windowMs: 1_000,
    minVolume: 10,
    openMs: 1_000,
    maxOpenMs: 4_000,
    jitter: 0,
    trials: 4,
    ramp: [0.1, 0.5],
    ...given,
  }
  return { it: new Circuit(settings, (state) => changes.push(state)), changes }
}

/** So many that are let through and judged at once. Returns how many were let through. */
function send(
  it: Circuit,
  now: number,
  count: number,
  verdict: { failed?: boolean; slow?: boolean } = {},
): number {
  let through = 0
  for (let i = 0; i < count; i++) {
    const admitted = it.admit(now, random)
    if (admitted === undefined) continue
    through++
    it.judge(admitted, verdict.failed ?? false, verdict.slow ?? false, now, random)
  }
  return through
}

const FAILED = { failed: true }

describe('Circuit, closed', () => {
  it('opens when the ratio of failures is reached, and not before', () => {
    const { it, changes } = circuit()
    send(it, 0, 6)
    send(it, 0, 5, FAILED)
    expect(it.state.kind).toBe('closed')
    send(it, 0, 1, FAILED)
    expect(changes).toEqual([{ kind: 'open', sinceMs: 0, untilMs: 1_000, openings: 1, reason: 'failures' }])
  })

  it('does not open below the minimum volume', () => {
    const { it } = circuit()
    send(it, 0, 9, FAILED)
    expect(it.state.kind).toBe('closed')
    send(it, 0, 1)
    expect(it.state.kind).toBe('open')
  })

  it('forgets what is older than the window', () => {
    const { it } = circuit()
    send(it, 0, 9, FAILED)
    send(it, 1_000, 9, FAILED)
    expect(it.state.kind).toBe('closed')
  })

  it('opens when too many are slow', () => {
    const { it, changes } = circuit({ slowRatio: 1 })
    send(it, 0, 10, { slow: true })
    expect(changes).toMatchObject([{ kind: 'open', reason: 'slow' }])
  })

  it('takes ratios exactly', () => {
    const { it } = circuit({ errorRatio: 0.1, minVolume: 30 })
    send(it, 0, 27)
    send(it, 0, 3, FAILED)
    expect(it.state.kind).toBe('open')
  })

  it('counts what breaks off behind its head', () => {
    const { it } = circuit()
    send(it, 0, 10)
    for (let i = 0; i < 5; i++) it.brokeOff(it.state, 0, random)
    expect(it.state.kind).toBe('open')
  })
})

describe('Circuit, open', () => {
  it('lets nothing through until its time is over', () => {
    const { it } = circuit()
    send(it, 0, 10, FAILED)
    expect(send(it, 999, 100)).toBe(0)
    expect(it.retryAfterMs(999)).toBe(1)
    expect(it.admit(1_000, random)?.kind).toBe('half-open')
  })

  it('does not count what was let through before', () => {
    const { it } = circuit()
    const before = it.admit(0, random)!
    send(it, 0, 10, FAILED)
    it.judge(before, true, false, 1, random)
    it.admit(1_000, random)
    for (let i = 0; i < 10; i++) it.judge(before, true, false, 1_000, random)
    it.brokeOff(before, 1_000, random)
    expect(it.state.kind).toBe('half-open')
  })

  it('stays open twice as long each time, up to the longest', () => {
    const { it, changes } = circuit()
    send(it, 0, 10, FAILED)
    let now = 0
    for (let i = 0; i < 4; i++) {
      now += 10_000
      send(it, now, 4, FAILED)
    }
    const opened = changes.filter((state) => state.kind === 'open')
    expect(opened.map(({ untilMs, sinceMs }) => untilMs - sinceMs)).toEqual([
      1_000, 2_000, 4_000, 4_000, 4_000,
    ])
    expect(opened.map(({ reason }) => reason)).toEqual(['failures', 'trial', 'trial', 'trial', 'trial'])
  })

  it('stays open longer by chance, by no more than the jitter', () => {
    const lengths = Array.from({ length: 100 }, () => {
      const { it, changes } = circuit({ jitter: 0.5 })
      send(it, 0, 10, FAILED)
      return changes[0]?.kind === 'open' ? changes[0].untilMs : 0
    })
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...lengths)).toBeLessThan(1_500)
    expect(new Set(lengths).size).toBeGreaterThan(90)
  })
})

describe('Circuit, half-open', () => {
  const halfOpen = (given: Partial<CircuitSettings> = {}) => {
    const { it, changes } = circuit(given)
    send(it, 0, 10, FAILED)
    return { it, changes }
  }

  it('goes through the ramp and closes', () => {
    const { it, changes } = halfOpen()
    send(it, 1_000, 4)
    send(it, 1_001, 4)
    expect(changes.slice(1)).toEqual([
      { kind: 'half-open', sinceMs: 1_000, step: 0, share: 0.1, openings: 1 },
      { kind: 'half-open', sinceMs: 1_000, step: 1, share: 0.5, openings: 1 },
      { kind: 'closed', sinceMs: 1_001, openings: 1 },
    ])
  })

  it('begins with empty counts when it closes', () => {
    const { it } = halfOpen({ openMs: 100 })
    send(it, 100, 8)
    expect(it.state.kind).toBe('closed')
    send(it, 100, 9, FAILED)
    expect(it.state.kind).toBe('closed')
  })

  it('opens as soon as enough have failed', () => {
    const { it } = halfOpen()
    send(it, 1_000, 1, FAILED)
    expect(it.state.kind).toBe('half-open')
    send(it, 1_000, 1, FAILED)
    expect(it.state).toMatchObject({ kind: 'open', openings: 2, reason: 'trial' })
  })

  it('bears as many failures as the ratio allows', () => {
    const { it } = halfOpen()
    send(it, 1_000, 1, FAILED)
    send(it, 1_000, 3)
    expect(it.state).toMatchObject({ kind: 'half-open', step: 1 })
  })

  it('opens when those that it tries are slow', () => {
    const { it } = halfOpen()
    send(it, 1_000, 2, { slow: true })
    expect(it.state).toMatchObject({ kind: 'open', reason: 'trial' })
  })

  it('lets no more through than it waits for, while none has been judged', () => {
    const { it } = halfOpen()
    let through = 0
    for (let i = 0; i < 10_000; i++) if (it.admit(1_000, random) !== undefined) through++
    expect(through).toBe(4)
  })

  it('lets a share through while one is under way', () => {
    const { it } = halfOpen({ trials: 10_000, ramp: [0.1] })
    let through = 0
    for (let i = 0; i < 10_000; i++) if (it.admit(1_000, random) !== undefined) through++
    expect(through).toBeGreaterThan(900)
    expect(through).toBeLessThan(1_100)
  })

  it('tries another one where a client has left', () => {
    const { it } = halfOpen({ trials: 1, ramp: [0.1] })
    const first = it.admit(1_000, random)!
    expect(it.admit(1_000, random)).toBeUndefined()
    it.withdraw(first)
    it.withdraw(first)
    expect(it.admit(1_000, random)).toBeDefined()
    expect(it.admit(1_000, random)).toBeUndefined()
  })

  it('tries others when those it waits for never end', () => {
    const { it } = halfOpen()
    const lost = [1, 2, 3, 4].map(() => it.admit(1_000, () => 0)!)
    expect(it.admit(1_999, () => 0)).toBeUndefined()
    expect([1, 2, 3, 4, 5].filter(() => it.admit(2_000, () => 0) !== undefined)).toHaveLength(4)
    // They count when they end after all.
    it.judge(lost[0]!, true, false, 2_001, random)
    it.judge(lost[1]!, true, false, 2_001, random)
    expect(it.state.kind).toBe('open')
  })

  it('forgets earlier openings when it has been closed for twice as long as the window or the last opening', () => {
    const { it, changes } = halfOpen()
    send(it, 1_000, 8)
    send(it, 2_999, 10, FAILED)
    expect(changes.at(-1)).toMatchObject({ kind: 'open', openings: 2 })
    send(it, 5_000, 8)
    send(it, 9_000, 10, FAILED)
    expect(changes.at(-1)).toMatchObject({ kind: 'open', openings: 1 })
  })
})
