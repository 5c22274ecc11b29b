import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../core/clock.ts'
import { log } from '../../core/log.ts'
import { traceContext } from '../../core/trace-context.ts'
import { exchange } from '../../testing/exchange.ts'
import { run } from '../../testing/run.ts'
import { metrics } from '../metrics.ts'
import type { Family } from './family.ts'
import { Histograms } from './histograms.ts'
import { Readings } from './readings.ts'
import { TextExposition } from './text-exposition.ts'

const OPEN = 'application/openmetrics-text'

/** Time goes on when it is told to, turn by turn. */
class TurnClock implements Clock {
  readonly due: (() => void)[] = []
  now = () => 0
  wallTime = () => 0
  setTimeout(callback: () => void, ms: number) {
    expect(ms).toBe(0)
    this.due.push(callback)
    return { refresh: () => {}, clear: () => {} }
  }
}

function exposition(families: readonly Family[], registry = new Registry(), clock: Clock = new TurnClock()) {
  return new TextExposition(() => ({ families, clock, sweep: () => {} }), registry)
}

async function textOf(it: TextExposition, accept?: string): Promise<string> {
  let text = ''
  for await (const piece of it.expose(accept).pieces) text += piece
  return text
}

function manyHistograms(count: number): Histograms {
  const histograms = new Histograms(
    { name: 'd_seconds', help: 'h', labels: ['route'] },
    10_000,
    Array.from({ length: 14 }, (_, i) => i + 1),
  )
  for (let i = 0; i < count; i++) histograms.of(`/r${i}`).observe(1)
  return histograms
}

/** Lines, and labels within them, in an order of their own. */
function anyOrder(text: string): string[] {
  const sorted = (labels: string) => (labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? []).toSorted().join()
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => line.replace(/\{.*\}/, sorted)).toSorted()
}

describe('TextExposition', () => {
  it('writes 2 000 histograms in pieces of 500 lines, and leaves the event loop a turn after each', async () => {
    const clock = new TurnClock()
    const { pieces } = exposition([manyHistograms(2_000)], undefined, clock).expose(undefined)
    const lines: number[] = []
    let turns = 0
    const iterator = pieces[Symbol.asyncIterator]()
    for (;;) {
      const next = iterator.next()
      // It waits for a turn of the event loop before it makes the next piece, and for nothing else.
      await new Promise(setImmediate)
      if (clock.due.length > 0) {
        turns++
        clock.due.shift()!()
      }
      const { value, done } = await next
      if (done === true) break
      lines.push(value.split('\n').length - 1)
    }
    const all = 1 + 1 + 2_000 * 17
    expect(lines.reduce((sum, it) => sum + it, 0)).toBe(all)
    expect(Math.max(...lines)).toBeLessThanOrEqual(501)
    expect(lines).toHaveLength(Math.ceil(all / 500))
    expect(turns).toBe(lines.length - 1)
  })

  it('makes nothing beforehand: who stops reading stops the work', async () => {
    let read = 0
    const late = new Readings({ type: 'gauge', name: 'g', help: 'h', labels: [] }, 10, (put) => put(++read))
    const { pieces } = exposition([manyHistograms(200), late]).expose(undefined)
    for await (const _ of pieces) break
    expect(read).toBe(0)
  })

  it.each([
    [undefined, 'text/plain; version=0.0.4; charset=utf-8'],
    ['*/*', 'text/plain; version=0.0.4; charset=utf-8'],
    ['text/plain', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
    ['application/openmetrics-text; version=0.0.1', 'text/plain; version=0.0.4; charset=utf-8'],
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4',
      'text/plain; version=0.0.4; charset=utf-8',
    ],
    ['application/openmetrics-text;q=0', 'text/plain; version=0.0.4; charset=utf-8'],
    [
      // Prometheus 2.42, and 3.
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,/;q=0.1',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ],
    ['"garbage,,;;', 'text/plain; version=0.0.4; charset=utf-8'],
  ])('answers Accept: %s with %s', (accept, contentType) => {
    expect(exposition([]).expose(accept).contentType).toBe(contentType)
  })

  it('adds up what two things of the same labels have, and never writes a series twice', async () => {
    const sums = new Readings({ type: 'gauge', name: 'a', help: 'h', labels: ['x'] }, 10, (put) => {
      put(1, 'same')
      put(2, 'same')
      put(5, 'other')
    })
    const least = new Readings(
      { type: 'gauge', name: 'b', help: 'h', labels: [], merge: Math.min },
      10,
      (put) => {
        put(1)
        put(0)
      },
    )
    expect(await textOf(exposition([sums, least]))).toBe(
      '# HELP a h\n# TYPE a gauge\na{x="same"} 3\na{x="other"} 5\n# HELP b h\n# TYPE b gauge\nb 0\n',
    )
  })

  it('leaves out values that have no room, and says so', async () => {
    const readings = new Readings({ type: 'gauge', name: 'a', help: 'h', labels: ['x'] }, 2, (put) => {
      for (let i = 0; i < 5; i++) put(i, String(i))
    })
    expect(await textOf(exposition([readings]))).toBe('# HELP a h\n# TYPE a gauge\na{x="0"} 0\na{x="1"} 1\n')
    expect(readings.overflowed).toBe(3)
  })

  it('has exemplars in OpenMetrics alone', async () => {
    const histograms = new Histograms({ name: 'd_seconds', help: 'h', labels: ['a'] }, 10, [0.1, 1])
    const one = histograms.of('x')
    one.observe(0.5)
    one.exemplify(0.5, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true }, 1_500)
    // More than the format allows.
    one.exemplify(5, { traceId: 'a'.repeat(200), spanId: 'b', sampled: true }, 1_500)
    const exemplar = ` # {trace_id="${'a'.repeat(32)}",span_id="${'b'.repeat(16)}"} 0.5 1.5`
    const lines = (suffix: string) =>
      [
        'd_seconds_bucket{a="x",le="0.1"} 0',
        `d_seconds_bucket{a="x",le="1"} 1${suffix}`,
        'd_seconds_bucket{a="x",le="+Inf"} 1',
        'd_seconds_sum{a="x"} 0.5',
        'd_seconds_count{a="x"} 1',
      ].join('\n')
    expect(await textOf(exposition([histograms]))).toContain(lines(''))
    expect(await textOf(exposition([histograms]), OPEN)).toContain(lines(exemplar))
  })

  it('writes the metrics that users have in the registry, as prom-client would', async () => {
    const registry = new Registry()
    registry.setDefaultLabels({ app: 'shop' })
    const registers = [registry]
    new Counter({ name: 'orders_total', help: 'Orders: \\ and\nmore', labelNames: ['kind'], registers }).inc({
      kind: 'a "quoted" one\\',
    })
    new Counter({ name: 'plain', help: 'h', registers }).inc(2)
    new Gauge({ name: 'depth', help: 'h', registers }).set(Number.POSITIVE_INFINITY)
    new Histogram({ name: 'size', help: 'h', labelNames: ['a'], buckets: [1, 2], registers }).observe(
      { a: 'x' },
      1.5,
    )
    new Summary({ name: 'age', help: 'h', percentiles: [0.5], registers }).observe(3)
    const ours = await textOf(exposition([], registry))
    expect(anyOrder(ours)).toEqual(anyOrder(await registry.metrics()))
    const open = await textOf(exposition([], registry), OPEN)
    expect(open).toContain(
      '# TYPE orders counter\norders_total{app="shop",kind="a \\"quoted\\" one\\\\"} 1\n',
    )
    expect(open).toContain('# TYPE plain counter\nplain_total{app="shop"} 2\n')
  })

  it('leaves out a metric of a user that throws, and tells of it', async () => {
    const told: string[] = []
    log.to = ({ message }) => told.push(message)
    try {
      const registry = new Registry()
      const collect = () => {
        throw new Error('no')
      }
      new Gauge({ name: 'broken', help: 'h', collect, registers: [registry] })
      new Gauge({ name: 'whole', help: 'h', registers: [registry] })
      expect(await textOf(exposition([], registry))).toBe('# HELP whole h\n# TYPE whole gauge\nwhole 0\n')
    } finally {
      log.to = ({ message, cause }) => console.error(`gatewright: ${message}`, cause)
    }
    expect(told).toEqual(['metrics: "broken" could not be read, and is left out'])
  })
})

describe('exemplars of metrics()', () => {
  it.each([
    [true, 1],
    [false, 0],
  ])('are of exchanges whose trace is kept: %s', async (sampled, count) => {
    const m = metrics()
    const at = exchange({ route: '/' })
    at.set(traceContext, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled })
    const ran = await run(m, at)
    await ran.finish()
    const answer = await run(m.handler, exchange({ headers: { Accept: OPEN } }))
    const text = await answer.response.body.text()
    expect(text.match(/# \{trace_id="a{32}",span_id="b{16}"\}/g) ?? []).toHaveLength(count)
  })
})
