import { describe, expect, test } from 'vitest'
import { SharingWorkers } from '../../../test/workers/sharing-workers.ts'
import type { Handler } from '../../core/handler.ts'
import { respond } from '../../core/message.ts'
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  circuitBreaker,
} from '../../filters/circuit-breaker.ts'
import type { CircuitState } from '../../filters/limiting/circuit.ts'
import { exchange, run, virtualClock } from '../../testing/index.ts'

const bad: Handler = () => respond(503)
const good: Handler = () => respond(200)

const OPTIONS: CircuitBreakerOptions = {
  minVolume: 5,
  openMs: '5s',
  jitter: 0,
  halfOpen: { ramp: [1], trials: 2 },
}

function crowd(size = 3, options: CircuitBreakerOptions = OPTIONS) {
  const clock = virtualClock()
  const all = new SharingWorkers(clock)
  const start = () => {
    const worker = all.start()
    const changes: string[] = []
    const onChange = ({ kind }: CircuitState) => changes.push(kind)
    const breaker = circuitBreaker({ ...options, onChange })
    const hold = worker.sharing.hold(() => [{ at: '/users', name: 'circuitBreaker', thing: breaker }])
    const send = async (count: number, handler: Handler) => {
      for (let i = 0; i < count; i++)
        await run(breaker, exchange({ clock }), handler).then(
          (done) => done.finish(),
          () => {},
        )
      await clock.advance(0)
    }
    return { worker, breaker, changes, hold, send }
  }
  const workers = Array.from({ length: size }, start)
  const kinds = () => workers.map(({ breaker }) => breaker.state.kind)
  return { clock, all, start, workers, kinds }
}

describe('circuits of several workers', () => {
  test('open within one message of the first, until the same moment', async () => {
    const { clock, workers, kinds } = crowd()
    await clock.advance(700)
    await workers[1]!.send(5, bad)
    const open = { kind: 'open', sinceMs: 700, untilMs: 5_700, openings: 1, reason: 'failures' }
    expect(workers.map(({ breaker }) => breaker.state)).toEqual([open, open, open])
    expect(workers.map(({ changes }) => changes)).toEqual([['open'], ['open'], ['open']])
    // Its links and what it had to tell; of the others their links alone.
    expect(workers.map(({ worker }) => worker.sent.length)).toEqual([1, 2, 1])
    await workers[0]!.send(1, good)
    expect(kinds()).toEqual(['open', 'open', 'open'])
  })

  test('go through a trial each, whose first verdict is for all', async () => {
    const { clock, workers, kinds } = crowd()
    await workers[0]!.send(5, bad)
    await clock.advance('5s')
    await workers[0]!.send(1, good)
    await workers[2]!.send(1, bad)
    expect(kinds()).toEqual(['open', 'open', 'open'])
    expect(workers.map(({ breaker }) => breaker.state.openings)).toEqual([2, 2, 2])
    await clock.advance('10s')
    await workers[1]!.send(1, good)
    expect(kinds()).toEqual(['open', 'half-open', 'open'])
    await workers[1]!.send(1, good)
    expect(kinds()).toEqual(['closed', 'closed', 'closed'])
    // A verdict that is none any more: the exchange began on the trial.
    expect(workers[0]!.changes).toEqual(['open', 'half-open', 'open', 'closed'])
  })

  test('do not follow what is older than what they know', async () => {
    const { clock, workers, kinds } = crowd(2)
    const [one, two] = workers as [(typeof workers)[0], (typeof workers)[0]]
    one.worker.deaf = true
    await one.send(5, bad)
    await two.send(5, bad)
    await clock.advance('5s')
    await two.send(2, good)
    expect(kinds()).toEqual(['open', 'closed'])
    one.worker.deaf = false
    await clock.advance(0)
    expect(kinds()).toEqual(['closed', 'closed'])
    expect(two.changes).toEqual(['open', 'half-open', 'closed'])
  })

  test('are told to one that comes later, and to no other', async () => {
    const { clock, start, workers } = crowd(2)
    const heard = () =>
      workers[1]!.worker.heard.filter((it) => (it as { kind: string }).kind === 'told').length
    await workers[0]!.send(5, bad)
    const late = start()
    await clock.advance(0)
    expect(late.breaker.state).toMatchObject({ kind: 'open', untilMs: 5_000 })
    expect(heard()).toBe(1)
    expect(late.worker.heard.map((it) => (it as { kind: string }).kind)).toEqual(['told', 'told'])
  })

  test('are told to one that comes during the trial, and to one that comes after it', async () => {
    const { clock, start, workers } = crowd(1)
    await workers[0]!.send(5, bad)
    await clock.advance('5s')
    await workers[0]!.send(1, good)
    const during = start()
    await clock.advance(0)
    expect(during.breaker.state).toMatchObject({ kind: 'open', untilMs: 5_000 })
    await during.send(2, good)
    expect(workers[0]!.breaker.state.kind).toBe('closed')
    const after = start()
    await clock.advance(0)
    expect(after.changes).toEqual([])
    // It is as new as the others: what it finds, they follow.
    await after.send(5, bad)
    expect(workers[0]!.breaker.state.kind).toBe('open')
  })

  test('stay open for no longer than their own settings say, whatever they are told', async () => {
    const { clock, workers } = crowd(2, { ...OPTIONS, maxOpenMs: '20s' })
    const far = clock.wallTime() + 1e12
    const news = { version: 1, openings: 1, openUntilMs: far, reason: 'failures' }
    for (const message of [
      null,
      'open',
      { ...news, version: 'x' },
      { ...news, openings: -1 },
      { ...news, openUntilMs: Number.NaN },
      { ...news, reason: 'whim' },
    ])
      workers[0]!.worker.say({ kind: 'tell', link: 0, to: undefined, message })
    await clock.advance(0)
    expect(workers[1]!.breaker.state.kind).toBe('closed')
    workers[0]!.worker.say({ kind: 'tell', link: 0, to: undefined, message: news })
    await clock.advance(0)
    expect(workers[1]!.breaker.state).toMatchObject({ kind: 'open', untilMs: 20_000 })
  })

  test('are by themselves when they have left, or nobody passes anything on', async () => {
    const { clock, workers, kinds, all } = crowd(3)
    workers[2]!.hold.release()
    workers[1]!.worker.end()
    await clock.advance(0)
    expect(all.states.links).toBe(1)
    await workers[0]!.send(5, bad)
    expect(kinds()).toEqual(['open', 'closed', 'closed'])
    const { sent } = workers[2]!.worker
    const before = sent.length
    await workers[1]!.send(5, bad)
    await workers[2]!.send(5, bad)
    expect(sent).toHaveLength(before)
    expect(kinds()).toEqual(['open', 'open', 'open'])
  })
})

test('a circuit that no other process has tells nobody', async () => {
  const breaker: CircuitBreaker = circuitBreaker(OPTIONS)
  for (let i = 0; i < 5; i++) await run(breaker, exchange(), bad).then((done) => done.finish())
  expect(breaker.state.kind).toBe('open')
})
